"""Features of tracklets that nobody has labelled, from folders of their frames.

They are cut into shards, each of which becomes a file when it is whole: an interrupted run goes on
with the next one. A shard's name is a digest of all that decides it, so that only what has changed
is made again.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import Dataset

from dcct.clips.frames import resized
from dcct.clips.loader import need_shared_memory
from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.tracklet_folders import TrackletFolder, found_in
from dcct.errors import DataError
from dcct.evaluation.embedded import embedded_table, maker_of, read_embedded, write_embedded
from dcct.files import file_digest, settings_digest
from dcct.inference.means import ClipOfGroup
from dcct.inference.model import Model, clips_of, load
from dcct.runtime.lock import only_one
from dcct.runtime.progress import Progress

SHARD_CLIPS = 1024
"""A shard ends with the tracklet that brings it to so many clips: at full size, its features take
132 MB while they are summed."""
WORKERS_OF_A_GPU = 8
"""Processes that decode frames for one, if there are as many cores."""


@dataclass(frozen=True)
class Shard:
    """Some whole tracklets, and the positions (k,T) of each one's clips."""

    tracklets: list[TrackletFolder]
    clips: list[np.ndarray]

    def __len__(self) -> int:
        return sum(map(len, self.clips))

    @property
    def used(self) -> list[list[str]]:
        """Frames that are looked at, of each tracklet."""
        pairs = zip(self.tracklets, self.clips, strict=True)
        return [[one.frames[at] for at in np.unique(clips)] for one, clips in pairs]


class FolderClips(Dataset[ClipOfGroup]):
    """Clips of a shard, decoded and resized from their files."""

    def __init__(self, root: Path, shard: Shard, model: Model):
        self.root, self.seen = root, model.config.preprocessing
        self.items = [
            (number, [tracklet.frames[at] for at in positions])
            for number, tracklet in enumerate(shard.tracklets)
            for positions in shard.clips[number]
        ]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> ClipOfGroup:
        number, frames = self.items[index]
        seen = self.seen
        clip = np.empty((len(frames), seen.height, seen.width, 3), np.uint8)
        for place, frame in enumerate(frames):
            pixels = decode(read_image_bytes(self.root / frame), str(self.root / frame))
            clip[place] = resized(pixels, seen.height, seen.width, seen.interpolation)
        return torch.from_numpy(clip), number


def embed(
    model: Model | str | os.PathLike,
    folder: str | os.PathLike,
    out: str | os.PathLike | None = None,
    *,
    sampler: str = "begin",
    progress: Progress | None = None,
) -> pa.Table:
    """Every feature set of all tracklets in `folder/<camera>/<tracklet>/*.jpg|png`, a row each: the
    table of evaluation/embedded.py.

    model: a model, or what `load` takes. folder: that of all cameras, of one, or of one tracklet.
    out: a parquet file; an interrupted call with it goes on where it was. sampler: `begin` (one
    clip a tracklet) or `dense` (all of it). Raises DcctError at the first frame, folder or model
    that is not as it should be.
    """
    if out is not None:
        embed_to(model, folder, Path(out), sampler=sampler, progress=progress)
        return read_embedded(Path(out))
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "embedded.parquet"
        return embed(model, folder, path, sampler=sampler, progress=progress)


def embed_to(
    model: Model | str | os.PathLike,
    folder: str | os.PathLike,
    out: Path,
    *,
    sampler: str = "begin",
    progress: Progress | None = None,
) -> int:
    """As `embed`, with memory for one shard; return the number of tracklets."""
    root, tracklets = found_in(folder)
    embed_tracklets(_opened(model), root, tracklets, out, sampler, progress or Progress())
    return len(tracklets)


def embed_tracklets(
    model: Model,
    root: Path,
    tracklets: Sequence[TrackletFolder],
    out: Path,
    sampler: str,
    progress: Progress,
) -> None:
    """Write the features of these tracklets, unless they are there."""
    if out.suffix != ".parquet":
        raise DataError(f"{out}: is no name of a parquet file: end it in .parquet")
    shards = list(_shards(tracklets, sampler, model))
    work = out.with_name(f".{out.name}.work")  # hidden: `out` may lie among the tracklets
    made_by = {
        "model": model.config.name,
        "dcct": model.config.dcct,
        "sampler": sampler,
        "weights": "-".join(model.config.weights.values()),
        "config": settings_digest(model.config.to_json()),
    }
    digests = [_digest(root, shard, made_by) for shard in shards]
    whole = {**made_by, "shards": settings_digest({"digests": digests})}
    if _is_there(out, whole, progress):
        return
    with only_one(work, progress.say) as waited:
        if waited and _is_there(out, whole, progress):
            shutil.rmtree(work, ignore_errors=True)
            return
        paths = [work / f"{digest}.parquet" for digest in digests]
        missing = [number for number, path in enumerate(paths) if not path.is_file()]
        if len(missing) < len(shards):
            progress.say(f"going on after {len(shards) - len(missing)} of {len(shards)} shards")
        advance = progress.counter(sum(len(shards[number]) for number in missing), "clips")
        for number in missing:
            table = _table(root, shards[number], model, advance)
            write_embedded(paths[number], [table], made_by)
        write_embedded(out, map(read_embedded, paths), whole)
        shutil.rmtree(work, ignore_errors=True)


def _is_there(out: Path, made_by: Mapping[str, str], progress: Progress) -> bool:
    found = out.is_file() and maker_of(out) == made_by
    if found:
        progress.say(f"{out}: is there already, of these frames by this model")
    return found


def _opened(model: Model | str | os.PathLike) -> Model:
    return model if isinstance(model, Model) else load(model)


def _shards(tracklets: Iterable[TrackletFolder], sampler: str, model: Model) -> Iterator[Shard]:
    shard = Shard([], [])
    for tracklet in tracklets:
        shard.tracklets.append(tracklet)
        shard.clips.append(clips_of(sampler, len(tracklet.frames), model.config.clip_length))
        if len(shard) >= SHARD_CLIPS:
            yield shard
            shard = Shard([], [])
    if shard.tracklets:
        yield shard


def _table(root: Path, shard: Shard, model: Model, advance: Callable[[int], None]) -> pa.Table:
    groups = [number for number, clips in enumerate(shard.clips) for _ in clips]
    on_gpu, cores = model.device.type == "cuda", len(os.sched_getaffinity(0))
    workers = min(WORKERS_OF_A_GPU, cores) if on_gpu else 0
    if workers:
        need_shared_memory(model.config.clips, workers, min(model.batch, len(groups)))
    dataset = FolderClips(root, shard, model)
    features = model.means(dataset, groups, workers, advance)
    return embedded_table(shard.tracklets, shard.used, features)


def _digest(root: Path, shard: Shard, made_by: dict[str, str]) -> str:
    """Of the model, how clips are drawn, and the frames that are used: names and contents."""
    used = [(name, file_digest(root / name)) for names in shard.used for name in names]
    return settings_digest({**made_by, "used": used, "whole": [len(c) for c in shard.clips]})
