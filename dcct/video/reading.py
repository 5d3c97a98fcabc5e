"""Frames of a video, or of a folder of pictures, one after the other and numbered from 1.

Frames are decoded in order and counted: never sought by time, which hits another frame where the
frame rate varies or frames refer to later ones. As OpenCV shows them, and so most trackers: upright
where the file says that the camera was turned, in pixels as they are stored.
"""

import contextlib
import itertools
import re
import shlex
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dcct.datasets.folders import entries_in, in_order, is_image
from dcct.datasets.images import decode, read_image_bytes
from dcct.errors import DataError, DcctError

if TYPE_CHECKING:
    from av import VideoFrame, VideoStream
    from av.container import InputContainer

FORMATS = "mov,matroska,avi,mpegts,mpeg,asf,flv,ogg,mxf,m4v,h264,hevc,mjpeg"
"""Containers that hold pictures themselves. Others, such as playlists, name further files."""
MOST_PIXELS = 1 << 26
"""Of a frame: 8192 × 8192."""
NUMBER = re.compile(r"(\d+)\D*$")
"""The last number of a name."""

Picture = Callable[[], np.ndarray]
"""A frame that is turned into pixels, uint8 (H,W,3), only when somebody wants them."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A video, or a folder of pictures, to be read once."""

    path: Path
    height: int
    """Of every frame, upright, in pixels."""
    width: int
    turned: int
    """Quarter turns to the left by which frames are set upright."""
    _pictures: Iterator[Picture]

    def frames(self, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield number and pixels, uint8 (H,W,3), of some frames, whose numbers increase.

        Raises DataError at a frame that is not there, cannot be decoded or is of another size.
        """
        passed, picture = 0, None
        for number in wanted:
            while passed < number:
                picture = next(self._pictures, None)
                if picture is None:
                    raise DataError(
                        f"{self.path}: has {passed:,} frames, and a box is in frame {number:,}:"
                        " name the video that the tracker saw, whole"
                    )
                passed += 1
            assert picture is not None  # numbers begin at 1
            yield number, picture()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a video or a folder of pictures.

    Raises DataError at what is neither, or holds no frame.
    """
    if path.is_dir():
        yield _folder(path)
        return
    with contextlib.ExitStack() as stack:
        yield _video(path, stack)


def _folder(folder: Path) -> Source:
    """Pictures whose names end with 1, 2, … in any number of digits."""
    found = in_order(folder, [one.name for one in entries_in(folder) if is_image(one.name)])
    numbers = [int(match[1]) for name in found if (match := NUMBER.search(Path(name).stem))]
    if not found:
        raise DataError(
            f"{folder}: holds neither JPEG nor PNG pictures: name a video or its frames"
        )
    if numbers != list(range(1, len(found) + 1)):
        raise DataError(
            f"{folder}: {found[0]} to {found[-1]} are not numbered 1 to {len(found):,}, and which"
            " is the tracker's frame 1 would be a guess: rename them"
        )
    paths = [folder / name for name in found]
    height, width, _ = _picture(paths[0]).shape
    pictures = (partial(_picture, path, (height, width)) for path in paths)
    return Source(path=folder, height=height, width=width, turned=0, _pictures=pictures)


def _picture(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    pixels = decode(read_image_bytes(path), str(path))
    if size and pixels.shape[:2] != size:
        raise _other_size(path, pixels.shape[:2], size)
    return pixels


def _other_size(where: object, size: tuple[int, ...], first: tuple[int, int]) -> DataError:
    return DataError(
        f"{where}: {size[1]} × {size[0]} pixels, where the first frame has {first[1]} × {first[0]}:"
        " boxes would be elsewhere: leave out what is of another size"
    )


def _video(path: Path, stack: contextlib.ExitStack) -> Source:
    container = _container(path, stack)
    frames = _decoded(path, container, _stream(path, container))
    first = next(frames, None)
    if first is None:
        raise DataError(f"{path}: holds no frame that can be decoded: name another video")
    turned, size = _turned(path, first), (first.height, first.width)
    height, width = size[::-1] if turned % 2 else size
    pictures = _pictures(path, itertools.chain([first], frames), turned, size)
    return Source(path=path, height=height, width=width, turned=turned, _pictures=pictures)


def _pictures(
    path: Path, frames: Iterable["VideoFrame"], turned: int, size: tuple[int, int]
) -> Iterator[Picture]:
    for number, frame in enumerate(frames, 1):
        if (frame.height, frame.width) != size:
            other = frame.height, frame.width
            raise _other_size(f"{path}: frame {number:,}", other, size)
        yield partial(_upright, frame, turned)


def _upright(frame: "VideoFrame", turned: int) -> np.ndarray:
    return np.rot90(frame.to_ndarray(format="rgb24"), turned)


def _container(path: Path, stack: contextlib.ExitStack) -> "InputContainer":
    """Open a file as a file, whatever FFmpeg would read its name as."""
    av = pyav()
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise DataError(f"{path}: is neither a file nor a folder: name a video")
        file = stack.enter_context(open(path, "rb"))
        options = {"format_whitelist": FORMATS}
        # titles may be of any encoding: PyAV 19 takes them as they are, and no such word any more
        lenient = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "ignore"}
        return stack.enter_context(av.open(file, options=options, **lenient))
    except FileNotFoundError:
        raise DataError(f"{path}: missing: name a video, or a folder of frames") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as a video, such as MP4, MKV or AVI ({_why(error)}): name"
            " another, or a folder of its frames"
        ) from None


