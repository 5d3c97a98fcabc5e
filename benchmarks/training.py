"""Our training step against a plain re-creation of the official program's, interleaved in one run.

    python benchmarks/training.py [--parts triplet input step bf16 gpu] [--rounds 3] [--step-rounds
    2] [--frames 23040]

The network is ours in both, at full size. Ours: uint8 clips out of the frame store, normalised in
the main process, losses over all frames at once, one fused Adam, channels-last CNN. Plain, from the
recipe: frames opened and made float one by one, losses in loops over frames and anchors, an Adam
group for every parameter, torch's own defaults.

triplet  batch-hard triplet loss, forward and backward: 32 clips (8 identities × 4) of 8 frames
input    the input pipeline, EPOCHS epochs a round, from a MARS-shaped tree of real JPEG files, in
the page cache step     one fp32 step on the CPU: 2 clips of 2 identities, 8 frames of 256×128; the
plain one gets float clips bf16     our step on the CPU, bf16 against fp32 gpu      our bf16 step
against the plain one at 32 clips; share of the card's bf16 matrix rate; peak memory Each line:
medians over rounds, then the second's time over the first's within a round: median (min to max).
"""

import argparse
import gc
import math
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from data import draw_tree, verify_all, write_tracklets
from dcct import build_model
from dcct.clips.frames import pack
from dcct.clips.loader import TrainingClips, epoch_batches, load_batches
from dcct.clips.transforms import IMAGENET_MEAN, IMAGENET_STD, augmentation, to_input
from dcct.config.load import load_profile, load_variant
from dcct.config.profile import Training
from dcct.datasets.mars import read_tracklets
from dcct.inference.cost import cost_of
from dcct.losses import batch_hard_triplet
from dcct.models.device import autocast, on_device, prepare_torch
from dcct.models.full_size import IDENTITIES, PROFILE
from dcct.runtime.allocator import keep_freed_memory
from dcct.runtime.progress import Progress
from dcct.training.loop import objective_at
from dcct.training.setup import adam

PAPER, VARIANT = load_profile(PROFILE), "dcct-fd-ld"
LENGTH, HEIGHT, WIDTH = PAPER.clips.length, PAPER.clips.height, PAPER.clips.width
PARTS = ("triplet", "input", "step", "bf16", "gpu")
THREADS, TRIPLET_REPEATS, MATRIX, EPOCHS = 2, 20, 8192, 3
TOLERANCE = {"triplet": 2e-6, "input": 0, "step": 1e-3, "bf16": 0.05, "gpu": 0.05}
"""How far apart two ways' results may be, relative: losses; of the input, numbers of clips."""


def ours(**changes) -> Training:
    """The paper's training section, here."""
    return PAPER.training.model_copy(
        update={"device": "cpu", "threads": THREADS, "workers": 0, **changes}
    )


def use_defaults() -> None:
    """torch as a program finds it that sets nothing: what prepare_torch changes is put back."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(False)
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = False, True


def compare(
    name: str, ways: dict[str, Callable], rounds: int, show: Callable = "{:.3f} s".format
) -> float:
    """Call the ways in turn, then print one line: medians, and how many times as fast the first is
    within a round.

    A call of each, whose results must agree, goes before; the order alternates. Returns the first
    median.
    """
    seconds, results = {way: [] for way in ways}, [call() for call in ways.values()]
    assert math.isclose(*results, rel_tol=TOLERANCE[name.split(",")[0]]), (name, results)
    for turn in range(rounds):
        for way in list(ways)[:: -1 if turn % 2 else 1]:
            started = time.perf_counter()
            ways[way]()
            seconds[way].append(time.perf_counter() - started)
    ratios = [slow / fast for fast, slow in zip(*seconds.values(), strict=True)]
    shown = ", ".join(f"{way} {show(statistics.median(times))}" for way, times in seconds.items())
    print(
        f"{name}: {shown}, {statistics.median(ratios):.2f} ({min(ratios):.2f} to"
        f" {max(ratios):.2f})",
        flush=True,
    )
    return statistics.median(next(iter(seconds.values())))


def plain_triplet(x_BC: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Batch-hard triplet loss of one frame number, anchor by anchor."""
    x_BC = F.normalize(x_BC, dim=1)
    gaps = []
    for anchor, distance_B in enumerate(-x_BC @ x_BC.T):
        same_B = labels == labels[anchor]
        gaps.append(distance_B[same_B].max() - distance_B[~same_B].min())
    return F.relu(torch.stack(gaps) + PAPER.training.margin).mean()


