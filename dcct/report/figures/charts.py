"""The figures of one data set: how variants compare, their CMC curves, and how their training
went."""

from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.config.load import load_dataset, load_variant
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.pipeline.paths import Paths
from dcct.report.figures.style import GREY, look, new_figure, save, say_not_run, styled
from dcct.report.tables.results import Result, described, load_results, sample

CMC_OF = ("cnn", "vit", "coupled", "cca", "dcct", "dcct-fd-ld")
CMC_RANKS = np.arange(1, 21)
CHANCE_LINE = {"color": GREY, "linestyle": (0, (1, 2))}
TERMS = {
    "loss": "Total loss (terms differ by variant)",
    "frame_ce_": "Frame cross-entropy (nats)",
    "frame_triplet_": "Frame triplet (cosine)",
    "clip_ce_": "Clip cross-entropy (nats)",
    "clip_triplet_": "Clip triplet (cosine)",
    "distill_feature": "FD before weighting (L2 norm)",
    "distill_logit": "LD before weighting (nats)",
    "learning_rate": "Learning rate",
}
"""First letters of a history's columns → panel. Columns of one family (branches, heads) are
averaged."""


def draw(profile: Profile, paths: Paths, configfile: Path, dataset: str, folder: Path) -> None:
    """Write ablation, cmc and training, each as .png and .svg. What was not run is named in the
    figure."""
    results = load_results(profile, paths, configfile, dataset)
    variants = {name: load_variant(name, configfile) for name in profile.judged}
    where = described(
        load_dataset(dataset, configfile).title, chain.from_iterable(results.values())
    )
    resamples = profile.evaluation.bootstrap
    with styled():
        save(ablation(variants, results, where, resamples), folder, "ablation")
        save(cmc(variants, results, where, resamples), folder, "cmc")
        save(
            training({name: variants[name] for name in profile.variants}, results, where),
            folder,
            "training",
        )


def ablation(
    variants: dict[str, Variant], results: dict[str, list[Result]], where: str, resamples: int
) -> Figure:
    """mAP of every variant with its interval, in the profile's order, and the line of chance."""
    figure = new_figure(8, 1.3 + 0.34 * len(variants), f"mAP of every variant on {where}")
    axes = figure.add_subplot()
    for row, (name, variant) in enumerate(variants.items()):
        text = (
            _interval_row(axes, row, variant, results[name], resamples)
            if results[name]
            else "not run"
        )
        axes.annotate(
            text,
            (1.01, row),
            xycoords=("axes fraction", "data"),
            va="center",
            color="black" if results[name] else GREY,
        )
    axes.set_yticks(range(len(variants)), [variant.title for variant in variants.values()])
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("mAP in %")
    axes.set_title(
        "bars: 95 % intervals over test identities" + _parts(results, "; small dots"), color=GREY
    )
    _chance_line(axes, results)
    return figure


def cmc(
    variants: dict[str, Variant], results: dict[str, list[Result]], where: str, resamples: int
) -> Figure:
    """Share of queries with a match among the first k, k = 1 to 20, for a handful of variants."""
    figure = new_figure(8, 4.6, f"How soon the first match comes: CMC on {where}")
    axes = figure.add_subplot()
    shown = [name for name in CMC_OF if name in variants]
    for name in shown:
        if results[name]:
            _cmc_curve(axes, variants[name], results[name], resamples)
    run = next((runs[0] for runs in results.values() if runs), None)
    if run:
        ranks = [rank for rank in run.metrics["ranks"] if rank <= CMC_RANKS[-1]]
        axes.plot(
            ranks,
            [100 * run.headline["chance"][f"rank{rank}"] for rank in ranks],
            label="Chance (exact)",
            **CHANCE_LINE,
        )
    say_not_run(axes, [variants[name].title for name in shown if not results[name]])
    axes.set(
        xlabel="rank k",
        ylabel="queries with a match at rank ≤ k, in %",
        xlim=(0.6, 20.4),
        ylim=(0, 101),
        xticks=[1, 5, 10, 15, 20],
    )
    axes.set_title(
        "bands: 95 % intervals over test identities" + _parts(results, "; faint lines"), color=GREY
    )
    figure.legend(loc="outside right center")
    return figure


