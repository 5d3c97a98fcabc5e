"""Training of one variant, from initial weights to a checkpoint; interrupted anywhere, it goes on where it was."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch

from dcct.checkpoint import MODEL, load_state, save_model, save_state
from dcct.clips.loader import TrainingClips, load_epoch
from dcct.clips.transforms import to_input
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.datasets.manifest import write_parquet
from dcct.device import on_device, prepare_torch
from dcct.errors import DcctError
from dcct.models.dcct import DCCT
from dcct.models.weights import read_weights
from dcct.progress import Progress
from dcct.streams import Stream, torch_seed
from dcct.training.objective import Objective
from dcct.training.schedule import distill_weight_at, lr_at

HISTORY = "history.parquet"


@dataclass(kw_only=True)
class Run:
    """What a training reads, and where it keeps its resume state."""

    profile: Profile
    variant: Variant
    seed: int
    frames: Path
    manifest: Path
    weights: Path
    work: Path
    identity: str
    """Digest of config, data and code: a resume state with another one is not continued."""


def fit(run: Run, folder: Path, progress: Progress) -> dict:
    """Train and write folder/model.safetensors and folder/history.parquet.

    Returns {"train_seconds": …, "images": …} summed over interruptions. Raises DcctError at a non-finite loss.
    """
    prepare_torch(run.profile.training)
    training = run.profile.training
    dataset = TrainingClips(run.frames, run.manifest, run.profile.clips, training.random_erasing, run.seed)
    model = on_device(initial_model(run, dataset.num_identities), training)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )
    epochs = training.epochs if run.variant.trained else 0
    history, done, seconds = _resume(run, model, optimizer, progress)
    tell = progress.tick(epochs, "epochs", done)
    for epoch in range(done, epochs):
        started = time.perf_counter()
        row = train_epoch(model, optimizer, dataset, run, epoch)
        seconds += time.perf_counter() - started
        history.append(row)
        save_state(
            run.work,
            epoch + 1,
            {
                "identity": run.identity,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": history,
                "seconds": seconds,
            },
        )
        tell(_line(row, epochs, time.perf_counter() - started, epochs - epoch - 1))
    save_model(model, folder / MODEL)
    write_parquet(folder / HISTORY, pa.Table.from_pylist(history or [{"epoch": 0}]))
    return {
        "train_seconds": round(seconds, 3),
        "images": sum(row["images"] for row in history),
        "parameters": sum(p.numel() for p in model.parameters()),
        "device": training.device,
    }


def initial_model(run: Run, num_identities: int) -> DCCT:
    """The variant's network: backbones from the weights step, everything else drawn from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, Stream.INITIAL_WEIGHTS))
        model = DCCT(run.variant, run.profile.network, run.profile.clips, num_identities)
    for branch in run.variant.branches:
        getattr(model, branch).net.load_state_dict(read_weights(run.weights, branch))
    return model


def train_epoch(model: DCCT, optimizer: torch.optim.Optimizer, dataset: TrainingClips, run: Run, epoch: int) -> dict:
    """One pass over the identities; returns the epoch's mean of every loss term."""
    training, sums, steps, images = run.profile.training, {}, 0, 0
    learning_rate, distill_weight = lr_at(epoch, training), distill_weight_at(epoch, training)
    objective = Objective(
        training.frame_loss,
        training.margin,
        training.distillation.temperature,
        distill_weight,
        feature_weight=training.distillation.feature_weight,
        logit_weight=training.distillation.logit_weight,
    )
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    torch.manual_seed(torch_seed(run.seed, Stream.DROP_PATH, epoch))
    model.train()
    for clips, boxes, labels in load_epoch(dataset, training, epoch):
        clips, labels = clips.to(training.device), labels.to(training.device)
        terms = objective(model(to_input(clips, boxes)), labels)
        _check_finite(terms, epoch, steps)
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step()
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + term.detach()
        steps, images = steps + 1, images + clips.shape[0] * clips.shape[1]
    if not steps:
        raise DcctError(
            f"training.identities: {training.identities} a batch, but the set has only "
            f"{dataset.num_identities} training identities: choose fewer"
        )
    means = {name: float(total) / steps for name, total in sums.items()}
    return {
        "epoch": epoch + 1,
        "learning_rate": learning_rate,
        "distill_weight": distill_weight,
        "images": images,
        **means,
    }


def _resume(
    run: Run, model: DCCT, optimizer: torch.optim.Optimizer, progress: Progress
) -> tuple[list[dict], int, float]:
    state = load_state(run.work, run.profile.training.device)
    if state is None:
        return [], 0, 0.0
    if state["identity"] != run.identity:
        progress.say("the unfinished training here had another config, data or code: starting from the beginning")
        for stale in run.work.glob("epoch*.pt"):
            stale.unlink()
        return [], 0, 0.0
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    progress.say(f"going on after epoch {len(state['history'])}")
    return state["history"], len(state["history"]), state["seconds"]


def _check_finite(terms: dict[str, torch.Tensor], epoch: int, step: int) -> None:
    if not math.isfinite(terms["loss"].item()):
        bad = ", ".join(f"{name} {value.item():.3g}" for name, value in terms.items())
        raise DcctError(
            f"the loss is not finite at epoch {epoch + 1}, step {step + 1} ({bad}): lower "
            "training.learning_rate or the distillation weights"
        )


def _line(row: dict, epochs: int, seconds: float, left: int) -> str:
    terms = "  ".join(
        f"{name} {value:.3f}"
        for name, value in row.items()
        if name.startswith(("loss", "frame", "clip", "distill_f", "distill_l"))
    )
    return (
        f"epoch {row['epoch']}/{epochs}  lr {row['learning_rate']:.2g}  {row['images'] / seconds:.0f} images/s  "
        f"{left * seconds:.0f} s left  {terms}"
    )
