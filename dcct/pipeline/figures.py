"""The table of figures. A figure is a row here, a module of its name in report/figures/ with a
function `draw`, and a caption of its name in report/figures/captions/: nothing else knows of it.
"""

from dataclasses import dataclass
from typing import Literal

Need = Literal[
    "metrics",
    "epochs",
    "histories",
    "cost",
    "retrievals",
    "features",
    "attention",
    "frames",
    "manifest",
    "published",
]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a data set."""

    needs: tuple[Need, ...]
    """What it is drawn from (see pipeline.steps.NEEDS); a test holds that it reads nothing else."""
    people: bool = False
    """It shows frames: of a real data set, pictures of real people."""
    once: bool = False
    """It is of the whole profile: it stands with the first data set alone."""
    formats: tuple[str, ...] = ("png", "svg")
    """Files that are made of it."""

    @property
    def looked_at(self) -> str:
        """The format that a page takes: a drawing where there is one."""
        return self.formats[-1]


FRAMES = ("png",)
"""Formats of what consists of frames."""
FIGURES = {
    "ablation": Figure(needs=("metrics",)),
    "cmc": Figure(needs=("metrics",)),
    "distances": Figure(needs=("metrics",)),
    "kept_epochs": Figure(needs=("metrics", "epochs")),
    "training": Figure(needs=("metrics", "histories")),
    "tradeoff": Figure(needs=("metrics", "cost")),
    "temporal": Figure(needs=("attention", "frames"), people=True),
    "embedding": Figure(needs=("features", "manifest")),
    "queries": Figure(needs=("retrievals", "frames"), people=True, formats=FRAMES),
    "failures": Figure(needs=("retrievals", "features", "frames"), people=True, formats=FRAMES),
    "spatial": Figure(needs=("attention", "frames"), people=True, formats=FRAMES),
    "sheet": Figure(needs=("frames",), people=True, formats=FRAMES),
    "field": Figure(needs=("published",), once=True),
}
"""Name → figure, in the order of the page."""
