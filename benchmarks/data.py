"""Reading, verifying and packing a MARS-shaped tree, each against what its files alone would take.

    python benchmarks/data.py [--frames 100000] [--rounds 3] [--folder /a/big/disk]

The tree has real JPEG files of 256×128 in MARS' folders, 60 to a tracklet. Every round runs, one
after the other: decoding every frame and nothing else, then verification, both with a thread for
each core; the manifest, from metadata and the list of verified frames; `cp -r`, then pack; random
clips from plain files, then from the frame store. Other programs on the machine slow all of them,
so compare within a round. Each step but the clips runs in a process of its own, whose peak memory
is printed; run with a tenth of the frames to see whether it grows.
"""

import argparse
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas  # noqa: F401 - pyarrow loads it at first use; that belongs to no measured step
from PIL import Image

from dcct.clips.frames import FrameStore, pack
from dcct.config.dataset import Dataset, Expected, Protocol
from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.manifest import write_manifest
from dcct.datasets.mars import read_tracklets
from dcct.datasets.tracklet import count
from dcct.datasets.verify import verify
from dcct.runtime.progress import Progress
from dcct.walkers.entries import Entry, image, matlab
from dcct.walkers.mars_layout import frame_name

LENGTH, HEIGHT, WIDTH, PICTURES = 60, 256, 128, 200
CLIPS, BLOCK, CLIP_LENGTH = 3000, 50, 8
STORE = SimpleNamespace(decoded=False)


def draw_tree(root: Path, frames: int) -> None:
    """A MARS-shaped tree: half of its people for training, six cameras, one query for each identity
    and camera."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (PICTURES, 16, 8, 3), np.uint8)
    pictures = [
        image(
            np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)),
            "JPEG",
            90,
        )
        for small in coarse
    ]
    tracklets = 24 * max(1, round(frames / LENGTH / 24))  # whole identities in both halves
    (root / "info").mkdir(parents=True)
    for part, first in (("train", 0), ("test", tracklets // 2)):
        entries = [
            Entry(1 + n // 12, n // 2 % 6 + 1, n % 12 + 1)
            for n in range(first, first + tracklets // 2)
        ]
        names = []
        for number, entry in enumerate(entries):
            for frame in range(1, LENGTH + 1):
                name = frame_name(entry, frame)
                path = root / f"bbox_{part}" / name[:4] / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(pictures[(number * LENGTH + frame) % PICTURES])
                names.append(name)
        (root / f"info/{part}_name.txt").write_text("".join(f"{name}\n" for name in names))
        rows = [
            (n * LENGTH + 1, (n + 1) * LENGTH, entry.pid, entry.camera)
            for n, entry in enumerate(entries)
        ]
        (root / f"info/tracks_{part}_info.mat").write_bytes(
            matlab(f"track_{part}_info", np.array(rows, np.int32))
        )
    queries = np.arange(1, tracklets // 2 + 1, 2, dtype=np.uint16)[None]
    (root / "info/query_IDX.mat").write_bytes(matlab("query_IDX", queries))


def decode_all(root: Path) -> None:
    """Every frame decoded by as many threads as verification has, and nothing else."""
    frames = (frame for tracklet in read_tracklets(root) for frame in tracklet.frames)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        while batch := [chunk for chunk in (list(islice(frames, 32)) for _ in range(32)) if chunk]:
            list(
                pool.map(
                    lambda chunk: (
                        [decode(read_image_bytes(root / frame), frame) for frame in chunk] and None
                    ),
                    batch,
                )
            )


def verify_all(root: Path, listing: Path) -> None:
    counts = count(read_tracklets(root))
    expected = {name: counts.get(name, 0) for name in Expected.model_fields}
    dataset = Dataset(
        title="tree",
        about="",
        layout="mars",
        needs=[],
        state="generated",
        get="",
        licence="",
        protocol=Protocol(
            gallery_includes_queries=True, drop_same_camera=True, clip_cap=200, first_half=None
        ),
        expected=Expected(**expected),
    )
    verify(dataset, root, listing, Progress())


def copy_all(root: Path, target: Path) -> None:
    subprocess.run(["cp", "-r", root, target], check=True)


def random_clips(root: Path, store: Path, manifest: Path, tracklets: int) -> tuple[float, float]:
    """Seconds for the same random clips from plain files and from the store, in turns of BLOCK
    clips."""
    random, frames = np.random.default_rng(1), FrameStore(store, manifest)
    paths = [tracklet.frames for tracklet in read_tracklets(root)]
    seconds = [0.0, 0.0]
    for _ in range(CLIPS // BLOCK):
        draws = [
            (int(random.integers(tracklets)), random.integers(0, LENGTH, CLIP_LENGTH))
            for _ in range(BLOCK)
        ]
        started = time.perf_counter()
        for tracklet, positions in draws:
            clip = np.empty((CLIP_LENGTH, HEIGHT, WIDTH, 3), np.uint8)
            for place, position in enumerate(positions.tolist()):
                clip[place] = decode(read_image_bytes(root / paths[tracklet][position]), "")
        between = time.perf_counter()
        for tracklet, positions in draws:
            frames.read(tracklet, positions, HEIGHT, WIDTH)
        seconds[0] += between - started
        seconds[1] += time.perf_counter() - between
    return seconds[0], seconds[1]


def measured(function: Callable, *arguments) -> tuple[float, float]:
    """Seconds and peak memory in MB of a call in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured, (function, arguments))


