"""What accuracy costs: mAP of every variant against its parameters, its operations and the time of
a clip."""

from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from dcct.config.load import load_dataset, load_variant
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.errors import DataError
from dcct.evaluation.statistics import Estimate
from dcct.pipeline.paths import Paths
from dcct.report.figures.style import GREY, look, new_figure, save, styled
from dcct.report.tables.results import Result, described, load_results, sample

COSTS = {
    "parameters": [(1e6, "parameters in millions"), (1e3, "parameters in thousands")],
    "flops_per_frame": [(1e9, "GFLOPs per frame"), (1e6, "MFLOPs per frame")],
    "ms_per_clip": [(1, "latency in ms per clip, measured for the cost table")],
}
"""Column of the cost table → units, the first of which the largest value reaches is taken, or the
last."""
OWN_SIZE = "This profile"
"""The cost table's section for the network that was judged."""
NEAR = 0.035
"""Share of an axis that is kept between two variants."""


def draw_tradeoff(
    profile: Profile, paths: Paths, configfile: Path, dataset: str, folder: Path
) -> None:
    """Write folder/tradeoff, as .png and .svg. What was not run, or not counted, is named in the
    figure."""
    results = load_results(profile, paths, configfile, dataset)
    variants = {name: load_variant(name, configfile) for name in profile.judged}
    where = described(
        load_dataset(dataset, configfile).title, chain.from_iterable(results.values())
    )
    costs = read_costs(paths.table("cost", "csv"))
    with styled():
        save(
            tradeoff(variants, results, costs, where, profile.evaluation.bootstrap),
            folder,
            "tradeoff",
        )


def read_costs(path: Path) -> pd.DataFrame:
    """COSTS at the profile's own size, by variant. Raises DataError when the table cannot be
    read."""
    try:
        table = pd.read_csv(path)
        return table[table["size"] == OWN_SIZE].set_index("variant")[list(COSTS)]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read ({error}): run `dcct cost` again") from None


def tradeoff(
    variants: dict[str, Variant],
    results: dict[str, list[Result]],
    costs: pd.DataFrame,
    where: str,
    resamples: int,
) -> Figure:
    """One panel per cost that was measured; variants are numbered from the smallest network to the
    largest."""
    shown = [
        name for name in costs.sort_values("parameters", kind="stable").index if results.get(name)
    ]
    gaps = {
        name: "not counted" if results[name] else "not run"
        for name in variants
        if name not in shown
    }
    columns = [column for column in COSTS if costs.loc[shown, column].notna().all()]
    figure = new_figure(
        11, 4.6, f"What accuracy costs: mAP against the size and speed of every variant on {where}"
    )
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    estimates = [_estimate(variants[name], results[name], resamples) for name in shown]
    for axes, column in zip(panels, columns, strict=True):
        values = costs.loc[shown, column].to_numpy(float)
        _draw_panel(axes, column, values, estimates, [variants[name] for name in shown])
    for name, gap in gaps.items():
        panels[0].plot([], [], linestyle="none", label=f"{variants[name].title}: {gap}")
    panels[0].set_ylabel("mAP in %")
    panels[0].margins(y=0.12)
    panels[0].set_title(
        "bars: 95 % intervals over test identities; equally costly variants stand side by side",
        color=GREY,
    )
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _estimate(variant: Variant, runs: list[Result], resamples: int) -> Estimate:
    return sample(runs, "mAP", runs[0].headline["sampler"], variant.headline).estimate(resamples)


def _draw_panel(
    axes: Axes, column: str, values: np.ndarray, estimates: list[Estimate], variants: list[Variant]
) -> None:
    scale, label = next(
        (unit for unit in COSTS[column] if values.max(initial=0) >= unit[0]), COSTS[column][-1]
    )
    places = apart(values / scale, NEAR * values.max(initial=scale) / scale)
    for number, (x, estimate, variant) in enumerate(
        zip(places, estimates, variants, strict=True), 1
    ):
        style = look(variant)
        axes.plot(
            [x, x],
            [estimate.low, estimate.high],
            color=style["color"],
            linestyle=style["linestyle"],
        )
        axes.plot(x, estimate.mean, label=f"{number}  {variant.title}", **style)
        axes.annotate(
            str(number),
            (x, estimate.high),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
        )
    axes.set_xlim(0, 1.05 * places.max(initial=1))
    axes.set_xlabel(label)


def apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Places moved as little as possible so that `gap` lies between any two; their order stays."""
    order = np.argsort(places, kind="stable")
    steps, moved = gap * np.arange(len(places)), np.empty(len(places))
    moved[order] = isotonic_regression(places[order] - steps).x + steps if len(places) else places
    return moved
