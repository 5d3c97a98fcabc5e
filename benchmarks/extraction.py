"""Our extraction against the official program's test, over walkers, interleaved in one run.

    python benchmarks/extraction.py [--sizes embedded full] [--rounds 5]

Ours: every feature set in one pass; clips of many tracklets share a batch; frames from the frame
store; the finished feature file, with its digests, is part of the time. Plain, from the
specification, as a user of PyTorch would write the official program's test: the network runs over
the whole test set four times, once for each feature set; a batch is one tracklet's clips; frames
are opened, resized and normalised one by one with Pillow. Dense clips, the same number of threads,
the same network with its initial weights; both must give the same features to 1e-3 of their length.

Then `dcct embed` of the same tracklets as <camera>/<tracklet>/, whose frames are decoded and
resized from their files, against ours.

embedded  the default run's networks at 64×32, 200 tracklets of 16 frames, T = 4
full      ResNet-50 + ViT-B/16 at 256×128, a few tracklets of 16 frames, T = 8

Each line: medians over rounds, then the other way's time over ours within a round: median (min to
max).
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image

from dcct import walkers
from dcct.clips.frames import pack
from dcct.clips.sampling import write_test_clips
from dcct.clips.transforms import IMAGENET_MEAN, IMAGENET_STD
from dcct.config.dataset import Expected
from dcct.config.load import load_dataset, load_profile, load_variant
from dcct.config.profile import Clips, Profile
from dcct.datasets.manifest import identities_in, write_manifest
from dcct.datasets.mars import read_tracklets
from dcct.datasets.verify import verify
from dcct.evaluation.embedded import features_in
from dcct.evaluation.features import feature_sets
from dcct.files import file_digest
from dcct.inference.embedding import embed
from dcct.inference.extraction import Extraction, extract, trained_model
from dcct.inference.model import load
from dcct.models.checkpoint import save_model
from dcct.models.dcct import DCCT
from dcct.models.folder import describe
from dcct.models.model_config import config_of
from dcct.runtime.progress import Progress

CONFIG, VARIANT, PASSES, THREADS, TOLERANCE = (
    Path(__file__).parent.parent / "config",
    "dcct",
    4,
    2,
    1e-3,
)
SIZES = {
    "embedded": ("config.yaml", {"train_ids": 8, "test_ids": 24, "distractors": 8}),
    "full": (
        "paper.yaml",
        {"train_ids": 2, "test_ids": 1, "share": 1, "distractors": 0, "height": 256},
    ),
}


def prepared(folder: Path, configfile: Path, spec: dict) -> Extraction:
    """Walkers of that many people, drawn, verified and packed; dense test clips; a checkpoint of
    initial weights."""
    profile, variant = load_profile(configfile), load_variant(VARIANT, configfile)
    training = profile.training.model_copy(
        update={"device": "cpu", "threads": THREADS, "workers": 0, "processes": 1}
    )
    profile = profile.model_copy(update={"training": training})
    dataset = load_dataset("walkers", CONFIG / "config.yaml")
    dataset = dataset.model_copy(
        update={
            "walkers": dataset.walkers.model_copy(update={**spec, "junk": 0}),
            "expected": Expected(**dict.fromkeys(Expected.model_fields)),
        }
    )
    listing, manifest, frames = folder / "listing.parquet", folder / "manifest", folder / "frames"
    walkers.write(folder / "data", dataset.walkers)
    verify(dataset, folder / "data", listing, Progress())
    write_manifest(read_tracklets(folder / "data"), listing, manifest)
    pack(listing, folder / "data", frames, folder / "work", profile.clips, Progress())
    how = profile.clips.length, dataset.protocol.clip_cap, dataset.protocol.clip_window
    write_test_clips(manifest, folder / "clips.parquet", ["dense"], *how)
    torch.manual_seed(0)
    checkpoint = folder / "model.safetensors"
    save_model(DCCT(variant, profile.network, profile.clips, spec["train_ids"]), checkpoint)
    return Extraction(
        variant=variant,
        profile=profile,
        samplers=("dense",),
        clips=folder / "clips.parquet",
        frames=frames,
        manifest=manifest,
        trained_on=manifest,
        checkpoint=checkpoint,
        work=folder / "shards",
        digests={},
    )


def one_pass(job: Extraction) -> np.ndarray:
    """Ours → the concatenated features, one row per tracklet."""
    path = job.work.parent / "features.parquet"
    extract(job, path, Progress())
    shutil.rmtree(job.work)
    return feature_sets(pq.read_table(path))["all"]


@torch.inference_mode()
def four_passes(job: Extraction) -> np.ndarray:
    """Plain → the same."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(False)
    model = trained_model(job.variant, job.profile, job.trained_on, job.checkpoint)
    root, drawn = job.work.parent / "data", pq.read_table(job.clips).to_pandas()
    paths = [[root / frame for frame in tracklet.frames] for tracklet in read_tracklets(root)]
    for name in ("base", "spatial", "temporal", "all")[:PASSES]:
        rows = []
        for tracklet, clips in drawn.groupby("tracklet"):
            batch = torch.stack(
                [opened(paths[tracklet], clip, job.profile.clips) for clip in clips["positions"]]
            )
            rows.append(model(batch).features[name].mean(0).numpy())
    return np.stack(rows)


