"""The frame store: a set's original image bytes in one file, with an index that finds any frame of any tracklet.

frames.bin is the images' bytes end to end, in manifest order; index.parquet holds each frame's offset and length. One
big file is copied, digested and versioned at disk speed, and a random clip costs T reads without opening T files. Small
sets can also keep pixels-HxW.bin: the same frames decoded and resized, uint8 (frames, height, width, 3).
"""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from dcct.config.profile import Clips
from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.manifest import read_manifest, write_parquet
from dcct.errors import DataError
from dcct.paths import pixels_file
from dcct.progress import Progress
from dcct.receipt import atomic

INDEX = pa.schema([("offset", pa.int64()), ("length", pa.int32())])


def pack(manifest: Path, root: Path, folder: Path, clips: Clips, progress: Progress) -> None:
    """Copy every frame that the manifest names from the data set at `root` into a frame store."""
    paths = pq.read_table(manifest / "frames.parquet")["path"].to_pylist()
    lengths = []
    for stale in folder.glob("pixels-*.bin"):
        stale.unlink()
    with atomic(folder / "frames.bin") as temporary, open(temporary, "wb") as store:
        for path in progress.track(paths, len(paths), "frames packed"):
            lengths.append(store.write(read_image_bytes(root / path)))
    offsets = np.concatenate([[0], np.cumsum(lengths[:-1])]).astype(np.int64)
    write_parquet(folder / "index.parquet", pa.table([offsets, np.array(lengths, np.int32)], schema=INDEX))
    if clips.decoded:
        pixels = pixels_file(folder, clips.height, clips.width)
        with atomic(pixels) as temporary, open(temporary, "wb") as store:
            for path in progress.track(paths, len(paths), "frames decoded"):
                image = decode(read_image_bytes(root / path), str(root / path))
                store.write(resized(image, clips.height, clips.width).tobytes())


def resized(image: Image.Image, height: int, width: int) -> np.ndarray:
    """An image at the size that is asked for (bicubic): uint8 (height, width, 3)."""
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


class FrameStore:
    """Read-only random access to packed frames. Safe under fork and spawn: each process opens the file itself."""

    def __init__(self, folder: Path, manifest: Path):
        self.folder, self.path = folder, folder / "frames.bin"
        index = pq.read_table(folder / "index.parquet")
        self.offsets, self.lengths = index["offset"].to_numpy(), index["length"].to_numpy()
        self.first_frames = read_manifest(manifest)["first_frame"].to_numpy()
        self._file, self._process = None, None

    def read(self, tracklet: int, positions: np.ndarray, height: int, width: int) -> np.ndarray:
        """Frames at `positions` (T,) of a tracklet, resized bicubically: uint8 (T, height, width, 3)."""
        frames = self.first_frames[tracklet] + positions
        pixels = self._pixels(height, width)
        if pixels is not None:
            return pixels[frames]
        decoded = (decode(self._bytes(frame), f"{self.path}: frame {frame}") for frame in frames.tolist())
        return np.stack([resized(image, height, width) for image in decoded])

    @cache  # noqa: B019 - a store lives as long as its process
    def _pixels(self, height: int, width: int) -> np.ndarray | None:
        path = pixels_file(self.folder, height, width)
        return np.memmap(path, np.uint8, "r", shape=(len(self.lengths), height, width, 3)) if path.exists() else None

    def _bytes(self, frame: int) -> bytes:
        if self._process != os.getpid():
            self._file, self._process = open(self.path, "rb"), os.getpid()
        length = int(self.lengths[frame])
        content = os.pread(self._file.fileno(), length, int(self.offsets[frame]))
        if len(content) != length:
            raise DataError(f"{self.path}: frame {frame} is cut off: delete the folder and run `dcct pack` again")
        return content
