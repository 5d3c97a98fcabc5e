"""Features of all test tracklets: every feature set of a variant in one pass of its network, over
any of its clips.

Clips of many tracklets share a batch, however long each is. Tracklets are cut into shards, each of
which becomes a file when it is whole: an interrupted extraction goes on with the next one, and
processes (one GPU each) take shards in turn. Neither changes a byte: what a batch holds depends on
its shard alone.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from multiprocessing import active_children, get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import Dataset

from dcct.clips.frames import FrameStore
from dcct.clips.loader import need_shared_memory
from dcct.clips.sampling import CLIPS
from dcct.config.profile import Clips, Profile
from dcct.config.variant import Variant
from dcct.datasets.manifest import identities_in
from dcct.datasets.parquet import read_parquet
from dcct.errors import LostProcessError
from dcct.evaluation.features import feature_table, made_by, read_feature_table, write_features
from dcct.inference.means import Pass, mean_features
from dcct.models.checkpoint import load_model
from dcct.models.device import on_device, prepare_torch
from dcct.models.network import AnyNetwork, network_for
from dcct.runtime.progress import Progress
from dcct.runtime.signals import EndedError, end_with_parent, unheard

SHARD_CLIPS = 4096
"""A shard ends with the tracklet that brings it to so many clips."""
LOOK_EVERY_S = 1
Clip = dict
"""A row of the drawn test clips: sampler, tracklet, clip, positions."""


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What is extracted with what. trained_on: manifest of the set that the checkpoint was trained
    on, which may be another than the tracklets'. work: where finished shards wait for the others.
    digests: of the checkpoint."""

    variant: Variant
    profile: Profile
    samplers: tuple[str, ...]
    clips: Path
    frames: Path
    manifest: Path
    trained_on: Path
    checkpoint: Path
    work: Path
    digests: dict
    shard_clips: int = SHARD_CLIPS

    def shard(self, number: int) -> Path:
        return self.work / f"shard{number:05d}.parquet"


class TestClips(Dataset):
    """Drawn test clips. Item: uint8 clip (T,H,W,3), number of its (sampler, tracklet) group."""

    def __init__(self, rows: list[Clip], groups: list[int], store: FrameStore, clips: Clips):
        self.rows, self.groups, self.store, self.clips = rows, groups, store, clips

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        row = self.rows[index]
        clips, positions = self.clips, np.array(row["positions"])
        clip = self.store.read(
            row["tracklet"], positions, clips.height, clips.width, clips.test_resize
        )
        return torch.from_numpy(clip), self.groups[index]


def trained_model(
    variant: Variant, profile: Profile, trained_on: Path, checkpoint: Path
) -> AnyNetwork:
    """The variant's network with its checkpoint, on the CPU; a distilled backbone takes its part of
    a donor's.

    trained_on: manifest of the training set, which says how many identities the classifiers know.
    """
    model = network_for(variant, profile.network, profile.clips, identities_in(trained_on))
    prefixes = tuple(f"{part}{branch}." for branch in variant.branches for part in ("", "head_"))
    load_model(model, checkpoint, prefixes if variant.backbone_of else ("",))
    return model.eval()


def extract(job: Extraction, path: Path, progress: Progress) -> int:
    """Write the mean feature of each tracklet's clips, per sampler, as parquet; return the number
    of frames seen.

    The file is that of features.py. Shards that are in the work folder already are taken as they
    are. Raises LostProcessError when one of several processes is killed.
    """
    shards = _shards(job)
    missing = [number for number in range(len(shards)) if not job.shard(number).is_file()]
    if len(missing) < len(shards):
        progress.say(f"going on after {len(shards) - len(missing)} of {len(shards)} shards")
    advance = progress.counter(sum(len(shards[number]) for number in missing), "clips")
    processes = min(job.profile.training.processes, len(missing))
    if processes > 1:
        _in_processes(job, missing, processes, lambda number: advance(len(shards[number])))
    elif missing:
        extract_shards(job, missing, advance=advance)
    made = [job.shard(number) for number in range(len(shards))]
    write_features(
        path, pa.concat_tables([read_feature_table(shard) for shard in made]), made_by(made[0])
    )
    return sum(len(shard) for shard in shards) * job.profile.clips.length


