"""How soon the first match comes: the share of queries with a match among the first k."""

import json

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.config.variant import Variant
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.comparison import CHANCE_LINE, Comparison, load_comparison
from dcct.report.figures.style import GREY, new_figure, say_not_run

RANKS = np.arange(1, 21)


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """CMC curves, k = 1 to 20, of one variant of each kind. What was not run is named."""
    compared = load_comparison(pipeline, dataset)
    names = one_of_each_kind(compared.variants, pipeline.shown_variant)
    figure = new_figure(8, 4.6, f"How soon the first match comes: CMC on {compared.where}")
    axes = figure.add_subplot()
    for name in names:
        if compared.results[name]:
            _curve(axes, name, compared)
    if run := compared.any_run:
        ranks = [rank for rank in run.metrics["ranks"] if rank <= RANKS[-1]]
        chance = [100 * run.headline["chance"][f"rank{rank}"] for rank in ranks]
        axes.plot(ranks, chance, label="Chance (exact)", **CHANCE_LINE)
    say_not_run(
        axes, [compared.variants[name].title for name in names if not compared.results[name]]
    )
    axes.set(
        xlabel="rank k",
        ylabel="queries with a match at rank ≤ k, in %",
        xlim=(0.6, 20.4),
        ylim=(0, 101),
        xticks=[1, 5, 10, 15, 20],
    )
    about = f"bands: {compared.bars}"
    axes.set_title(about + compared.small_marks("; faint lines"), color=GREY)
    figure.legend(loc="outside right center")
    return figure


def one_of_each_kind(variants: dict[str, Variant], preferred: str) -> list[str]:
    """Of the trained variants of each kind the last, or the preferred one: few curves can be
    distinguished."""
    chosen: dict[str, str] = {}
    for name, variant in variants.items():
        kind = _kind(variant)
        if variant.trained and not variant.backbone_of and chosen.get(kind) != preferred:
            chosen[kind] = name
    return [name for name in variants if name in chosen.values()]


def _kind(variant: Variant) -> str:
    """Its parts: of CCA, HTA and distillation only whether they are there at all."""
    parts = variant.model_dump(mode="json", exclude={"title", "headline"})
    there = {"cca": bool(variant.cca), "hta": bool(variant.hta)}
    there["distill"] = variant.distill.feature or variant.distill.logit
    return json.dumps(parts | there)


def _curve(axes: Axes, name: str, compared: Comparison) -> None:
    style, title = compared.looks[name], compared.variants[name].title
    color, estimates = style["color"], [compared.estimate(name, f"rank{rank}") for rank in RANKS]
    low, high = zip(*(one.ends for one in estimates), strict=True)
    axes.fill_between(RANKS, low, high, color=color, alpha=0.12, linewidth=0)
    if len(estimates[0].parts) > 1:
        for part in zip(*(one.parts for one in estimates), strict=True):
            axes.plot(RANKS, part, color=color, linewidth=0.6, alpha=0.5)
    means = [one.mean for one in estimates]
    axes.plot(RANKS, means, label=title, markevery=[0, 4, 9, 19], **style)
