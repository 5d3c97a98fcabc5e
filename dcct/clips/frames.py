"""The frame store: a set's original image bytes in one file, with an index that finds any frame of
any tracklet.

frames.bin is the images' bytes end to end, in the order of the list of verified frames;
index.parquet holds each frame's offset and length. One big file is copied, digested and versioned
at disk speed, and a random clip costs T reads without opening T files (benchmarks/stores.py
compares it with other formats). Small sets can also keep pixels-HxW-METHOD.bin: the same frames
decoded and resized, uint8 (frames, height, width, 3).
"""

import contextlib
import hashlib
import math
import os
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from PIL import Image

from dcct.config.profile import Clips, Resize
from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.listing import listed_lengths, read_listing
from dcct.datasets.manifest import LISTING, read_manifest, write_parquet
from dcct.datasets.parquet import read_parquet
from dcct.errors import DataError
from dcct.files import atomic, cannot_write, file_digest
from dcct.pipeline.step import pixels_file, pixels_files
from dcct.runtime.progress import Progress

INDEX = pa.schema([("offset", pa.int64()), ("length", pa.int32())])
Listed = tuple[str, int, bytes]
"""A frame's path, length and MD5."""
SYNC_EVERY = 256 << 20
"""Bytes after which what was packed is forced to the disk."""


def pack(
    listing: Path, root: Path, folder: Path, work: Path, clips: Clips, progress: Progress
) -> None:
    """Copy every listed frame from the data set at `root` into a frame store, going on where an
    earlier try stopped.

    work: where the unfinished file is kept. Raises DataError at a frame that is not the one that
    was verified, DcctError when the disk is full; what was packed stays in `work`.
    """
    lengths = listed_lengths(listing)
    for stale in folder.glob("pixels-*.bin"):
        stale.unlink()
    _pack_bytes(listing, len(lengths), root, folder / "frames.bin", work, progress)
    digest = file_digest(listing)
    offsets = np.cumsum(lengths, dtype=np.int64) - lengths
    index = pa.table([offsets, lengths], schema=INDEX).replace_schema_metadata({LISTING: digest})
    write_parquet(folder / "index.parquet", index, dictionary=False)
    if clips.decoded:
        frames = progress.track(_listed(listing), len(lengths), "frames decoded")
        _pack_pixels((name for name, *_ in frames), root, folder, clips)


def _pack_pixels(names: Iterable[str], root: Path, folder: Path, clips: Clips) -> None:
    """Decode each frame once and write it resized in every way that the profile asks for."""
    with contextlib.ExitStack() as stack:
        stores = {}
        for path, method in pixels_files(clips).items():
            temporary = stack.enter_context(atomic(folder / path))
            stores[method] = stack.enter_context(open(temporary, "wb"))
        for name in names:
            pixels = decode(read_image_bytes(root / name), str(root / name))
            for method, store in stores.items():
                store.write(resized(pixels, clips.height, clips.width, method).tobytes())


def resized(pixels: np.ndarray, height: int, width: int, method: Resize) -> np.ndarray:
    """An image at the size that is asked for, by Pillow's method: uint8 (height, width, 3)."""
    if pixels.shape[:2] == (height, width):
        return pixels
    resampling = Image.Resampling[method.upper()]
    return np.asarray(Image.fromarray(pixels).resize((width, height), resampling))


class FrameStore:
    """Read-only random access to packed frames. Safe under fork and spawn: each process opens the
    file itself."""

    def __init__(self, folder: Path, manifest: Path):
        self.folder, self.path = folder, folder / "frames.bin"
        index = read_parquet(folder / "index.parquet", "dcct pack", INDEX)
        tracklets = read_manifest(manifest)
        if (index.schema.metadata or {}).get(LISTING) != tracklets.schema.metadata.get(LISTING):
            raise DataError(
                f"{folder}: packed from other data than {manifest} lists: run `dcct pack` again"
            )
        self.offsets, self.lengths = index["offset"].to_numpy(), index["length"].to_numpy()
        self.first_frames = tracklets["first_frame"].to_numpy()
        self._file: BinaryIO | None = None
        self._process: int | None = None

    def read(
        self,
        tracklet: int,
        positions: np.ndarray,
        height: int,
        width: int,
        method: Resize = "bicubic",
    ) -> np.ndarray:
        """Frames at `positions` (T,) of a tracklet, resized: uint8 (T, height, width, 3)."""
        frames = self.first_frames[tracklet] + positions
        pixels = self._pixels(height, width, method)
        if pixels is not None:
            return pixels[frames]
        clip = np.empty((len(frames), height, width, 3), np.uint8)
        for place, frame in enumerate(frames.tolist()):
            pixels = decode(self._bytes(frame), f"{self.path}: frame {frame}")
            clip[place] = resized(pixels, height, width, method)
        return clip

    def __getstate__(self) -> dict:
        """What a spawned worker gets: everything but the open file."""
        return self.__dict__ | {"_file": None, "_process": None}

    @cache  # noqa: B019 - a store lives as long as its process
    def _pixels(self, height: int, width: int, method: Resize) -> np.ndarray | None:
        path = self.folder / pixels_file(height, width, method)
        shape = len(self.lengths), height, width, 3
        if not path.exists():
            return None
        if path.stat().st_size != math.prod(shape):
            raise DataError(
                f"{path}: holds other frames than its index: delete the folder and run `dcct pack`"
                " again"
            )
        return np.memmap(path, np.uint8, "r", shape=shape)

    def _bytes(self, frame: int) -> bytes:
        if self._file is None or self._process != os.getpid():
            self._file, self._process = open(self.path, "rb"), os.getpid()
        length = int(self.lengths[frame])
        content = os.pread(self._file.fileno(), length, int(self.offsets[frame]))
        if len(content) != length:
            raise DataError(
                f"{self.path}: frame {frame} is cut off: delete the folder and run `dcct pack`"
                " again"
            )
        return content


def _pack_bytes(
    listing: Path, total: int, root: Path, path: Path, work: Path, progress: Progress
) -> None:
    """Write frames.bin through work/<digest of the list>.partial, which outlives a kill and a full
    disk."""
    partial = work / f"{file_digest(listing)[:16]}.partial"
    try:
        work.mkdir(parents=True, exist_ok=True)
        for other in set(work.iterdir()) - {partial}:
            other.unlink()
        with open(partial, "r+b" if partial.exists() else "w+b") as store:
            _fill(store, progress.track(_listed(listing), total, "frames packed"), root)
            store.flush()
            os.fsync(store.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(path)
        work.rmdir()
    except OSError as error:
        raise cannot_write(partial, error) from error


def _fill(store: BinaryIO, frames: Iterable[Listed], root: Path) -> None:
    """Keep what an earlier try packed, as far as its digests are right; append the rest."""
    frames, rest, kept, unsynced = iter(frames), [], 0, 0
    for name, length, md5 in frames:
        if _md5(store.read(length)) != md5:
            rest = [(name, length, md5)]
            break
        kept += length
    store.seek(kept)
    store.truncate()
    for name, _, md5 in chain(rest, frames):
        content = read_image_bytes(root / name)
        if _md5(content) != md5:
            raise DataError(
                f"{root / name}: has changed since it was verified: run `dcct verify` again"
            )
        unsynced += store.write(content)
        if unsynced >= SYNC_EVERY:
            store.flush()
            os.fsync(store.fileno())
            unsynced = 0


def _listed(listing: Path) -> Iterator[Listed]:
    for batch in read_listing(listing, ["path", "bytes", "md5"]):
        yield from zip(*(batch[name].to_pylist() for name in ("path", "bytes", "md5")), strict=True)


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()