def _stream(path: Path, container: "InputContainer") -> "VideoStream":
    """The one stream of frames; pictures of an album's cover are none."""
    cover = pyav().stream.Disposition.attached_pic
    found = [one for one in container.streams.video if not one.disposition & cover]
    if not found:
        raise DataError(f"{path}: holds no moving pictures: name a video")
    if len(found) > 1:
        raise DataError(
            f"{path}: holds {len(found)} videos: keep the one that the tracker saw: `ffmpeg -i"
            f" {shlex.quote(str(path))} -map 0:v:0 -c copy first.mkv`"
        )
    if found[0].codec_context is None:
        raise DataError(
            f"{path}: says nothing of how its pictures are coded, or a way that FFmpeg does not"
            " know: repair it, or name another"
        )
    found[0].thread_type = "AUTO"
    # what a decoder conceals would be cut out as if a camera had seen it
    found[0].codec_context.options = {"err_detect": "explode", "max_pixels": str(MOST_PIXELS)}
    return found[0]


def _decoded(
    path: Path, container: "InputContainer", stream: "VideoStream"
) -> Iterator["VideoFrame"]:
    """Every frame in the order in which it is shown. Raises DataError where the file is damaged."""
    av, word, number = pyav(), shlex.quote(str(path)), 0
    try:
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise ValueError("a part is missing")
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise ValueError("a part of a frame is missing")
                number += 1
                yield frame
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DataError(
            f"{path}: damaged or cut off after frame {number:,} ({_why(error)}): repair it, `ffmpeg"
            f" -i {word} -c:v libx264 repaired.mp4`, and run the tracker on that"
        ) from None


def _turned(path: Path, frame: "VideoFrame") -> int:
    """Quarter turns to the left that set a frame upright, as the file's display matrix says."""
    turned, askew = divmod(frame.rotation, 90)
    if askew:
        raise DataError(
            f"{path}: is to be shown turned by {frame.rotation}°, which no two programs do alike:"
            f" run the tracker on a plain copy: `ffmpeg -i {shlex.quote(str(path))} plain.mp4`"
        )
    return turned % 4


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def pyav() -> Any:
    """The library that reads and writes videos. Raises DcctError where it is not installed."""
    try:
        import av
    except ImportError:
        raise DcctError(
            "videos need PyAV, which is not installed: `python -m pip install av`, or name a folder"
            " of frames"
        ) from None
    return av
