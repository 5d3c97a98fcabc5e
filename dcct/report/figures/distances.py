"""What distances of pairs tell: how true and false ones are spread, and what a threshold finds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.config.metric import RATES
from dcct.evaluation.thresholds import BINS
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.cmc import one_of_each_kind
from dcct.report.figures.comparison import load_comparison
from dcct.report.figures.style import GREY, RIGHT, WRONG, Style, new_figure, say_not_run
from dcct.report.tables.results import Result

EDGES = np.linspace(0, 2, BINS + 1)
KINDS = {"true": ("one person", RIGHT), "false": ("two people", WRONG)}
"""Of pairs → how they are called, and drawn."""
TICKS = (1e-4, 1e-3, 1e-2, 5e-2)


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """Densities of distances of the pictured variant's first run, and beside them TMR over FMR of
    one variant of each kind. What was not run is named."""
    compared = load_comparison(pipeline, dataset)
    names = one_of_each_kind(compared.variants, pipeline.shown_variant)
    made = [name for name in names if compared.results[name]]
    figure = new_figure(11, 4.8, f"What a distance tells on {compared.where}")
    densities, rates = figure.subplots(1, 2)
    pictured = pipeline.shown_variant
    if runs := compared.results.get(pictured):
        _draw_densities(densities, runs[0], compared.variants[pictured].title)
    for name in made:
        _draw_rates(
            rates, compared.results[name], compared.variants[name].title, compared.looks[name]
        )
    say_not_run(rates, [compared.variants[name].title for name in names if name not in made])
    rates.set_xscale("log")
    rates.set_xticks(TICKS, [f"{100 * tick:g}" for tick in TICKS])
    rates.minorticks_off()
    rates.set(xlabel="FMR: false pairs accepted, in %", ylabel="TMR: true pairs accepted, in %")
    rates.set_title("at each variant's own distances", color=GREY)
    figure.legend(*rates.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _draw_densities(axes: Axes, run: Result, title: str) -> None:
    found, most = run.distances, 0
    for kind, (label, color) in KINDS.items():
        counts = np.array(found["histograms"][kind])
        density = counts / max(counts.sum(), 1) / (EDGES[1] - EDGES[0])
        axes.stairs(density, EDGES, fill=True, alpha=0.35, color=color, label=label)
        axes.stairs(density, EDGES, color=color)
        most = max(most, np.flatnonzero(counts).max(initial=0) + 1)
    for rate in (rate.wrong for rate in RATES.values() if not rate.search):
        within = [one["distance"] for one in found["points"] if one["allowed"] <= rate]
        if within:
            axes.axvline(within[-1], color=GREY, linewidth=0.9)
            axes.annotate(
                f"FMR {100 * rate:g} %",
                (within[-1], 1),
                xycoords=("data", "axes fraction"),
                xytext=(2, -2),
                textcoords="offset points",
                rotation=90,
                va="top",
                color=GREY,
                fontsize=8,
            )
    axes.set(xlabel="cosine distance", ylabel="density", xlim=(0, EDGES[most]))
    axes.set_title(f"{title}, {found['identities']:,} people", color=GREY)
    axes.legend(loc="upper right")


def _draw_rates(axes: Axes, runs: list[Result], title: str, look: Style) -> None:
    """The mean over runs, where each of them is known."""
    curves = [
        {point["allowed"]: point["true_rate"] for point in run.distances["points"]} for run in runs
    ]
    rates = sorted(set.intersection(*map(set, curves)))
    means = [100 * np.mean([curve[rate] for curve in curves]) for rate in rates]
    axes.plot(rates, means, label=title, markevery=max(1, len(rates) // 5), **look)
