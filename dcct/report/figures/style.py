"""How every figure looks: palette, line styles by the parts of a variant, and files with the same
bytes each time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from dcct.config.foreign import Foreign
from dcct.config.variant import Variant
from dcct.files import atomic

Style = dict[str, Any]
"""Keyword arguments of matplotlib's drawing functions."""
RC: Style = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.edgecolor": "#555555",
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.6,
    "lines.markersize": 6,
    "lines.markeredgewidth": 0.7,
    "figure.titlesize": 11,
    "figure.titleweight": "bold",
    "text.parse_math": False,  # a dollar in a title is a dollar
    "svg.hashsalt": "dcct",
    "svg.fonttype": "path",
}
GREY = "#666666"
RIGHT, WRONG = "#009E73", "#D55E00"
HEAT = colormaps["cividis"]
"""Of weights: even in lightness, hence the same order in grey and to every eye."""
DPI = 150
FURTHER = ("P", "X", "<", ">", "*", "d", "8")
"""Markers that no kind of network has to itself."""
_METADATA = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
_LINES = {(False, False): "-", (True, False): "--", (False, True): ":", (True, True): "-."}


def looks(variants: dict[str, Variant]) -> dict[str, Style]:
    """How each of a figure's variants is drawn: by its parts. No two look the same: where
    these parts leave two equal, further markers distinguish them, in order."""
    found: dict[str, Style] = {}
    for name, variant in variants.items():
        style = _look(variant)
        candidates = (style | {"marker": marker} for marker in _markers(style["marker"]))
        found[name] = next(look for look in candidates if look not in found.values())
    return found


def _markers(first: str) -> Iterator[str]:
    """Without end: after the further ones, numbers."""
    yield first
    yield from FURTHER
    yield from (f"${number}$" for number in count(1))


def _look(variant: Variant) -> Style:
    """Colour (Okabe–Ito) and marker say which network it is, the line style which distillation it
    had, the marker's filling what was taken out of it."""
    color, marker = _network(variant)
    filling = _filling(variant)
    hollow = variant.backbone_of is not None or isinstance(variant, Foreign)
    outlined = hollow or filling != "full" or not variant.trained
    return {
        "color": color,
        "marker": marker,
        "linestyle": _LINES[variant.distill.feature, variant.distill.logit],
        "fillstyle": filling,
        "markerfacecolor": "white" if hollow else color,
        "markerfacecoloralt": "white",
        "markeredgecolor": color if outlined else "white",
    }


def _network(variant: Variant) -> tuple[str, str]:
    """Colour and marker of its kind of network; what is not ours has its own."""
    if isinstance(variant, Foreign):
        return "#882255", "d"
    if not variant.trained:
        return GREY, "x"
    if len(variant.branches) == 1:
        return {"cnn": ("#0072B2", "o"), "vit": ("#E69F00", "s")}[variant.branches[0]]
    if not variant.cca:
        return "#56B4E9", "^"
    if not variant.hta:
        return "#009E73", "D"
    if variant.hta.levels == 1:
        return "#CC79A7", "v"
    distilled_twice = variant.distill.feature and variant.distill.logit
    return ("black", "h") if distilled_twice else ("#D55E00", "p")


def _filling(variant: Variant) -> str:
    """Half of the marker where CCA has one of its attentions, or HTA no gates."""
    if len(variant.cca) == 1:
        return {"self": "left", "cross": "right"}[variant.cca[0]]
    return "bottom" if variant.hta and not variant.hta.gate else "full"


def new_figure(width: float, height: float, title: str) -> Figure:
    """An empty figure of so many inches. Call it, and draw, inside `matplotlib.rc_context(RC)`."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, horizontalalignment="left")
    return figure


def say_not_run(axes: Axes, titles: list[str]) -> None:
    """Name the gaps where the legend will stand."""
    for title in titles:
        axes.plot([], [], linestyle="none", label=f"{title}: not run")


def heat_scale(most: int) -> LogNorm:
    """Weights relative to an even spread: 1 in the middle of HEAT, its ends at 1/most and most, and
    what is beyond."""
    return LogNorm(1 / most, most, clip=True)


def say_gap(figure: Figure, text: str) -> None:
    """What stands in place of a figure's panels when there is nothing to show."""
    figure.text(0.5, 0.45, text, ha="center", va="center", color=GREY)


def save(figure: Figure, folder: Path, name: str, formats: tuple[str, ...]) -> None:
    """Write folder/name in each format without anything that differs between two equal runs."""
    for kind in formats:
        with atomic(folder / f"{name}.{kind}") as temporary:
            figure.savefig(temporary, format=kind, dpi=DPI, metadata=_METADATA[kind])


def styled() -> AbstractContextManager[None]:
    """The context in which figures are made and saved; nothing of the user's settings shines
    through."""
    settings: Any = {**matplotlib.rcParamsDefault, **RC, "backend": "agg"}
    return matplotlib.rc_context(settings)