def from_folders(job: Extraction) -> np.ndarray:
    """`dcct embed` → the same."""
    root, checkpoint = job.work.parent / "data", job.checkpoint
    folders = job.work.parent / "tracklets"
    test = set(pq.read_table(job.clips)["tracklet"].to_pylist())
    if not folders.exists():
        for number, tracklet in enumerate(read_tracklets(root)):
            folder = folders / "camera" / str(number)
            if number in test:
                folder.mkdir(parents=True)
                for place, frame in enumerate(tracklet.frames):
                    os.link(root / frame, folder / f"{place}.jpg")
        sizes = job.profile.network, job.profile.clips, identities_in(job.trained_on)
        weights = {checkpoint.name: file_digest(checkpoint)}
        describe(checkpoint.parent, config_of(VARIANT, job.variant, *sizes, weights=weights))
    torch.set_num_threads(THREADS)
    table = embed(load(checkpoint.parent, device="cpu"), folders, sampler="dense")
    return features_in(table, "all")


def opened(paths: list[Path], positions: np.ndarray, clips: Clips) -> torch.Tensor:
    """A clip (T,3,H,W), frame by frame."""
    mean, std = torch.tensor(IMAGENET_MEAN).view(3, 1, 1), torch.tensor(IMAGENET_STD).view(3, 1, 1)
    frames = []
    for position in positions:
        image = Image.open(paths[position]).convert("RGB")
        image = image.resize((clips.width, clips.height), Image.Resampling.BILINEAR)
        x_CHW = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)
        frames.append(x_CHW.sub_(mean).div_(std))
    return torch.stack(frames)


def compare(
    name: str, profile: Profile, ways: dict[str, Callable[[], np.ndarray]], rounds: int
) -> None:
    """Call the ways in turn and print one line."""
    seconds, (ours, plain) = {way: [] for way in ways}, [call() for call in ways.values()]
    apart = np.linalg.norm(ours - plain, axis=1) / np.linalg.norm(plain, axis=1)
    assert apart.max() < TOLERANCE, (name, apart.max())
    for turn in range(rounds):
        for way in list(ways)[:: -1 if turn % 2 else 1]:
            started = time.perf_counter()
            ways[way]()
            seconds[way].append(time.perf_counter() - started)
    ratios = [slow / fast for fast, slow in zip(*seconds.values(), strict=True)]
    shown = ", ".join(f"{way} {statistics.median(times):.2f} s" for way, times in seconds.items())
    print(
        f"{name}, {len(ours)} tracklets, T = {profile.clips.length}: {shown}, "
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"features apart by {apart.max():.0e} of their length",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in arguments.sizes:
        configfile, spec = SIZES[name]
        with tempfile.TemporaryDirectory(prefix="extraction-benchmark-") as folder:
            job = prepared(Path(folder), CONFIG / configfile, spec)
            ways = {"ours": partial(one_pass, job), "plain": partial(four_passes, job)}
            rounds = arguments.rounds if name == "embedded" else 2
            compare(name, job.profile, ways, rounds)
            folders = {"ours": partial(one_pass, job), "folders": partial(from_folders, job)}
            compare(f"{name}, from folders", job.profile, folders, rounds)


if __name__ == "__main__":
    main()
