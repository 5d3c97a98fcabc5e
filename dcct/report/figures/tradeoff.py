"""What accuracy costs: mAP of every variant against its parameters, its operations and the time of
a clip."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.errors import DataError
from dcct.evaluation.statistics import Estimate
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.report.figures.comparison import Comparison, load_comparison
from dcct.report.figures.labels import apart
from dcct.report.figures.style import GREY, Style, new_figure
from dcct.report.tables.cost import THIS_SIZE

COSTS: dict[str, list[tuple[float, str]]] = {
    "parameters": [(1e6, "parameters in millions"), (1e3, "parameters in thousands")],
    "flops_per_frame": [(1e9, "GFLOPs per frame"), (1e6, "MFLOPs per frame")],
    "ms_per_clip": [(1, "latency in ms per clip (median, networks in turn)")],
}
"""Column of the cost table → units, the first of which the largest value reaches is taken, or the
last."""
NEAR = 0.045
"""Share of the axis of mAP that is kept between two numbers at markers."""


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """One panel per cost that was measured; variants are numbered from the smallest network to the
    largest. What was not run, or not counted, is named."""
    compared, costs = load_comparison(pipeline, dataset), read_costs(pipeline.job("cost"))
    order = costs.sort_values("parameters", kind="stable").index
    names = [name for name in order if compared.results.get(name)]
    gaps = {
        name: "not counted" if compared.results[name] else "not run"
        for name in compared.variants
        if name not in names
    }
    columns = [column for column in COSTS if costs.loc[names, column].notna().all()]
    about = "What accuracy costs: mAP against the size and speed of every variant on"
    figure = new_figure(11, 4.6, f"{about} {compared.where}")
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    estimates = {name: compared.estimate(name, "mAP") for name in names}
    for axes, column in zip(panels, columns, strict=True):
        _draw_panel(axes, column, costs.loc[names, column].to_numpy(float), estimates, compared)
    for name, gap in gaps.items():
        title = compared.variants[name].title
        panels[0].plot([], [], linestyle="none", label=f"{title}: {gap}")
    panels[0].set_ylabel("mAP in %")
    panels[0].margins(y=0.12)
    panels[0].set_title(f"bars: {compared.bars}", color=GREY)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def read_costs(job: Job) -> pd.DataFrame:
    """COSTS at the profile's size, by variant. Raises DataError when the table cannot be
    read."""
    path = job / "csv"
    try:
        table = pd.read_csv(path)
        return table[table["size"] == THIS_SIZE].set_index("variant")[list(COSTS)]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read ({error}): run `{job.again}` again") from None


def _draw_panel(
    axes: Axes,
    column: str,
    values: np.ndarray,
    estimates: dict[str, Estimate],
    compared: Comparison,
) -> None:
    scale, label = next(
        (unit for unit in COSTS[column] if values.max(initial=0) >= unit[0]), COSTS[column][-1]
    )
    places = values / scale
    for number, (x, (name, estimate)) in enumerate(zip(places, estimates.items(), strict=True), 1):
        style, title = compared.looks[name], compared.variants[name].title
        axes.plot([x, x], estimate.ends, color=style["color"], linewidth=0.8, alpha=0.6)
        axes.plot(x, estimate.mean, label=f"{number}  {title}", **style)
    widest = places.max(initial=0) or 1
    axes.set_xlim(0, 1.15 * widest)
    axes.set_xlabel(label)
    _number(axes, places, np.array([one.mean for one in estimates.values()]), 0.05 * widest)


def _number(axes: Axes, places: np.ndarray, means: np.ndarray, aside: float) -> None:
    """Numbers to the right of the markers, moved up or down where variants are about equally
    costly, with a line to each one's marker."""
    low, high = axes.get_ylim()
    heights, columns = means.copy(), np.round(places / aside)
    for column in np.unique(columns):
        heights[columns == column] = apart(means[columns == column], NEAR * (high - low))
    line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkB": 3}
    for number, (x, mean, height) in enumerate(zip(places, means, heights, strict=True), 1):
        place: Style = {"va": "center", "fontsize": 8, "arrowprops": line}
        axes.annotate(str(number), (x, mean), (x + aside, height), **place)
