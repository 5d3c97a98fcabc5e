"""What a training shows while it runs: a live view on a terminal, a plain line for each epoch in
pipes and logs."""

import resource
import time
from datetime import timedelta

import torch
from rich.columns import Columns
from rich.console import Group as Stacked
from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from torch import Tensor

from dcct.config.profile import Training
from dcct.runtime.progress import Progress
from dcct.training.state import Learner

REDRAW_S = 0.25
"""Reading a loss term waits for the device, so not every step is shown."""
SHOWN = ("loss", "frame", "clip", "distill_f", "distill_l")
"""What names of loss terms begin with; the rest of a history row is not printed."""


class View:
    """Use as a context manager; call epoch_starts, then step after each step, then epoch_ends."""

    def __init__(self, progress: Progress, training: Training, epochs: int, identities: int):
        self.progress, self.training, self.epochs = progress, training, epochs
        self.steps = identities // training.identities
        console = progress.console
        self._live = (
            Live(console=console, auto_refresh=False) if console and console.is_terminal else None
        )
        self._drawn = self._started = 0.0
        self._images = self._first_step = 0

    def __enter__(self) -> "View":
        if self._live and self.epochs:
            self._live.start()
        return self

    def __exit__(self, *_) -> None:
        if self._live:
            self._live.update("", refresh=True)
            self._live.stop()

    def epoch_starts(self, learner: Learner) -> None:
        self._started, self._images, self._first_step = (
            time.perf_counter(),
            learner.images,
            learner.step,
        )

    def step(self, learner: Learner, terms: dict[str, Tensor]) -> None:
        """Draw where the training is, unless that was done a moment ago."""
        now = time.perf_counter()
        if self._live and now - self._drawn >= REDRAW_S:
            self._drawn = now
            self._live.update(self._picture(learner, terms, now - self._started), refresh=True)

    def epoch_ends(self, row: dict) -> None:
        """One line: where it is, how fast, how long still, and the epoch's mean of the loss (in
        logs of every term)."""
        seconds = time.perf_counter() - self._started
        shown = "loss" if self._live else SHOWN
        terms = "  ".join(
            f"{name} {value:.3f}" for name, value in row.items() if name.startswith(shown)
        )
        rate, left = (
            (row["images"] - self._images) / seconds,
            seconds * (self.epochs - row["epoch"]),
        )
        self.progress.say(
            f"epoch {row['epoch']}/{self.epochs}  lr {row['learning_rate']:.2g}  {rate:.0f}"
            f" images/s  {left:.0f} s left  {terms}"
        )

    def _picture(
        self, learner: Learner, terms: dict[str, Tensor], seconds: float
    ) -> RenderableType:
        """seconds: since this process started the epoch, at whose step `first_step` it may have
        gone on."""
        done = learner.step - self._first_step
        left = (self.epochs - learner.epoch) * self.steps - learner.step
        place = Table.grid(padding=(0, 1))
        place.add_row(
            "epoch",
            f"{learner.epoch + 1}/{self.epochs}",
            ProgressBar(self.epochs, learner.epoch, width=40),
        )
        place.add_row(
            "step", f"{learner.step}/{self.steps}", ProgressBar(self.steps, learner.step, width=40)
        )
        speed = (
            f"{(learner.images - self._images) / seconds:,.0f} images/s  "
            f" {timedelta(seconds=round(left * seconds / max(1, done)))} left  "
            f" {_memory_gib(self.training):.1f} GiB"
        )
        values = [
            Text.assemble((name, "dim"), f" {term.item():.3f}") for name, term in terms.items()
        ]
        return Stacked(
            Text(self.progress.label, "bold"), place, Text(speed), Columns(values, padding=(0, 2))
        )


def _memory_gib(training: Training) -> float:
    """Peak memory so far, of the GPU or of this process."""
    if training.device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
