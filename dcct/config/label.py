"""Labels: what is evaluated, in one word that stands in paths.

A variant; variant@set where another data set trained it; variant@epochN for the weights that its
training had after N epochs (evaluation.epochs of a profile).
"""

import re

EPOCH = re.compile(r"epoch(\d+)")
CHECKPOINT = "model.safetensors"
"""Weights after the last epoch."""


def at_epoch(variant: str, epoch: int) -> str:
    """The label of a variant after so many epochs."""
    return f"{variant}@epoch{epoch}"


def variant_of(label: str) -> str:
    """The variant alone."""
    return label.partition("@")[0]


def epoch_of(label: str) -> int | None:
    """The epoch of variant@epochN; None of others, whose weights are those after the last."""
    match = EPOCH.fullmatch(label.partition("@")[2])
    return int(match[1]) if match else None


def source_of(label: str) -> str | None:
    """The data set of variant@set; None of what was trained on the one that it is evaluated on."""
    source = label.partition("@")[2]
    return None if epoch_of(label) else source or None


def row_of(label: str) -> str:
    """What names it in a table, whose columns say on which set it was trained."""
    return label if epoch_of(label) else variant_of(label)


def checkpoint_of(label: str) -> str:
    """The file of a training's weights that it is evaluated with."""
    epoch = epoch_of(label)
    return f"epoch{epoch}.safetensors" if epoch else CHECKPOINT
