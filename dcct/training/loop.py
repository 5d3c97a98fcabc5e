"""Training of one variant, from initial weights to a checkpoint; interrupted anywhere, it ends with
the same bytes."""

import shutil
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv
import torch
from torch import Tensor

from dcct.clips.loader import TrainingClips, load_batches
from dcct.clips.transforms import to_input
from dcct.config.label import CHECKPOINT, at_epoch, checkpoint_of
from dcct.config.profile import Training
from dcct.datasets.manifest import write_parquet
from dcct.errors import AskedToStopError
from dcct.files import atomic
from dcct.models.checkpoint import save_model
from dcct.models.device import autocast, prepare_torch
from dcct.runtime.signals import stop_requests
from dcct.seeding import Stream, torch_seed
from dcct.training.distributed import join_group
from dcct.training.finite import check_finite
from dcct.training.objective import Objective
from dcct.training.schedule import distill_weight_at, lr_at
from dcct.training.setup import new_learner
from dcct.training.state import Learner, Run

HISTORY, PLOTTED = "history.parquet", "history.csv"
"""Every epoch's mean of every loss term: for programs, and for `dvc plots`."""


class Watch(Protocol):
    """What a training calls as it goes on; nothing that it does decides a number."""

    def say(self, message: str) -> None: ...

    def epoch_starts(self, learner: Learner, epochs: int, steps: int) -> None: ...

    def step(self, learner: Learner, terms: dict[str, Tensor]) -> None: ...

    def epoch_ends(self, row: dict) -> None: ...


def fit(run: Run, folder: Path, watch: Watch) -> dict:
    """Train and write folder/model.safetensors, the weights of epochs that the profile keeps
    (folder/epoch250.safetensors), folder/history.parquet and folder/history.csv.

    Started as one of several processes, it does its part, and the first of them writes. Returns
    what the run record holds, summed over interruptions. Raises DcctError at a non-finite loss,
    AskedToStopError when a signal asked to stop and the state is saved.
    """
    training = run.profile.training
    prepare_torch(training, training.precision)
    group = join_group(training)
    dataset = TrainingClips(run.frames, run.manifest, run.profile.clips, training, run.seed)
    learner = new_learner(run, dataset.num_identities, group)
    learner.resume(run, watch.say)
    epochs = training.epochs if run.variant.trained else 0
    with stop_requests() as asked, group.watched():
        part = group.part(training.identities * training.tracklets)
        batches = load_batches(dataset, range(learner.epoch, epochs), learner.step, part)
        while learner.epoch < epochs:
            watch.epoch_starts(learner, epochs, dataset.steps)
            row = train_epoch(learner, dataset, batches, run, asked, watch.step)
            learner.history.append(row)
            learner.epoch, learner.step, learner.sums, learner.images = learner.epoch + 1, 0, {}, 0
            if learner.epoch in run.profile.kept and group.first:
                save_weights(learner, run.work / kept_file(learner.epoch))
            learner.save(run)
            watch.epoch_ends(row)
    if group.first:
        write_result(learner, run, folder)
    return {
        "train_seconds": round(learner.seconds, 3),
        "images": sum(row["images"] for row in learner.history),
        "parameters": sum(p.numel() for p in learner.model.parameters()),
        "device": training.device,
        "processes": group.size,
    }


