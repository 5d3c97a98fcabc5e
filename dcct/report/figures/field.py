"""Published mAP of the field over the years, and ours beside it where it was run."""

from itertools import groupby
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.config.field import Quoted
from dcct.evaluation.statistics import Estimate
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.labels import apart
from dcct.report.figures.style import GREY, Style, new_figure, say_gap
from dcct.report.tables.grid import number
from dcct.report.tables.results import load_results, marked, sample

METRIC = "mAP"
LOOKS: dict[str, Style] = {
    "CNN": {"color": "#0072B2", "marker": "o", "markeredgecolor": "white"},
    "transformer": {"color": "#E69F00", "marker": "s", "markeredgecolor": "white"},
    "kind unknown": {"color": GREY, "marker": "D", "markeredgecolor": "white"},
    "the paper": {"color": "black", "marker": "h", "markersize": 8, "markerfacecolor": "white"},
    "ours": {"color": "black", "marker": "h", "markersize": 8},
}
"""What stands in the legend → how it is drawn."""
NEAR = 0.052
"""Share of a panel's height that is kept between two names."""
MOST_YEARS = 15
"""That are named below the axis."""
ASIDE = 0.09
"""Years between a point and its name."""
Point = tuple[int, float, str]
"""Year, percent, name."""


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """One panel for each data set of which mAP is published, whether the profile runs it or not:
    the same for each of the profile's. What of ours was not run is named."""
    sets = pipeline.field_sets
    title = "mAP of the field over the years, as published (protocols differ), and ours"
    figure = new_figure(9, 1 + 3.4 * max(len(sets), 1), title)
    if not sets:
        say_gap(figure, "no mAP of any method is among the published numbers")
        return figure
    years = [
        one.method.year
        for one in pipeline.field
        if any(METRIC in one.values.get(name, ()) for name in sets)
    ]
    first, here = min(years), max(years) + 1
    panels = figure.subplots(len(sets), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, sets, strict=True):
        _draw_panel(axes, pipeline, name, here)
    named = range(here, first - 1, -ceil((here - first) / MOST_YEARS))[1:]
    panels[-1].set_xticks([*named, here], [*map(str, named), "here"])
    panels[-1].set_xlim(first - 0.25, here + 0.95)
    for label, look in LOOKS.items():
        panels[0].plot([], [], linestyle="none", label=label, **look)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def _draw_panel(axes: Axes, pipeline: Pipeline, dataset: str, here: int) -> None:
    """The field on a data set, and ours at `here`, one year after the last."""
    points = []
    for one in pipeline.field:
        if (value := one.values.get(dataset, {}).get(METRIC)) is not None:
            axes.plot(one.method.year, value, **LOOKS[_look(one)])
            points.append((one.method.year, value, one.name))
    ours, warned = _ours(pipeline, dataset)
    for name, estimate in ours.items():
        axes.plot([here, here], estimate.ends, color=GREY, linewidth=1)
        axes.plot(here, estimate.mean, **LOOKS["ours"])
        mean, low, high = map(number, (estimate.mean, *estimate.ends))
        points.append(
            (here, estimate.mean, f"{pipeline.variant(name).title}\n{mean} [{low}, {high}]")
        )
    title = marked(pipeline.dataset(dataset).title, warned)
    axes.set_title(title)
    axes.set_ylabel(f"{METRIC} in %")
    axes.margins(y=0.08)
    if not ours:
        place: Style = {"ha": "left", "va": "center", "color": GREY}
        text = f"nothing of\nours was run\non {title}"
        axes.annotate(text, (here - 0.1, 0.5), xycoords=("data", "axes fraction"), **place)
    _name(axes, points)


def _look(one: Quoted) -> str:
    if one.method.variant:
        return "the paper"
    return one.method.kind if one.method.kind in LOOKS else "kind unknown"


def _ours(pipeline: Pipeline, dataset: str) -> tuple[dict[str, Estimate], bool]:
    """mAP of what reproduces a published method, as far as it was run on the data set; and whether
    its data did not pass verification."""
    if dataset not in pipeline.profile.datasets:
        return {}, False
    results = load_results(pipeline, dataset, pipeline.reproduced)
    made = {name: runs for name, runs in results.items() if runs}
    resamples = pipeline.profile.evaluation.bootstrap
    estimates = {}
    for name, runs in made.items():
        sampler, headline = runs[0].headline["sampler"], pipeline.variant(name).headline
        estimates[name] = sample(runs, METRIC, sampler, headline).estimate(resamples)
    warned = any(run.metrics["verification"] == "warned" for runs in made.values() for run in runs)
    return estimates, warned


def _name(axes: Axes, points: list[Point]) -> None:
    """Names to the right of their points, moved up or down where several stand in a year, with a
    line to each one's point."""
    low, high = axes.get_ylim()
    line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3}
    for year, several in groupby(sorted(points), key=lambda point: point[0]):
        _, values, names = zip(*several, strict=True)
        heights = apart(np.array(values), NEAR * (high - low))
        for value, height, name in zip(values, heights, names, strict=True):
            moved = not np.isclose(height, value)
            place: Style = {"va": "center", "fontsize": 7.5, "arrowprops": line if moved else None}
            axes.annotate(name, (year, value), (year + ASIDE, height), **place)
