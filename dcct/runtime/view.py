"""What a training shows while it runs: a live view on a terminal, a plain line for each epoch in
pipes and logs."""

import resource
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import torch
from rich.columns import Columns
from rich.console import Group as Stacked
from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from torch import Tensor

from dcct.runtime.progress import Progress

REDRAW_S = 0.25
"""Reading a loss term waits for the device, so not every step is shown."""
SHOWN = ("loss", "frame", "clip", "distill_f", "distill_l")
"""What names of loss terms begin with; the rest of a history row is not printed."""


class Trained(Protocol):
    """How far a training is."""

    epoch: int
    """Whole epochs."""
    step: int
    """Steps of the next one."""
    images: int
    """Images that it has seen in it."""


class View:
    """Use as a context manager around a training that calls it (training.loop.Watch).

    after_step: called after each step too.
    """

    def __init__(
        self,
        progress: Progress,
        after_step: Callable[[], None] = lambda: None,
    ):
        self.progress, self.after_step = progress, after_step
        console = progress.console
        on_terminal = console is not None and console.is_terminal
        self._live = Live(console=console, auto_refresh=False) if on_terminal else None
        self._drawn = self._started = 0.0
        self._images = self._first_step = self._epochs = self._steps = 0

    def __enter__(self) -> "View":
        return self

    def __exit__(self, *_) -> None:
        if self._live:
            self._live.update("", refresh=True)
            self._live.stop()

    def say(self, message: str) -> None:
        self.progress.say(message)

    def epoch_starts(self, place: Trained, epochs: int, steps: int) -> None:
        if self._live:
            self._live.start()
        self._started, self._epochs, self._steps = time.perf_counter(), epochs, steps
        self._images, self._first_step = place.images, place.step

    def step(self, place: Trained, terms: dict[str, Tensor]) -> None:
        """Draw where the training is, unless that was done a moment ago."""
        self.after_step()
        now = time.perf_counter()
        if self._live and now - self._drawn >= REDRAW_S:
            self._drawn = now
            self._live.update(self._picture(place, terms, now - self._started), refresh=True)

    def epoch_ends(self, row: dict) -> None:
        """One line: where it is, how fast, how long still, and the epoch's mean of the loss (in
        logs of every term)."""
        seconds = time.perf_counter() - self._started
        shown = "loss" if self._live else SHOWN
        terms = "  ".join(
            f"{name} {value:.3f}" for name, value in row.items() if name.startswith(shown)
        )
        rate = (row["images"] - self._images) / seconds
        left = seconds * (self._epochs - row["epoch"])
        self.progress.say(
            f"epoch {row['epoch']}/{self._epochs}  lr {row['learning_rate']:.2g}  {rate:.0f}"
            f" images/s  {left:.0f} s left  {terms}"
        )

    def _picture(self, place: Trained, terms: dict[str, Tensor], seconds: float) -> RenderableType:
        """seconds: since this process started the epoch, at whose step `first_step` it may have
        gone on."""
        done = place.step - self._first_step
        left = (self._epochs - place.epoch) * self._steps - place.step
        grid = Table.grid(padding=(0, 1))
        grid.add_row(
            "epoch",
            f"{place.epoch + 1}/{self._epochs}",
            ProgressBar(self._epochs, place.epoch, width=40),
        )
        grid.add_row(
            "step", f"{place.step}/{self._steps}", ProgressBar(self._steps, place.step, width=40)
        )
        speed = (
            f"{(place.images - self._images) / seconds:,.0f} images/s  "
            f" {timedelta(seconds=round(left * seconds / max(1, done)))} left  "
            f" {_memory_gib():.1f} GiB"
        )
        values = [
            Text.assemble((name, "dim"), f" {term.item():.3f}") for name, term in terms.items()
        ]
        return Stacked(
            Text(self.progress.label, "bold"), grid, Text(speed), Columns(values, padding=(0, 2))
        )


def _memory_gib() -> float:
    """Peak memory so far, of the GPU or of this process."""
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