def training(variants: dict[str, Variant], results: dict[str, list[Result]], where: str) -> Figure:
    """One panel per family of loss terms, and the learning rate, over the epochs."""
    figure = new_figure(10, 5.2, f"Training on {where}: mean of every loss term per epoch")
    histories = {
        name: [run.history for run in results[name] if "loss" in run.history] for name in variants
    }
    panels = {
        prefix: title
        for prefix, title in TERMS.items()
        if any(
            _family(table, prefix) is not None for tables in histories.values() for table in tables
        )
    }
    grid = figure.subplots(2, 4).flat
    for (prefix, title), axes in zip(panels.items(), grid, strict=False):
        for name, tables in histories.items():
            _history_lines(axes, variants[name], tables, prefix)
        axes.set_title(title)
        axes.set_xlabel("epoch")
    for axes in grid:
        axes.set_axis_off()
    first = figure.axes[0]
    say_not_run(
        first,
        [
            variant.title
            for name, variant in variants.items()
            if variant.trained and not histories[name]
        ],
    )
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _interval_row(
    axes: Axes, row: int, variant: Variant, runs: list[Result], resamples: int
) -> str:
    style = look(variant) | {"linestyle": "none"}
    estimate = sample(runs, "mAP", runs[0].headline["sampler"], variant.headline).estimate(
        resamples
    )
    axes.plot(
        [estimate.low, estimate.high],
        [row, row],
        color=style["color"],
        linewidth=2.2,
        solid_capstyle="butt",
    )
    axes.plot(estimate.mean, row, markersize=7, **style)
    if len(estimate.parts) > 1:
        axes.plot(
            estimate.parts,
            [row + 0.28] * len(estimate.parts),
            ".",
            color=style["color"],
            markersize=4,
            markeredgewidth=0,
            alpha=0.8,
        )
    return f"{estimate.mean:.1f}  [{estimate.low:.1f}, {estimate.high:.1f}]"


def _chance_line(axes: Axes, results: dict[str, list[Result]]) -> None:
    run = next((runs[0] for runs in results.values() if runs), None)
    if run:
        chance = 100 * run.headline["chance"]["mAP"]
        axes.axvline(chance, zorder=1, **CHANCE_LINE)
        axes.annotate(
            f" chance {chance:.1f}",
            (chance, 0.01),
            xycoords=("data", "axes fraction"),
            color=GREY,
            fontsize=8,
        )


def _cmc_curve(axes: Axes, variant: Variant, runs: list[Result], resamples: int) -> None:
    style = look(variant)
    estimates = [
        sample(runs, f"rank{rank}", runs[0].headline["sampler"], variant.headline).estimate(
            resamples
        )
        for rank in CMC_RANKS
    ]
    axes.fill_between(
        CMC_RANKS,
        [e.low for e in estimates],
        [e.high for e in estimates],
        color=style["color"],
        alpha=0.12,
        linewidth=0,
    )
    for part in (
        zip(*(e.parts for e in estimates), strict=True) if len(estimates[0].parts) > 1 else ()
    ):
        axes.plot(CMC_RANKS, part, color=style["color"], linewidth=0.6, alpha=0.5)
    axes.plot(
        CMC_RANKS,
        [e.mean for e in estimates],
        label=variant.title,
        markevery=[0, 4, 9, 19],
        **style,
    )


def _history_lines(axes: Axes, variant: Variant, tables: list[pd.DataFrame], prefix: str) -> None:
    curves = [curve for table in tables if (curve := _family(table, prefix)) is not None]
    if not curves:
        return
    epochs, style = tables[0]["epoch"], look(variant)
    for curve in curves if len(curves) > 1 else ():
        axes.plot(epochs, curve, color=style["color"], linewidth=0.5, alpha=0.4)
    axes.plot(
        epochs,
        np.mean(curves, axis=0),
        label=variant.title,
        markevery=max(1, len(epochs) // 4),
        **style,
    )


def _family(history: pd.DataFrame, prefix: str) -> np.ndarray | None:
    """Mean (epochs,) of the columns that begin with `prefix`; None if there are none."""
    columns = [column for column in history if column.startswith(prefix)]
    return history[columns].mean(axis=1).to_numpy() if columns else None


def _parts(results: dict[str, list[Result]], marks: str) -> str:
    """What the small marks are, if there are any."""
    runs = [run for several in results.values() for run in several]
    for name in ("split", "seed"):
        if len({getattr(run, name) for run in runs}) > 1:
            return f"{marks}: single {name}s"
    return ""
