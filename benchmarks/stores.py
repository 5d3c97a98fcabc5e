"""Four ways to keep a set's original JPEG bytes, three of them against plain files in folders by
identity, as in MARS.

    python benchmarks/stores.py [--frames 60000] [--rounds 3] [--clips 10000] [--decoded 1500]
    [--folder /a/big/disk]

plain   one file for each frame flat    one file of bytes end to end, arrays of offsets and lengths
beside it; os.pread arrow   an Arrow IPC file, one large_binary column in batches of 1,000 frames;
memory-mapped lmdb    LMDB, the frame's number as its 8-byte key; no locks, no read-ahead (needs
`pip install lmdb`)

Every round writes the same 256×128 frames, 60 to a tracklet, to all four and syncs them to disk,
checks that the very same bytes come back, then opens each and reads random clips (8 random frames
of one random tracklet), then some of the clips again, decoded: once out of the page cache (warm),
once with the store dropped from it first (cold, but the kernel still knows names and inodes, which
helps plain files); "from disk" shows whether that was so. Each step runs in a process of its own,
the stores in turn. Other programs on the machine slow all of them, so compare within a round.
Decoding's own time is averaged over stores: where a process happens to place its buffers moves it
more than they do. Run with --clips 100 --decoded 50 for the cold reads of a set far bigger than
memory: Arrow fetches whole batches.
"""

import argparse
import io
import itertools
import multiprocessing
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import lmdb
import numpy as np
import pyarrow as pa
from PIL import Image

LENGTH, CLIP_LENGTH, HEIGHT, WIDTH, PICTURES, BATCH = 60, 8, 256, 128, 200, 1000
SCHEMA = pa.schema([("image", pa.large_binary())])


def write_plain(images: Iterator[bytes], folder: Path) -> None:
    names = []
    for number, content in enumerate(images):
        tracklet, frame = divmod(number, LENGTH)
        pid, camera = f"{1 + tracklet // 12:04d}", tracklet // 2 % 6 + 1
        names.append(f"{pid}/{pid}C{camera}T{tracklet % 12 + 1:04d}F{frame + 1:03d}.jpg")
        if number % (12 * LENGTH) == 0:
            (folder / pid).mkdir(parents=True)
        with open(f"{folder}/{names[-1]}", "wb", buffering=0) as file:
            file.write(content)
    (folder / "names.txt").write_text("\n".join(names))


def open_plain(folder: Path) -> Callable[[int], bytes]:
    paths = [f"{folder}/{name}" for name in (folder / "names.txt").read_text().splitlines()]
    return lambda frame: io.FileIO(
        paths[frame]
    ).readall()  # closed right away, with its last reference


def write_flat(images: Iterator[bytes], folder: Path) -> None:
    with open(folder / "frames.bin", "wb") as file:
        lengths = np.array([file.write(content) for content in images])
    np.save(folder / "index.npy", [np.cumsum(lengths) - lengths, lengths])


def open_flat(folder: Path) -> Callable[[int], bytes]:
    offsets, lengths = np.load(folder / "index.npy")
    file = os.open(folder / "frames.bin", os.O_RDONLY)
    return lambda frame: os.pread(file, int(lengths[frame]), int(offsets[frame]))