def plain_loss(output, labels: torch.Tensor) -> torch.Tensor:
    """The official total loss: frame by frame, and the running sum divided by T after each
    branch."""
    frame, clip, distilled, heat = 0.0, 0.0, 0.0, PAPER.training.distillation.temperature
    for scores in output.frame.values():
        for t in range(LENGTH):
            frame = (
                frame
                + F.cross_entropy(scores.logits[:, t], labels)
                + plain_triplet(scores.embedding[:, t], labels)
            )
        frame = frame / LENGTH
    for scores in output.clip.values():
        clip = (
            clip + F.cross_entropy(scores.logits, labels) + plain_triplet(scores.embedding, labels)
        )
    teacher = F.softmax(output.clip["temporal"].logits.detach() / heat, dim=1).repeat_interleave(
        LENGTH, 0
    )
    for branch, scores in output.frame.items():
        distilled += torch.norm(output.hints[branch] - output.temporal.detach().unsqueeze(1))
        student = F.log_softmax(scores.logits.flatten(0, 1) / heat, dim=1)
        distilled += F.kl_div(student, teacher, reduction="batchmean")
    return frame / len(output.frame) + clip / len(output.clip) + distilled


class PlainClips(Dataset):
    """Clips from plain files, a frame at a time. Item: float clip (T,3,H,W), label."""

    def __init__(self, root: Path, labels: np.ndarray):
        self.paths = [
            [root / frame for frame in tracklet.frames] for tracklet in read_tracklets(root)
        ]
        self.labels = labels

    def __getitem__(self, tracklet: int) -> tuple[torch.Tensor, int]:
        paths, frames = self.paths[tracklet], []
        mean, std = (
            torch.tensor(IMAGENET_MEAN).view(3, 1, 1),
            torch.tensor(IMAGENET_STD).view(3, 1, 1),
        )
        stride = next(stride for stride in (8, 4, 2, 1) if LENGTH * stride <= len(paths))
        start = random.randint(0, len(paths) - LENGTH * stride)
        for run in range(LENGTH):
            position = start + run * stride + random.randrange(stride)
            image = (
                Image.open(paths[position])
                .convert("RGB")
                .resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
            )
            x_CHW = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)
            frames.append(x_CHW.sub_(mean).div_(std))
        x_TCHW, height, width = torch.stack(frames), HEIGHT, WIDTH
        if random.random() < PAPER.training.random_erasing:
            while height >= HEIGHT or width >= WIDTH:
                area, aspect = random.uniform(0.02, 0.4) * HEIGHT * WIDTH, random.uniform(0.3, 3.33)
                height, width = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
            top, left = random.randint(0, HEIGHT - height), random.randint(0, WIDTH - width)
            x_TCHW[:, :, top : top + height, left : left + width] = 0
        return x_TCHW, int(self.labels[tracklet])


def our_step(batch: tuple[torch.Tensor, ...], **changes) -> Callable[[], float]:
    """A whole step on a batch that is there, as dcct.training.loop does it; the function returns
    the loss."""
    training = ours(**changes)
    model, objective, (clips, augmented, labels) = (
        on_device(network(), training),
        objective_at(0, training),
        batch,
    )

    def loss() -> torch.Tensor:
        prepare_torch(training, training.precision)
        with autocast(training.device, training.precision):
            output = model(to_input(clips.to(training.device), augmented))
        total = objective(output, labels.to(training.device))["loss"]
        assert math.isfinite(total.item())  # the loop looks at every loss too
        return total

    return partial(update, adam(model, training), loss)


