"""People cut out of a video by a tracker's boxes: a folder of pictures for each tracklet.

`camera/tracklet/frame.jpg`, where a tracklet is named by the tracker's id and its first frame,
`0007-000123`. Beside the tracklets lie tracks.csv, the boxes that were cut, and crop.json, which
says of what, with which limits, and what was dropped.
"""

import hashlib
import os
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import simplejpeg

from dcct.errors import DataError
from dcct.files import file_digest, whole_folder, write_json
from dcct.runtime.progress import Progress
from dcct.video.boxes import BOXES, write_boxes
from dcct.video.reading import Source, opened
from dcct.video.tracks import Tracks, read_tracks

QUALITY = 95
"""Of the JPEG pictures, whose colours keep their full resolution."""
RECEIPT = "crop.json"
SCHEMA = 1
EDGES = ["left", "top", "right", "bottom"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is not worth cutting out, and what is no longer one tracklet."""

    least_height: int = 32
    """Pixels of a box, within the picture. Smaller boxes are dropped."""
    least_width: int = 12
    least_frames: int = 8
    """Of a tracklet. Shorter ones are dropped."""
    largest_gap: int = 30
    """Frames without a box after which an id that returns begins a new tracklet."""


def crop(
    video: str | os.PathLike,
    tracks: str | os.PathLike,
    folder: str | os.PathLike,
    limits: Limits = Limits(),  # it is frozen
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cut the tracklets of a camera out of a video or a folder of frames, into `folder`, which is
    named as the camera and appears when it is complete. Returns them: tracklet, id, first, last,
    frames.

    Memory does not grow with the video. Raises DataError naming what cannot be read, and DcctError
    where `folder` is there already.
    """
    video, tracks, folder = Path(video), Path(tracks), Path(folder)
    progress = progress or Progress()
    with whole_folder(folder) as temporary, opened(video) as source:
        found = read_tracks(tracks)
        if source.turned:
            progress.say(f"{video}: set upright by {90 * source.turned}° to the left, as it says")
        boxes, dropped = _in_picture(found, source, limits)
        boxes, short = _parted(boxes, limits)
        if boxes.empty:
            raise DataError(
                f"{tracks}: no tracklet is left: {_said(dropped, short)}: lower --least-frames,"
                " --least-height or --least-width"
            )
        _write_pictures(source, found, boxes, temporary, progress)
        listed = _listed(boxes)
        write_boxes(temporary / BOXES, boxes)
        receipt = {
            "schema": SCHEMA,
            "video": {"path": str(video), "sha256": _digest(video)},
            "tracks": {"path": str(tracks), "sha256": _digest(tracks)},
            "picture": {"height": source.height, "width": source.width, "turned": source.turned},
            "jpeg_quality": QUALITY,
            "limits": asdict(limits),
            "dropped": {"boxes": dropped, "short": _listed(short).to_dict("records")},
            "tracklets": listed.to_dict("records"),
        }
        write_json(temporary / RECEIPT, receipt)
    progress.say(f"{folder}: {len(listed):,} tracklets; dropped: {_said(dropped, short)}")
    return listed


def _in_picture(
    tracks: Tracks, source: Source, limits: Limits
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Boxes with their EDGES in whole pixels, clipped to the picture; and why others are not among
    them → how many."""
    boxes = tracks.in_pixels(source.height, source.width)
    across = boxes["x"], boxes["x"] + boxes["width"]
    down = boxes["y"], boxes["y"] + boxes["height"]
    left, right = (edge.round().clip(0, source.width).astype(int) for edge in across)
    top, bottom = (edge.round().clip(0, source.height).astype(int) for edge in down)
    outside = (right <= left) | (bottom <= top)
    small = (right - left < limits.least_width) | (bottom - top < limits.least_height)
    boxes = boxes.assign(left=left, top=top, right=right, bottom=bottom)
    dropped = {
        **tracks.left_out,
        "outside": int(outside.sum()),
        "small": int((small & ~outside).sum()),
    }
    return boxes[~(small | outside)], {why: number for why, number in dropped.items() if number}


def _parted(boxes: pd.DataFrame, limits: Limits) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Boxes of tracklets that are long enough, with `tracklet`, and those of others."""
    boxes = boxes.sort_values(["id", "frame"])
    begins = (boxes["id"].diff() != 0) | (boxes["frame"].diff() > limits.largest_gap + 1)
    groups = boxes.groupby(begins.cumsum())["frame"]
    first, frames = groups.transform("first"), groups.transform("size")
    names = [f"{pid:04d}-{frame:06d}" for pid, frame in zip(boxes["id"], first, strict=True)]
    boxes = boxes.assign(tracklet=names)
    long = frames >= limits.least_frames
    return boxes[long], boxes[~long]


def _listed(boxes: pd.DataFrame) -> pd.DataFrame:
    """One row a tracklet: tracklet, id, first and last frame, and in how many frames it is."""
    parts = boxes.groupby("tracklet", sort=False)
    return parts.agg(
        id=("id", "first"),
        first=("frame", "min"),
        last=("frame", "max"),
        frames=("frame", "size"),
    ).reset_index()


def _write_pictures(
    source: Source, tracks: Tracks, boxes: pd.DataFrame, folder: Path, progress: Progress
) -> None:
    for name in boxes["tracklet"].unique():
        (folder / name).mkdir()
    cuts: dict[int, list[tuple]] = defaultdict(list)
    for frame, *cut in boxes[["frame", "tracklet", *EDGES]].itertuples(index=False):
        cuts[frame].append(tuple(cut))
    last, done = int(tracks.boxes["frame"].max()), 0
    advance = progress.counter(last, "frames")
    for number, pixels in source.frames(sorted({*cuts, last})):
        for name, left, top, right, bottom in cuts.get(number, ()):
            person = np.ascontiguousarray(pixels[top:bottom, left:right])
            encoded = simplejpeg.encode_jpeg(person, QUALITY, "RGB", "444")
            (folder / name / f"{number:06d}.jpg").write_bytes(encoded)
        advance(number - done)
        done = number


def _said(dropped: dict[str, int], short: pd.DataFrame) -> str:
    parts = [f"{number:,} boxes {why}" for why, number in dropped.items()]
    parts += [f"{short['tracklet'].nunique():,} short tracklets"] * (not short.empty)
    return ", ".join(parts) or "nothing"


def _digest(path: Path) -> str:
    """Of a file; of a folder, that of its files' names and digests."""
    if not path.is_dir():
        return file_digest(path)
    files = sorted(one for one in path.iterdir() if one.is_file())
    lines = [f"{file_digest(one)}  {one.name}\n" for one in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
