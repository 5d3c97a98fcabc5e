"""How training went: every family of loss terms, and the learning rate, over the epochs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.comparison import load_comparison
from dcct.report.figures.style import Style, new_figure, say_not_run

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


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """One panel a family. What was not run is named."""
    compared = load_comparison(pipeline, dataset)
    title = f"Training on {compared.where}: mean of every loss term per epoch"
    figure = new_figure(10, 5.2, title)
    histories = {
        name: [run.history for run in compared.results[name] if "loss" in run.history]
        for name in pipeline.profile.variants
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
            _lines(axes, compared.variants[name].title, compared.looks[name], tables, prefix)
        axes.set_title(title)
        axes.set_xlabel("epoch")
    for axes in grid:
        axes.set_axis_off()
    first = figure.axes[0]
    trained = [name for name in histories if compared.variants[name].trained]
    say_not_run(first, [compared.variants[name].title for name in trained if not histories[name]])
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _lines(axes: Axes, title: str, style: Style, tables: list[pd.DataFrame], prefix: str) -> None:
    curves = [curve for table in tables if (curve := _family(table, prefix)) is not None]
    if not curves:
        return
    epochs = tables[0]["epoch"]
    for curve in curves if len(curves) > 1 else ():
        axes.plot(epochs, curve, color=style["color"], linewidth=0.5, alpha=0.4)
    mean, every = np.mean(curves, axis=0), max(1, len(epochs) // 4)
    axes.plot(epochs, mean, label=title, markevery=every, **style)


def _family(history: pd.DataFrame, prefix: str) -> np.ndarray | None:
    """Mean (epochs,) of the columns that begin with `prefix`; None if there are none."""
    columns = history.columns[history.columns.str.startswith(prefix)]
    return history[columns].mean(axis=1).to_numpy() if len(columns) else None