def train_epoch(
    learner: Learner,
    dataset: TrainingClips,
    batches: Iterator[tuple[Tensor, ...]],
    run: Run,
    asked: Callable[[], str | None],
    after_step: Callable[[Learner, dict[str, Tensor]], None],
) -> dict:
    """The rest of a pass over the identities; returns the epoch's mean of every loss term.

    Raises AskedToStopError, with the state saved, when `asked` names a signal after a step.
    """
    training, epoch, started = run.profile.training, learner.epoch, time.perf_counter()
    objective, learning_rate = objective_at(epoch, training), lr_at(epoch, training)
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate * group["rate"]
    learner.model.train()
    for batch in islice(batches, dataset.steps - learner.step):
        torch.manual_seed(
            torch_seed(run.seed, Stream.DROP_PATH, epoch, learner.step, learner.group.rank)
        )
        terms = losses(learner, objective, batch, training)
        check_finite(terms, learner, dataset, run)
        update(learner, terms["loss"], training)
        for name, term in terms.items():
            learner.sums[name] = learner.sums.get(name, 0.0) + term.detach()
        learner.step += 1
        learner.images += training.identities * training.tracklets * run.profile.clips.length
        after_step(learner, terms)
        if signal := learner.group.asked(asked()):
            learner.seconds += time.perf_counter() - started
            learner.save(run)
            where = f"epoch {epoch}, step {learner.step}"
            raise AskedToStopError(
                f"{signal}: stopped after {where}; all is saved: run the same command to go on"
            )
    learner.seconds += time.perf_counter() - started
    means = {name: float(total) / learner.step for name, total in learner.sums.items()}
    weight = distill_weight_at(epoch, training)
    row = {
        "epoch": epoch + 1,
        "learning_rate": learning_rate,
        "distill_weight": weight,
        "images": learner.images,
    }
    return row | means


def losses(
    learner: Learner, objective: Objective, batch: tuple[Tensor, ...], training: Training
) -> dict[str, Tensor]:
    """Forward: this process's part of a batch → the loss terms of the whole batch."""
    clips, augmented, labels = batch
    clips, labels = (x.to(training.device, non_blocking=True) for x in (clips, labels))
    with autocast(training.device, training.precision):
        output = learner.forward(to_input(clips, augmented, training.erasing_fill))
    return objective(output.map(learner.group.whole), learner.group.whole(labels))


def update(learner: Learner, loss: Tensor, training: Training) -> None:
    """Backward, and one step of the optimiser.

    Every process has the whole batch's loss but gradients of its part alone; averaging over the
    processes divides their sum by how many there are, so the loss is multiplied by it.
    """
    learner.optimizer.zero_grad()
    learner.scaler.scale(loss * learner.group.size).backward()
    if training.extras.gradient_norm:
        learner.scaler.unscale_(learner.optimizer)
        torch.nn.utils.clip_grad_norm_(learner.model.parameters(), training.extras.gradient_norm)
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    if learner.average:
        learner.average.update_parameters(learner.model)


def objective_at(epoch: int, training: Training) -> Objective:
    """The loss of an epoch: distillation may start late."""
    return Objective(
        training.frame_loss,
        training.margin,
        training.distillation.temperature,
        distill_weight_at(epoch, training),
        feature_weight=training.distillation.feature_weight,
        logit_weight=training.distillation.logit_weight,
        label_smoothing=training.extras.label_smoothing,
        cards=training.cards,
    )


def kept_file(epoch: int) -> str:
    """Of the weights after so many epochs. Until the training ends it lies among what an
    interruption must not lose."""
    return checkpoint_of(at_epoch("", epoch))


def save_weights(learner: Learner, path: Path) -> None:
    """Those that are evaluated: the moving average, if one is kept."""
    save_model(learner.average.module if learner.average else learner.model, path)


def write_result(learner: Learner, run: Run, folder: Path) -> None:
    """The checkpoint, those of kept epochs (untrained, a network is always what it was at first),
    and the history in both forms."""
    save_weights(learner, folder / CHECKPOINT)
    for file in map(kept_file, run.profile.kept):
        kept = run.work / file if run.variant.trained else folder / CHECKPOINT
        with atomic(folder / file) as temporary:
            shutil.copyfile(kept, temporary)
    history = pa.Table.from_pylist(learner.history or [{"epoch": 0}])
    write_parquet(folder / HISTORY, history)
    with atomic(folder / PLOTTED) as temporary:
        pyarrow.csv.write_csv(history, temporary)
