"""mAP of every variant with its interval, in the profile's order, and the line of chance."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.comparison import CHANCE_LINE, Comparison, load_comparison
from dcct.report.figures.style import GREY, Style, new_figure


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """One row a variant. What was not run is named."""
    compared = load_comparison(pipeline, dataset)
    variants = compared.variants
    title = f"mAP of every variant on {compared.where}"
    figure = new_figure(8, 1.3 + 0.34 * len(variants), title)
    axes = figure.add_subplot()
    for row, name in enumerate(variants):
        text = _interval_row(axes, row, name, compared) if compared.results[name] else "not run"
        color = "black" if compared.results[name] else GREY
        place: Style = {"xycoords": ("axes fraction", "data"), "va": "center"}
        axes.annotate(text, (1.01, row), color=color, **place)
    axes.set_yticks(range(len(variants)), [variant.title for variant in variants.values()])
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("mAP in %")
    about = f"bars: {compared.bars}"
    axes.set_title(about + compared.small_marks("; small dots"), color=GREY)
    _chance_line(axes, compared)
    return figure


def _interval_row(axes: Axes, row: int, name: str, compared: Comparison) -> str:
    style = compared.looks[name] | {"linestyle": "none"}
    color, estimate = style["color"], compared.estimate(name, "mAP")
    low, high = estimate.ends
    axes.plot([low, high], [row, row], color=color, linewidth=1.0)
    axes.plot(estimate.identities, [row, row], color=color, linewidth=2.8, solid_capstyle="butt")
    axes.plot(estimate.mean, row, markersize=7, **style)
    if len(estimate.parts) > 1:
        places = [row + 0.28] * len(estimate.parts)
        dots: Style = {"markersize": 4, "markeredgewidth": 0, "alpha": 0.8}
        axes.plot(estimate.parts, places, ".", color=color, **dots)
    return f"{estimate.mean:.1f}  [{low:.1f}, {high:.1f}]"


def _chance_line(axes: Axes, compared: Comparison) -> None:
    if run := compared.any_run:
        chance = 100 * run.headline["chance"]["mAP"]
        axes.axvline(chance, zorder=1, **CHANCE_LINE)
        place: Style = {"xycoords": ("data", "axes fraction"), "color": GREY, "fontsize": 8}
        axes.annotate(f" chance {chance:.1f}", (chance, 0.01), **place)
