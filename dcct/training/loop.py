"""Training of one variant, from initial weights to a checkpoint; interrupted anywhere, it ends with the same bytes."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dcct.checkpoint import MODEL, save_model
from dcct.clips.loader import TrainingClips, epoch_batches, load_epoch
from dcct.clips.transforms import to_input
from dcct.config.profile import Training
from dcct.datasets.manifest import write_parquet
from dcct.device import autocast, on_device, prepare_torch
from dcct.errors import AskedToStopError, DcctError
from dcct.models.dcct import DCCT
from dcct.models.weights import read_weights
from dcct.progress import Progress
from dcct.receipt import write_json
from dcct.streams import Stream, torch_seed
from dcct.training.interrupt import stop_requests
from dcct.training.learner import Learner, Run
from dcct.training.memory import memory_advice, memory_of
from dcct.training.objective import Objective
from dcct.training.schedule import distill_weight_at, lr_at

HISTORY = "history.parquet"


def fit(run: Run, folder: Path, progress: Progress) -> dict:
    """Train and write folder/model.safetensors and folder/history.parquet.

    Returns {"train_seconds": …, "images": …} summed over interruptions. Raises DcctError at a non-finite loss,
    AskedToStopError when a signal asked to stop and the state is saved.
    """
    prepare_torch(run.profile.training)
    training = run.profile.training
    dataset = TrainingClips(run.frames, run.manifest, run.profile.clips, training, run.seed)
    model = on_device(initial_model(run, dataset.num_identities), training)
    learner = Learner(
        model=model,
        forward=torch.compile(model) if training.compile else model,
        optimizer=adam(model, training),
        scaler=torch.amp.GradScaler(training.device, enabled=training.precision == "fp16"),
        average=moving_average(model, training),
    )
    learner.resume(run, progress)
    epochs = training.epochs if run.variant.trained else 0
    memory = memory_of(run.variant, run.profile, dataset.num_identities)
    progress.say(f"memory of a step: {memory}")
    tell = progress.tick(epochs, "epochs", learner.epoch)
    with stop_requests() as asked, memory_advice(training, run.profile.clips.length):
        while learner.epoch < epochs:
            row, seconds = train_epoch(learner, dataset, run, asked)
            learner.history.append(row)
            learner.epoch, learner.step, learner.sums, learner.images = learner.epoch + 1, 0, {}, 0
            learner.save(run)
            tell(_line(row, epochs, seconds, epochs - learner.epoch))
    save_model(learner.average.module if learner.average else model, folder / MODEL)
    write_parquet(folder / HISTORY, pa.Table.from_pylist(learner.history or [{"epoch": 0}]))
    return {
        "train_seconds": round(learner.seconds, 3),
        "images": sum(row["images"] for row in learner.history),
        "parameters": sum(p.numel() for p in model.parameters()),
        "device": training.device,
        "memory_estimate_mb": round((memory.state + memory.activations) / 2**20),
    }


def initial_model(run: Run, num_identities: int) -> DCCT:
    """The variant's network: backbones from the weights step, everything else drawn from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, Stream.INITIAL_WEIGHTS))
        model = DCCT(run.variant, run.profile.network, run.profile.clips, num_identities)
    for branch in run.variant.branches:
        getattr(model, branch).net.load_state_dict(read_weights(run.weights, branch))
    return model


def adam(model: DCCT, training: Training) -> torch.optim.Adam:
    """Adam with coupled L2 on everything (official); the backbones may learn at another rate."""
    backbones = [parameter for net in (model.cnn, model.vit) if net for parameter in net.parameters()]
    known = {id(parameter) for parameter in backbones}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [{"params": backbones, "rate": training.extras.backbone_rate}, {"params": others, "rate": 1.0}]
    return torch.optim.Adam(groups, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True)


def moving_average(model: DCCT, training: Training) -> AveragedModel | None:
    """The exponential moving average of weights and buffers, if the profile asks for one."""
    if not training.extras.average:
        return None
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(training.extras.average), use_buffers=True)


def train_epoch(
    learner: Learner, dataset: TrainingClips, run: Run, asked: Callable[[], str | None]
) -> tuple[dict, float]:
    """The rest of a pass over the identities; returns the epoch's mean of every loss term, and the seconds it took.

    Raises AskedToStopError, with the state saved, when `asked` names a signal after a step.
    """
    training, epoch, started = run.profile.training, learner.epoch, time.perf_counter()
    objective, learning_rate = objective_at(epoch, training), lr_at(epoch, training)
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate * group["rate"]
    learner.model.train()
    for clips, augmented, labels in load_epoch(dataset, epoch, learner.step):
        torch.manual_seed(torch_seed(run.seed, Stream.DROP_PATH, epoch, learner.step))
        clips, labels = clips.to(training.device), labels.to(training.device)
        with autocast(training):
            output = learner.forward(to_input(clips, augmented))
        terms = objective(output, labels)
        _check_finite(terms, learner, dataset, run)
        learner.optimizer.zero_grad()
        learner.scaler.scale(terms["loss"]).backward()
        if training.extras.gradient_norm:
            learner.scaler.unscale_(learner.optimizer)
            torch.nn.utils.clip_grad_norm_(learner.model.parameters(), training.extras.gradient_norm)
        learner.scaler.step(learner.optimizer)
        learner.scaler.update()
        if learner.average:
            learner.average.update_parameters(learner.model)
        for name, term in terms.items():
            learner.sums[name] = learner.sums.get(name, 0.0) + term.detach()
        learner.step, learner.images = learner.step + 1, learner.images + clips.shape[0] * clips.shape[1]
        if signal := asked():
            learner.seconds += time.perf_counter() - started
            learner.save(run)
            where = f"epoch {epoch}, step {learner.step}"
            raise AskedToStopError(f"{signal}: stopped after {where}; all is saved: run the same command to go on")
    if not learner.step:
        raise DcctError(
            f"training.identities: {training.identities} a batch, but the set has only "
            f"{dataset.num_identities} training identities: choose fewer"
        )
    seconds = time.perf_counter() - started
    learner.seconds += seconds
    means = {name: float(total) / learner.step for name, total in learner.sums.items()}
    weight = distill_weight_at(epoch, training)
    row = {"epoch": epoch + 1, "learning_rate": learning_rate, "distill_weight": weight, "images": learner.images}
    return row | means, seconds


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
    )


def _check_finite(terms: dict[str, torch.Tensor], learner: Learner, dataset: TrainingClips, run: Run) -> None:
    if math.isfinite(terms["loss"].item()):
        return
    training, path = run.profile.training, run.work / "non-finite.json"
    batches = epoch_batches(dataset.labels, training.identities, training.tracklets, run.seed, learner.epoch)
    values = {name: str(term.item()) for name, term in terms.items()}
    place = {"epoch": learner.epoch + 1, "step": learner.step + 1}
    write_json(path, {**place, "tracklets": [tracklet for *_, tracklet in batches[learner.step]], "terms": values})
    bad = ", ".join(name for name, term in terms.items() if not math.isfinite(term.item()))
    raise DcctError(
        f"the loss is not finite at epoch {place['epoch']}, step {place['step']} ({bad}): {path} holds its terms and "
        "tracklets: lower training.learning_rate or the distillation weights"
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