def plain_step(batch: tuple[torch.Tensor, ...], device: str = "cpu") -> Callable[[], float]:
    """The re-creation: fp32, loops, one Adam group for each parameter; its loader has made the
    clips float."""
    model, clips, labels, training = (
        network().to(device),
        to_input(*batch[:2]),
        batch[2],
        PAPER.training,
    )
    rates = {"lr": training.learning_rate, "weight_decay": training.weight_decay}
    groups = [{"params": [one], **rates} for one in model.parameters() if one.requires_grad]

    def loss() -> torch.Tensor:
        use_defaults()
        return plain_loss(model(clips.to(device)), labels.to(device))

    return partial(update, torch.optim.Adam(groups, foreach=False, fused=False), loss)


def network():
    torch.manual_seed(0)
    return build_model(
        VARIANT, num_identities=IDENTITIES, clip_length=LENGTH, pretrained=False
    ).train()


def update(optimizer: torch.optim.Optimizer, loss: Callable[[], torch.Tensor]) -> float:
    torch.manual_seed(0)  # drop path, alike in all
    value = loss()
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    if value.is_cuda:
        torch.cuda.synchronize()
    return value.item()


def ready_batch(identities: int, tracklets: int) -> tuple[torch.Tensor, ...]:
    """uint8 clips of noise, what is done to them, labels."""
    noise = torch.randint(
        0, 256, (identities * tracklets, LENGTH, HEIGHT, WIDTH, 3), dtype=torch.uint8
    )
    changes = [
        augmentation(HEIGHT, WIDTH, PAPER.training, 0, 0, place) for place in range(len(noise))
    ]
    return noise, torch.tensor(changes), torch.arange(identities).repeat_interleave(tracklets)


def repeated(prepare: Callable, loss: Callable, x_BTC: torch.Tensor) -> float:
    """Set torch up, then go forward and backward through a loss TRIPLET_REPEATS times; returns its
    value."""
    prepare()
    for _ in range(TRIPLET_REPEATS):
        x_BTC.grad = None
        value = loss(x_BTC)
        value.backward()
    return value.item()


def triplet(rounds: int) -> None:
    labels = torch.arange(8).repeat_interleave(4)
    vectorised = partial(batch_hard_triplet, labels=labels, margin=PAPER.training.margin)

    for channels in (2048, 768):
        x_BTC = torch.randn(32, LENGTH, channels, requires_grad=True)
        looped = lambda x: sum(plain_triplet(x[:, t], labels) for t in range(LENGTH)) / LENGTH  # noqa: E731
        pairs = {
            "ours": (partial(prepare_torch, ours(), "fp32"), vectorised),
            "plain": (use_defaults, looped),
        }
        ways = {way: partial(repeated, *pair, x_BTC) for way, pair in pairs.items()}
        compare(
            f"triplet, {channels} channels",
            ways,
            rounds,
            lambda s: f"{1000 * s / TRIPLET_REPEATS:.2f} ms",
        )


def inputs(rounds: int, frames: int) -> None:
    """Batches of 32 clips of 2 identities, so that a small tree's epoch is long."""
    scratch = Path(tempfile.mkdtemp(prefix="training-benchmark-"))
    root, listing, store, manifest = (
        scratch / name for name in ("tree", "frames.parquet", "store", "manifest")
    )
    try:
        draw_tree(root, frames)
        verify_all(root, listing)
        write_tracklets(root, listing, manifest)
        pack(listing, root, store, scratch / "work", PAPER.clips, Progress())
        for workers, kind in ((0, "processes"), (2, "processes"), (2, "threads")):
            training = ours(identities=2, tracklets=16, workers=workers, loader=kind)
            own = TrainingClips(store, manifest, PAPER.clips, training, 0)
            batches = [
                [item[2] for item in batch] for batch in epoch_batches(own.labels, 2, 16, 0, 0)
            ]
            loader = DataLoader(
                PlainClips(root, own.labels), batch_sampler=batches, num_workers=workers
            )
            clips, prepare = 32 * len(batches) * EPOCHS, partial(prepare_torch, training, "fp32")
            ways = {
                "ours": partial(read, prepare, partial(load_batches, own, range(EPOCHS)), to_input),
                "plain": partial(
                    read,
                    use_defaults,
                    lambda loader=loader: chain.from_iterable(loader for _ in range(EPOCHS)),
                    lambda clips, labels: clips,
                ),
            }
            name = f"input, {workers} workers, ours in {kind}"
            compare(name, ways, rounds, lambda s, n=clips: f"{n / s:.0f} clips/s")
    finally:
        shutil.rmtree(scratch)


