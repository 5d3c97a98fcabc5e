"""Where a run of the workflow keeps what it measured of a model folder."""

import os
from pathlib import Path
from typing import NamedTuple

from dcct.config.label import CHECKPOINT
from dcct.pipeline.pipeline import command_of
from dcct.pipeline.steps import STEPS, made_by


class Measured(NamedTuple):
    """A training's metrics."""

    folder: Path
    """Theirs, which may not be there yet."""
    dataset: str
    """On which it was tested."""
    command: str
    """That makes them."""


def metrics_of(folder: Path) -> Measured | None:
    """Of results/checkpoints/<set>/split<n>/<variant>/seed<n>; None of a folder elsewhere."""
    path = Path(os.path.abspath(folder))
    below = Path(*path.parts[-5:])
    step, key, _ = made_by(below / CHECKPOINT) or (None, {}, "")
    if step is not STEPS["train"]:
        return None
    measured = path.parents[4] / "metrics" / below.relative_to("checkpoints")
    return Measured(measured, key["dataset"], command_of(STEPS["rank"], key))
