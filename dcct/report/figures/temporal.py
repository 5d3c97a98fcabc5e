"""When HTA looks: the weights of every temporal block over the frames of a few clips, and how open
its gates are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.attention import AttentionMaps, Clip, load_attention
from dcct.report.figures.style import GREY, HEAT, Style, heat_scale, new_figure, say_gap
from dcct.report.figures.tiles import HEIGHT

BLOCKS = {
    f"time/{level}/{block}": f"Level {level}, {title}"
    for level in (1, 2)
    for block, title in {"cnn": "CNN", "vit": "ViT", "joint": "joint"}.items()
}
"""Temporal block → title."""
GATES: dict[str, Style] = {
    "gate/cnn": {"label": "CNN", "color": "#0072B2", "marker": "o", "linestyle": "-"},
    "gate/vit": {"label": "ViT", "color": "#E69F00", "marker": "s", "linestyle": "--"},
}
MOST = 4
SPREAD = (10, 90)
"""Percentiles of the channels between which a gate's band lies."""


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """One row per clip, one column per block, and the gates."""
    seen = load_attention(pipeline, dataset)
    blocks, gates = ([part for part in parts if seen.has(part)] for parts in (BLOCKS, GATES))
    return _rows(seen, blocks, gates) if blocks else _gap(seen)


def _rows(seen: AttentionMaps, blocks: list[str], gates: list[str]) -> Figure:
    frames, clips = len(seen.clips[0].pixels), len(seen.clips)
    widths = [frames / HEIGHT, *[1] * len(blocks), *[1.5] * bool(gates)]
    title = f"When HTA looks: {seen.variant} on {seen.where}"
    figure = new_figure(max(10, 1.2 * sum(widths) + 1.6), 2 + 1.3 * clips, title)
    grid = figure.subplots(clips, len(widths), width_ratios=widths, squeeze=False)
    for row, clip in zip(grid, seen.clips, strict=True):
        _draw_frames(row[0], clip)
        for axes, part in zip(row[1:], blocks, strict=False):
            _draw_block(axes, clip.parts[part])
        if gates:
            _draw_gates(row[-1], clip, gates)
    _label(grid, blocks, gates)
    scale = ScalarMappable(heat_scale(MOST), HEAT)
    bar = figure.colorbar(
        scale, ax=grid[:, 1 : 1 + len(blocks)], location="bottom", aspect=50, shrink=0.6, pad=0.03
    )
    bar.set_ticks(
        [1 / MOST, 1 / 2, 1, 2, MOST],
        labels=[f"1/{MOST} or less", "1/2", "even", "2", f"{MOST} or more"],
    )
    bar.minorticks_off()
    bar.set_label("weight, in multiples of an even spread; mean over heads")
    absent = "; ".join(
        [BLOCKS[part] for part in BLOCKS if part not in blocks] + ["gates"] * (not gates)
    )
    about = (
        f"One test clip of {clips} queries evenly spaced over the query set. Each row of a square"
        " is a frame that asks."
    )
    if gates:
        about += (
            " Gates: share a of a branch that goes on to level 2, where the rest is the joint clip"
            f" vector;\nlines: median of the channels, bands: {SPREAD[0]} to {SPREAD[1]} % of them."
        )
    about += f"\nNot in this variant: {absent}." if absent else ""
    figure.supxlabel(about, x=0.01, ha="left", fontsize=8, color=GREY)
    return figure


def _draw_frames(axes: Axes, clip: Clip) -> None:
    """The clip's frames side by side."""
    for frame, pixels in enumerate(clip.pixels):
        axes.imshow(
            pixels, extent=(frame + 0.53, frame + 1.47, HEIGHT, 0), interpolation="bilinear"
        )
    axes.set(xlim=(0.5, len(clip.pixels) + 0.5), ylim=(HEIGHT, 0), aspect="equal", yticks=[])
    axes.set_xticks(range(1, len(clip.pixels) + 1))
    axes.set_ylabel(clip.label.replace(", ", "\n"), rotation=0, ha="right", va="center")
    _bare(axes)


def _draw_block(axes: Axes, weights_TT: np.ndarray) -> None:
    frames = len(weights_TT)
    edges = (0.5, frames + 0.5, frames + 0.5, 0.5)
    axes.imshow(
        weights_TT * frames, norm=heat_scale(MOST), cmap=HEAT, extent=edges, interpolation="nearest"
    )
    axes.set(xticks=range(1, frames + 1), yticks=range(1, frames + 1))
    _bare(axes)


def _draw_gates(axes: Axes, clip: Clip, gates: list[str]) -> None:
    numbers = np.arange(1, len(clip.pixels) + 1)
    for part in gates:
        low, middle, high = np.percentile(clip.parts[part], [SPREAD[0], 50, SPREAD[1]], axis=1)
        axes.fill_between(numbers, low, high, color=GATES[part]["color"], alpha=0.15, linewidth=0)
        axes.plot(numbers, middle, markersize=4.5, **GATES[part])
    axes.set(ylim=(0, 1), xlim=(0.6, len(numbers) + 0.4), xticks=numbers, yticks=[0, 0.5, 1])


def _label(grid: np.ndarray, blocks: list[str], gates: list[str]) -> None:
    """Titles above the first row, axis labels below the last one and left of the first column of
    squares."""
    first, last = grid[0], grid[-1]
    first[0].set_title("Frames")
    last[0].set_xlabel("frame")
    for column, part in enumerate(blocks, 1):
        first[column].set_title(BLOCKS[part])
        last[column].set_xlabel("looks at frame")
    for row in grid:
        row[1].set_ylabel("frame")
    if gates:
        first[-1].set_title("Gates of level 2")
        first[-1].legend(loc="lower left", ncols=2, fontsize=8, handlelength=2, columnspacing=1)
        last[-1].set_xlabel("frame")
        for row in grid:
            row[-1].set_ylabel("share a")


def _bare(axes: Axes) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8)


def _gap(seen: AttentionMaps) -> Figure:
    figure = new_figure(10, 2, f"When HTA looks: {seen.variant} on {seen.where}")
    say_gap(figure, seen.lacks("HTA"))
    return figure