def write_arrow(images: Iterator[bytes], folder: Path) -> None:
    with pa.OSFile(f"{folder}/frames.arrow", "wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
        while batch := list(itertools.islice(images, BATCH)):
            writer.write_batch(pa.record_batch([pa.array(batch, pa.large_binary())], schema=SCHEMA))


def open_arrow(folder: Path) -> Callable[[int], bytes]:
    file = pa.ipc.open_file(pa.memory_map(f"{folder}/frames.arrow"))
    column = cache(lambda batch: file.get_batch(batch).column(0))
    return lambda frame: column(frame // BATCH)[frame % BATCH].as_py()


def write_lmdb(images: Iterator[bytes], folder: Path) -> None:
    items = ((frame.to_bytes(8, "big"), content) for frame, content in enumerate(images))
    with lmdb.open(str(folder), map_size=2**40, lock=False, sync=False) as environment:
        while batch := list(itertools.islice(items, BATCH)):
            with environment.begin(write=True) as transaction:
                transaction.cursor().putmulti(batch, append=True)


def open_lmdb(folder: Path) -> Callable[[int], bytes]:
    transaction = lmdb.open(str(folder), readonly=True, lock=False, readahead=False).begin()
    return lambda frame: transaction.get(frame.to_bytes(8, "big"))


WRITE = {"plain": write_plain, "flat": write_flat, "arrow": write_arrow, "lmdb": write_lmdb}
OPEN = {"plain": open_plain, "flat": open_flat, "arrow": open_arrow, "lmdb": open_lmdb}


def drawn(frames: int) -> Iterator[bytes]:
    pictures = [io.BytesIO() for _ in range(PICTURES)]
    coarse = np.random.default_rng(0).integers(0, 255, (PICTURES, 16, 8, 3), np.uint8)
    for small, file in zip(coarse, pictures, strict=True):
        Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(
            file, "JPEG", quality=90
        )
    return (pictures[frame % PICTURES].getvalue() for frame in range(frames))


def write(name: str, tree: Path, folder: Path, frames: int) -> dict[str, float]:
    """Seconds from plain files to a store that is on disk, and the disk's blocks that it takes per
    byte of image."""
    folder.mkdir()
    source = open_plain(tree)
    os.sync()
    started = time.perf_counter()
    WRITE[name](map(source, range(frames)), folder)
    os.sync()
    seconds, stored = time.perf_counter() - started, OPEN[name](folder)
    if any(stored(frame) != source(frame) for frame in range(frames)):
        raise RuntimeError(f"{name} does not give back what was written")
    blocks, size = (
        sum(path.stat().st_blocks for path in folder.rglob("*")),
        sum(map(os.path.getsize, tree.glob("*/*"))),
    )
    return {"to disk, s": seconds, "blocks / bytes *": 512 * blocks / size}


def prepare(folder: Path, cold: bool) -> None:
    """Bring a store's files, which are on disk and mapped by no process, into the page cache or
    drop them from it."""
    for path in filter(Path.is_file, folder.rglob("*")):
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED) if cold else file.read()


def read(
    name: str, folder: Path, draws: list[list[int]], decoded: bool, cold: bool
) -> dict[str, float]:
    """Milliseconds to open a store, to read a clip and to decode it, and the MB that the disk gave
    for all of it."""
    prepare(folder, cold)
    Image.preinit()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_inblock, time.perf_counter()
    read_frame, times = (
        OPEN[name](folder),
        {"open, ms": time.perf_counter() - started, "read, ms": 0, "decode": 0},
    )
    for clip in draws:
        started = time.perf_counter()
        contents = [read_frame(frame) for frame in clip]
        ended = time.perf_counter()
        for content in contents if decoded else ():
            np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        times["read, ms"] += (ended - started) / len(draws)
        times["decode"] += (time.perf_counter() - ended) / len(draws)
    blocks = resource.getrusage(resource.RUSAGE_SELF).ru_inblock - before
    return {figure: 1e3 * seconds for figure, seconds in times.items()} | {
        "from disk, MB *": blocks * 512 / 1e6
    }


def one_round(
    alone: Callable, scratch: Path, order: list[str], frames: int, clips: dict[str, list]
) -> dict[str, dict]:
    """What each step found, by store; `alone` calls in a new process, and the stores are
    removed."""
    found = {
        "write": {
            name: alone(write, (name, scratch / "tree", scratch / name, frames)) for name in order
        }
    }
    for heat, step in itertools.product(("warm", "cold"), clips):
        settings = clips[step], step == "decoded", heat == "cold"
        figures = {name: alone(read, (name, scratch / name, *settings)) for name in order}
        decoding = statistics.fmean(figures[name].pop("decode") for name in order)
        if step == "decoded":
            figures = {
                name: own | {"read and decode, ms": own["read, ms"] + decoding}
                for name, own in figures.items()
            }
        found[f"{step} {heat}"] = figures
    for name in order:
        shutil.rmtree(scratch / name)
    return found


def report(rounds: list[dict[str, dict]]) -> None:
    """Medians (minimum to maximum) over rounds."""
    _, *others = OPEN
    print(
        f"{'ratios to plain files; * absolute':34}{'plain files':>13}"
        + "".join(f"{name:>26}" for name in others)
    )
    for step, found in rounds[0].items():
        for figure in found["plain"]:
            plain = statistics.median(turn[step]["plain"][figure] for turn in rounds)
            line = f"{f'{step}: {figure}':34}{plain:13.2f}"
            for name in others:
                pairs = [(turn[step][name][figure], turn[step]["plain"][figure]) for turn in rounds]
                values = [own if figure.endswith("*") else own / plain for own, plain in pairs]
                middle, least, most = statistics.median(values), min(values), max(values)
                line += f"{f'{middle:.2f} ({least:.2f} to {most:.2f})':>26}"
            print(line)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option, default in (
        ("frames", 60_000),
        ("rounds", 3),
        ("clips", 10_000),
        ("decoded", 1_500),
    ):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    random, names, rounds = np.random.default_rng(1), list(OPEN), []
    tracklets = random.integers(arguments.frames // LENGTH, size=(arguments.clips, 1))
    draws = (
        tracklets * LENGTH + random.integers(LENGTH, size=(arguments.clips, CLIP_LENGTH))
    ).tolist()
    clips = {"bytes": draws, "decoded": draws[: arguments.decoded]}
    folder = tempfile.TemporaryDirectory(prefix="stores-benchmark-", dir=arguments.folder)
    with (
        folder as scratch,
        multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
    ):
        write_plain(drawn(arguments.frames), Path(scratch) / "tree")
        for turn in range(arguments.rounds):
            order = names[turn % len(names) :] + names[: turn % len(names)]
            rounds.append(one_round(pool.apply, Path(scratch), order, arguments.frames, clips))
    report(rounds)


if __name__ == "__main__":
    main()
