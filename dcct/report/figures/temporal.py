"""When HTA looks: how far the weights of every temporal block over the frames of a few clips are
from an even spread, and how open its gates are."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.attention import AttentionMaps, Clip, load_attention
from dcct.report.figures.style import GREY, Style, new_figure, say_gap
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
UNEVEN = colormaps["PuOr_r"]
"""Of differences to an even spread: white in the middle, one colour for less and one for more."""
SCALES = (5, 10, 20, 50, 100)
"""Ends of a column's scale, in %: the first that holds all of it, or the last."""
FLAT = 1.0
"""Below it, in %, a map is called flat and is not coloured."""
FLAT_GATE = 0.05
"""Below such a difference between frames, gates are called flat."""
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
    figure = new_figure(max(10, 1.1 * sum(widths) + 1.6), 2.2 + 1.2 * clips, title)
    grid = figure.subplots(clips, len(widths), width_ratios=widths, squeeze=False)
    for axes, clip in zip(grid[:, 0], seen.clips, strict=True):
        _draw_frames(axes, clip)
    for column, part in enumerate(blocks, 1):
        _draw_block(grid[:, column], BLOCKS[part], [clip.parts[part] for clip in seen.clips])
    if gates:
        _draw_gates(grid[:, -1], seen.clips, gates)
    _label(grid)
    _draw_scale(figure, grid[:, 1 : 1 + len(blocks)])
    about = _about(seen.clips, blocks, gates)
    figure.supxlabel(about, x=0.01, ha="left", fontsize=8, color=GREY)
    return figure


def _about(clips: list[Clip], blocks: list[str], gates: list[str]) -> str:
    absent = [BLOCKS[part] for part in BLOCKS if part not in blocks] + ["gates"] * (not gates)
    lines = [
        f"One test clip of {len(clips)} queries evenly spaced over the query set. Each row of a"
        f" square is a frame that asks; mean over heads. Flat: nowhere {FLAT:g} % off an even"
        " spread."
    ]
    if gates:
        medians = [np.median(clip.parts[part], axis=1) for clip in clips for part in gates]
        most = max(np.ptp(one) for one in medians)
        lines += [
            "Gates: share a of a branch that goes on to level 2, where the rest is the joint clip"
            f" vector; lines: median of the channels, bands: {SPREAD[0]} to {SPREAD[1]} % of them.",
            f"Between the frames of a clip no median differs by more than {most:.2f}"
            f"{': gates are flat.' if most < FLAT_GATE else '.'}",
        ]
    if absent:
        lines.append(f"Not in this variant: {', '.join(absent)}.")
    return "\n".join(lines)


def unevenness(weights_TT: np.ndarray) -> np.ndarray:
    """Weights of T frames (…,T), which sum to 1 → their difference to 1/T, in % of it."""
    return 100 * (weights_TT * weights_TT.shape[-1] - 1)


def scale_of(differences: np.ndarray) -> int | None:
    """The end of SCALES that holds these, in %; None where they are flat."""
    most = np.abs(differences).max()
    return None if most < FLAT else next((end for end in SCALES if most <= end), SCALES[-1])


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


def _draw_block(column: np.ndarray, title: str, weights: list[np.ndarray]) -> None:
    """One block in every clip, on one scale, which stands above it."""
    differences = [unevenness(one) for one in weights]
    end, frames = scale_of(np.stack(differences)), len(weights[0])
    edges = (0.5, frames + 0.5, frames + 0.5, 0.5)
    for axes, values in zip(column, differences, strict=True):
        norm = Normalize(-(end or 1), end or 1)
        shown = values if end else np.zeros_like(values)
        axes.imshow(shown, norm=norm, cmap=UNEVEN, extent=edges, interpolation="nearest")
        axes.set(xticks=range(1, frames + 1), yticks=range(1, frames + 1))
        _bare(axes)
        axes.spines[:].set(visible=True, color=GREY, linewidth=0.5)
        if end is None:
            most = f"{np.abs(values).max():.2f}"
            text = "flat: even" if most == "0.00" else f"flat: within\n{most} %"
            middle: Style = {"transform": axes.transAxes, "ha": "center", "va": "center"}
            axes.text(0.5, 0.5, text, color=GREY, fontsize=8, **middle)
    column[0].set_title(f"{title}\n{f'scale ±{end} %' if end else 'flat'}")


def _draw_gates(column: np.ndarray, clips: list[Clip], gates: list[str]) -> None:
    """Gates in every clip on one scale around a half."""
    found = {
        part: [
            np.percentile(clip.parts[part], [SPREAD[0], 50, SPREAD[1]], axis=1) for clip in clips
        ]
        for part in gates
    }
    every = np.stack([one for several in found.values() for one in several])
    reach = 0.1 * np.ceil(10 * np.abs(every - 0.5).max() + 1e-9)
    for row, (axes, clip) in enumerate(zip(column, clips, strict=True)):
        numbers = np.arange(1, len(clip.pixels) + 1)
        for part in gates:
            low, middle, high = found[part][row]
            color = GATES[part]["color"]
            axes.fill_between(numbers, low, high, color=color, alpha=0.15, linewidth=0)
            axes.plot(numbers, middle, markersize=4.5, **GATES[part])
        axes.axhline(0.5, color=GREY, linewidth=0.6)
        axes.set(xlim=(0.6, len(numbers) + 0.4), xticks=numbers)
        axes.set(ylim=(0.5 - reach, 0.5 + reach), yticks=[0.5 - reach, 0.5, 0.5 + reach])
        axes.set_ylabel("share a")
    medians = every[:, 1]
    said = f"medians {medians.min():.2f} to {medians.max():.2f}"
    column[0].set_title(f"Gates of level 2\n{said}")
    column[0].legend(loc="lower left", ncols=2, fontsize=8, handlelength=2, columnspacing=1)


def _label(grid: np.ndarray) -> None:
    """A title above the frames, axis labels below the last row and left of the first squares."""
    grid[0, 0].set_title("Frames")
    for axes in grid[-1]:
        axes.set_xlabel("frame")
    for axes in grid[:, 1]:
        axes.set_ylabel("asking frame")


def _draw_scale(figure: Figure, squares: np.ndarray) -> None:
    """One bar for all columns: its ends are each column's own."""
    scale = ScalarMappable(Normalize(-1, 1), UNEVEN)
    bar = figure.colorbar(scale, ax=squares, location="bottom", aspect=50, shrink=0.6, pad=0.03)
    bar.set_ticks([-1, 0, 1], labels=["− scale", "even", f"+ scale (or more, at ±{SCALES[-1]} %)"])
    bar.set_label("weight of a frame, difference to an even spread in % of it")


def _bare(axes: Axes) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8)


def _gap(seen: AttentionMaps) -> Figure:
    figure = new_figure(10, 2, f"When HTA looks: {seen.variant} on {seen.where}")
    say_gap(figure, seen.lacks("HTA"))
    return figure