def read(prepare: Callable, batches: Callable, finish: Callable) -> int:
    """Clips in all epochs."""
    prepare()
    return sum(len(finish(*batch[:2])) for batch in batches())


def gpu(rounds: int) -> None:
    """Memory first, with one network on the card at a time."""
    batch, peaks, bf16 = ready_batch(8, 4), [], {"device": "cuda", "precision": "bf16"}
    for branches in ([], ["cnn", "vit"]):
        step = our_step(batch, **bf16, checkpointing=branches)
        torch.cuda.reset_peak_memory_stats()
        step(), step()  # the optimiser's memory comes with the first
        peaks.append(torch.cuda.max_memory_allocated() / 2**30)
        del step
        gc.collect()
    print(
        f"gpu, {torch.cuda.get_device_name()}: peak {peaks[0]:.1f} GiB, with activation"
        f" checkpointing {peaks[1]:.1f}"
    )
    ways = {"ours": our_step(batch, **bf16), "plain": plain_step(batch, "cuda")}
    seconds = compare("gpu, bf16 against plain fp32", ways, rounds)
    cost = cost_of(VARIANT, load_variant(VARIANT, PROFILE), PAPER.network, PAPER.clips, IDENTITIES)
    rate, card = 3 * cost.flops * LENGTH * len(batch[0]) / seconds / 1e12, matrix_rate()
    print(
        f"gpu, forward and backward: {rate:.0f} TFLOP/s, bf16 matrices alone {card:.0f}:"
        f" {100 * rate / card:.0f} %"
    )


def matrix_rate() -> float:
    """TFLOP/s of a big bf16 matrix product."""
    from torch.utils.benchmark import Timer  # looks for a compiler, and says so

    matrix = torch.randn(MATRIX, MATRIX, device="cuda", dtype=torch.bfloat16)
    timer = Timer("matrix @ matrix", globals={"matrix": matrix})  # waits for the card
    return 2 * MATRIX**3 / timer.blocked_autorange(min_run_time=2).median / 1e12


def main() -> None:
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = (
        ":4096:8"  # as dcct.cli does: deterministic matrix products
    )
    keep_freed_memory()  # so does this, here for both ways
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS[:4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step-rounds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=23_040)
    arguments = parser.parse_args()
    if "triplet" in arguments.parts:
        triplet(3 * arguments.rounds)
    if "input" in arguments.parts:
        inputs(arguments.rounds, arguments.frames)
    batch = ready_batch(2, 1)
    if "step" in arguments.parts:
        compare(
            "step, fp32",
            {"ours": our_step(batch), "plain": plain_step(batch)},
            arguments.step_rounds,
        )
    if "bf16" in arguments.parts:
        flags = {"avx512_bf16", "amx_bf16"} & set(Path("/proc/cpuinfo").read_text().split())
        print(
            "bf16 instructions of this CPU, of avx512_bf16 and amx_bf16:"
            f" {', '.join(sorted(flags)) or 'none'}"
        )
        ways = {"bf16": our_step(batch, precision="bf16"), "fp32": our_step(batch)}
        compare("bf16, our step", ways, arguments.step_rounds)
    if "gpu" in arguments.parts:
        (
            gpu(5 * arguments.rounds)
            if torch.cuda.is_available()
            else print("gpu: skipped, torch sees none here")
        )


if __name__ == "__main__":
    main()