@torch.inference_mode()
def extract_shards(
    job: Extraction,
    numbers: list[int],
    rank: int = 0,
    advance: Callable[[int], None] = lambda clips: None,
) -> None:
    """Write these shards, on the GPU of this rank where there are several."""
    profile, shards = job.profile, _shards(job)
    prepare_torch(profile.training, profile.evaluation.precision)
    if profile.training.device == "cuda":
        torch.cuda.set_device(rank)
    model = trained_model(job.variant, profile, job.trained_on, job.checkpoint)
    model, store = on_device(model, profile.training), FrameStore(job.frames, job.manifest)
    maker = {**_maker(model, profile), "digests": job.digests}
    for number in numbers:
        write_features(
            job.shard(number), _means(model, shards[number], store, profile, advance), maker
        )


def _means(
    model: AnyNetwork,
    clips: list[Clip],
    store: FrameStore,
    profile: Profile,
    advance: Callable[[int], None],
) -> pa.Table:
    """One row per sampler and tracklet: the mean of its clips' features, summed in float64."""
    keys = list(dict.fromkeys(map(_key, clips)))
    place = {key: number for number, key in enumerate(keys)}
    groups = [place[_key(row)] for row in clips]
    how = Pass(
        device=profile.training.device,
        precision=profile.evaluation.precision,
        batch=max(1, profile.evaluation.batch_frames // profile.clips.length),
        workers=profile.training.workers,
    )
    if how.workers:
        need_shared_memory(profile.clips, how.workers, min(how.batch, len(clips)))
    dataset = TestClips(clips, groups, store, profile.clips)
    return feature_table(keys, mean_features(model, dataset, groups, how, advance))


def _in_processes(
    job: Extraction, numbers: list[int], processes: int, done: Callable[[int], None]
) -> None:
    """Write shards in several processes, each on a GPU of its own; `done` is called with each one's
    number."""
    waiting = set(numbers)
    with unheard():
        pool = ProcessPoolExecutor(processes, get_context("spawn"), end_with_parent)
        running = {
            pool.submit(extract_shards, job, numbers[rank::processes], rank)
            for rank in range(processes)
        }
    with pool:
        try:
            while running:
                finished, running = wait(running, LOOK_EVERY_S)
                for number in [number for number in waiting if job.shard(number).is_file()]:
                    waiting.remove(number)
                    done(number)
                for one in finished:
                    one.result()
        except BrokenProcessPool:
            raise LostProcessError(
                "a process of this extraction is gone: run the same command to go on after the"
                " last whole shard"
            ) from None
        except EndedError:
            for process in active_children():  # they would go on to their last shard
                process.terminate()
            raise


def _clips(job: Extraction) -> list[Clip]:
    """Drawn clips of the samplers, those of a sampler's tracklet side by side."""
    drawn = read_parquet(job.clips, "dcct sample", CLIPS)
    rows = [row for row in drawn.to_pylist() if row["sampler"] in job.samplers]
    return sorted(rows, key=_key)


def _key(row: Clip) -> tuple[str, int]:
    return row["sampler"], row["tracklet"]


def _shards(job: Extraction) -> list[list[Clip]]:
    """Clips in runs of whole tracklets."""
    found: list[list[Clip]] = []
    for _, group in groupby(_clips(job), _key):
        if not found or len(found[-1]) >= job.shard_clips:
            found.append([])
        found[-1] += group
    return found


def _maker(model: AnyNetwork, profile: Profile) -> dict:
    on_gpu = profile.training.device == "cuda"
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "precision": profile.evaluation.precision,
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "versions": {name: version(name) for name in ("torch", "timm")},
    }
