"""How soon the first match comes: the share of queries with a match among the first k."""

import json

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.config.foreign import Foreign
from dcct.config.variant import Variant
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.comparison import Comparison, load_comparison
from dcct.report.figures.style import GREY, new_figure, say_not_run

RANKS = np.arange(1, 21)
COMPARED = (1, 5, 10, 20)
"""Ranks at which differences are drawn."""
TICKS = (1, 2, 5, 10, 20)
"""Of the axis of ranks, on which the first ones have most room: there curves lie apart."""


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """CMC curves, k = 1 to 20, of one variant of each kind, and beside them their differences to
    the variant that is pictured. What was not run is named."""
    compared = load_comparison(pipeline, dataset)
    names = one_of_each_kind(compared.variants, pipeline.shown_variant)
    made = [name for name in names if compared.results[name]]
    figure = new_figure(11, 4.8, f"How soon the first match comes: CMC on {compared.where}")
    curves, differences = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _draw_curves(curves, made, compared)
    say_not_run(curves, [compared.variants[name].title for name in names if name not in made])
    base = pipeline.shown_variant if pipeline.shown_variant in made else next(iter(made), None)
    _draw_differences(differences, made, base, compared)
    figure.legend(*curves.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def one_of_each_kind(variants: dict[str, Variant], preferred: str) -> list[str]:
    """Of the trained variants of each kind the last, or the preferred one: few curves can be
    distinguished. What is not ours is a kind by itself, whoever trained it."""
    chosen: dict[str, str] = {}
    for name, variant in variants.items():
        kind = _kind(variant)
        trained = variant.trained or isinstance(variant, Foreign)
        if trained and not variant.backbone_of and chosen.get(kind) != preferred:
            chosen[kind] = name
    return [name for name in variants if name in chosen.values()]


def _kind(variant: Variant) -> str:
    """Its parts: of CCA, HTA and distillation only whether they are there at all."""
    parts = variant.model_dump(mode="json", exclude={"title", "headline"})
    there = {"cca": bool(variant.cca), "hta": bool(variant.hta)}
    there["distill"] = variant.distill.feature or variant.distill.logit
    return json.dumps(parts | there)


def _draw_curves(axes: Axes, names: list[str], compared: Comparison) -> None:
    """Means alone: bands of several variants would cover each other."""
    for name in names:
        means = [compared.estimate(name, f"rank{rank}").mean for rank in RANKS]
        marks = [rank - 1 for rank in TICKS]
        title = compared.variants[name].title
        axes.plot(RANKS, means, label=title, markevery=marks, **compared.looks[name])
    axes.set_xscale("log")
    axes.set_xticks(TICKS, [str(rank) for rank in TICKS])
    axes.minorticks_off()
    axes.set(xlabel="rank k", ylabel="queries with a match at rank ≤ k, in %", xlim=(0.94, 21.5))
    if run := compared.any_run:
        chance = run.headline["chance"]
        said = " and ".join(
            f"{100 * chance[f'rank{rank}']:.1f} at k = {rank}" for rank in (RANKS[0], RANKS[-1])
        )
        axes.set_title(f"means; by chance: {said}", color=GREY)


def _draw_differences(axes: Axes, names: list[str], base: str | None, compared: Comparison) -> None:
    """Side by side at each rank, in the order of the legend. base: the variant that is taken
    away."""
    others = [name for name in names if name != base]
    for name, aside in zip(others, np.linspace(-0.3, 0.3, len(others)), strict=True):
        style = compared.looks[name] | {"linestyle": "none"}
        for place, rank in enumerate(COMPARED):
            found = compared.difference(name, str(base), f"rank{rank}")
            if found:
                at = place + aside
                axes.plot([at, at], found.ends, color=style["color"], linewidth=1.2)
                axes.plot(at, found.mean, **style)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.grid(axis="x", visible=False)
    axes.set_xticks(range(len(COMPARED)), [str(rank) for rank in COMPARED])
    axes.set(xlabel="rank k", xlim=(-0.5, len(COMPARED) - 0.5))
    if base:
        axes.set_ylabel(f"difference to {compared.variants[base].title}, in points")
        about = f"paired differences; bars: {compared.bars}"
        axes.set_title(about.replace(": one training", ":\none training"), color=GREY)
