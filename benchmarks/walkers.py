"""How fast walkers are drawn and written, against the time that JPEG encoding and writing alone
would take.

    python benchmarks/walkers.py [--height 64] [--rounds 5] [--tracklets 40]

Every round times, one after the other on one core, drawing, drawing with files, and the named
baseline: PIL encoding and writing frames that are already drawn. Other programs on the machine slow
all three, so compare within a round.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from dcct.walkers import draw_tracklet, write

CAMERAS = 4


def size(height: int, tracklets: int) -> SimpleNamespace:
    """The default data set cut down to `tracklets` tracklets, all but four of them for training."""
    return SimpleNamespace(
        seed=7,
        train_ids=max(1, tracklets // CAMERAS - 1),
        test_ids=1,
        cameras=CAMERAS,
        tracklets_per_camera=1,
        frames=16,
        height=height,
        difficulty=0.25,
        share=2,
        burst=0.2,
        background_saturation=0.4,
        jpeg_quality=90,
        distractors=0,
        junk=0,
        lookalikes="build",
    )


def draw_all(spec: SimpleNamespace) -> list:
    return [
        draw_tracklet(spec, pid, camera, camera)
        for pid in range(1, spec.train_ids + spec.test_ids + 1)
        for camera in range(1, spec.cameras + 1)
    ]


def encode_all(tracklets: list, folder: Path, quality: int) -> None:
    """The baseline: what any generator has to spend on its files."""
    for number, frames in enumerate(tracklets):
        (folder / f"{number:04d}").mkdir(parents=True)
        for frame, pixels in enumerate(frames):
            Image.fromarray(pixels).save(
                f"{folder}/{number:04d}/{frame:03d}.jpg", format="JPEG", quality=quality
            )


def seconds(call, *arguments) -> float:
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tracklets", type=int, default=40)
    arguments = parser.parse_args()
    spec = size(arguments.height, arguments.tracklets)
    tracklets = draw_all(spec)  # paints the backdrops too, which are kept
    frames = spec.frames * len(tracklets)
    rates = {"draw": [], "draw and write": [], "PIL JPEG encode + write alone": []}
    scratch = Path(tempfile.mkdtemp(prefix="walkers-benchmark-"))
    try:
        for turn in range(arguments.rounds):
            taken = (
                seconds(draw_all, spec),
                seconds(write, scratch / f"whole{turn}", spec),
                seconds(encode_all, tracklets, scratch / f"files{turn}", spec.jpeg_quality),
            )
            for rate, spent in zip(rates.values(), taken, strict=True):
                rate.append(frames / spent)
            print(
                f"round {turn + 1}: "
                + ", ".join(f"{name} {rate[-1]:,.0f}" for name, rate in rates.items())
                + " frames/s"
            )
    finally:
        shutil.rmtree(scratch)
    print(
        f"median of {arguments.rounds} rounds of {frames} frames of {spec.height} rows, frames/s:"
    )
    for name, rate in rates.items():
        print(
            f"  {name:30} {statistics.median(rate):8,.0f}  ({min(rate):,.0f} .. {max(rate):,.0f})"
        )
    shares = [
        whole / alone
        for whole, alone in zip(
            rates["draw and write"], rates["PIL JPEG encode + write alone"], strict=True
        )
    ]
    print(f"  drawing and writing runs at {statistics.median(shares):.2f} of the baseline's speed")


if __name__ == "__main__":
    main()