def _measured(function: Callable, arguments: tuple) -> tuple[float, float]:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started, peak_memory()


def peak_memory() -> float:
    """This process's in MB. (getrusage would count what the parent had before it started this
    one.)"""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


def one_round(root: Path, scratch: Path, tracklets: int) -> dict[str, tuple[float, float]]:
    """Every step once; what it wrote is removed."""
    found = {
        "decode alone": measured(decode_all, root),
        "verify": measured(verify_all, root, scratch / "frames.parquet"),
        "manifest": measured(
            write_tracklets, root, scratch / "frames.parquet", scratch / "manifest"
        ),
        "cp -r": measured(copy_all, root, scratch / "copy"),
        "pack": measured(
            pack,
            scratch / "frames.parquet",
            root,
            scratch / "store",
            scratch / "work",
            STORE,
            Progress(),
        ),
    }
    files, store = random_clips(root, scratch / "store", scratch / "manifest", tracklets)
    found |= {"clips from files": (files, 0), "clips from store": (store, 0)}
    for name in ("manifest", "copy", "store"):
        shutil.rmtree(scratch / name)
    return found


def write_tracklets(root: Path, listing: Path, folder: Path) -> None:
    write_manifest(read_tracklets(root), listing, folder)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="data-benchmark-", dir=arguments.folder))
    try:
        draw_tree(scratch / "tree", arguments.frames)
        tracklets = len(list(read_tracklets(scratch / "tree")))
        rounds = []
        for turn in range(arguments.rounds):
            rounds.append(one_round(scratch / "tree", scratch, tracklets))
            times = ", ".join(
                f"{name} {seconds:.2f} s" + (f" ({memory:.0f} MB)" if memory else "")
                for name, (seconds, memory) in rounds[-1].items()
            )
            print(f"round {turn + 1}: {times}")
    finally:
        shutil.rmtree(scratch)

    def ratio(part: str, whole: str) -> str:
        values = [turn[part][0] / turn[whole][0] for turn in rounds]
        return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"

    rates = [tracklets * LENGTH / turn["manifest"][0] for turn in rounds]
    print(f"{tracklets * LENGTH:,} frames; manifest {statistics.median(rates):,.0f} frames/s")
    print(f"speed of verification, of decoding alone: {ratio('decode alone', 'verify')}")
    print(f"speed of pack, of cp -r: {ratio('cp -r', 'pack')}")
    print(
        "time of random clips from the store, of plain files:"
        f" {ratio('clips from store', 'clips from files')}"
    )


if __name__ == "__main__":
    main()
