"""Test tracklets in the plane: t-SNE puts near each other what has similar features. By identity
and by camera."""

from itertools import cycle, islice

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from dcct.datasets.manifest import read_manifest, verification_of
from dcct.datasets.tracklet import DISTRACTOR
from dcct.evaluation.features import read_features
from dcct.pipeline.pipeline import Pipeline
from dcct.provenance.receipt import check_outputs
from dcct.report.figures.style import GREY, Style, new_figure, say_gap
from dcct.report.tables.results import marked

IDENTITIES, TRACKLETS = 12, 12
"""People, and tracklets of each, that are shown at most."""
SEED = 0
NEIGHBOURS = 15
"""Perplexity of t-SNE, or a third of the points where they are few."""
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
LABELS_ACROSS = 6
"""Entries of a legend side by side at most."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "d", "h")
"""Of different lengths without a common factor, so that pairs repeat after 84."""


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """The same points twice, by identity and by camera. A run that is missing is named."""
    job, manifest = pipeline.shown_run("extract", dataset), pipeline.pictures(dataset)[0].folder
    listed, variant = read_manifest(manifest), pipeline.variant(job["variant"])
    where = marked(pipeline.dataset(dataset).title, verification_of(listed) == "warned")
    title = f"Features of test tracklets in the plane (t-SNE): {variant.title} on {where}"
    if not job.receipt.is_file():
        figure = new_figure(10, 2, title)
        say_gap(figure, f"{variant.title}: not run: {job.again}")
        return figure
    check_outputs(job.receipt, job.again)
    sampler = pipeline.profile.evaluation.samplers[0]
    features = read_features(job / "features.parquet", sampler, variant.headline)
    people = chosen_people(listed.to_pandas())
    values = np.stack(features[people["tracklet"]].to_list())
    return _panels(people, unit_length(values), title)


def chosen_people(tracklets: pd.DataFrame) -> pd.DataFrame:
    """Rows of the manifest: test identities, evenly spaced, that two tracklets or more show; evenly
    spaced tracklets of each."""
    test = tracklets[(tracklets["split"] != "train") & (tracklets["pid"] > DISTRACTOR)]
    counts = test["pid"].value_counts().sort_index()
    chosen = _evenly(counts.index[counts > 1].to_numpy(), IDENTITIES)
    return pd.concat([_some(test[test["pid"] == pid]) for pid in chosen])


def plane(features: np.ndarray) -> np.ndarray:
    """t-SNE of features (N,C) of length 1 → (N,2), the same on every run: one thread, fixed seed,
    start from PCA."""
    perplexity = min(NEIGHBOURS, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=SEED, n_jobs=1).fit_transform(
        features
    )


def neighbours_alike(features: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Share of points whose nearest neighbour, by cosine of unit features (N,C), has the same
    label; by chance."""
    cosines = features @ features.T
    np.fill_diagonal(cosines, -np.inf)
    alike = labels[:, None] == labels
    return float(alike[np.arange(len(labels)), cosines.argmax(1)].mean()), float(
        (alike.sum(1) - 1).mean() / (len(labels) - 1)
    )


def unit_length(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def _panels(people: pd.DataFrame, features: np.ndarray, title: str) -> Figure:
    figure = new_figure(11, 6.2, title)
    places = plane(features)
    panels = {
        "identity": ("id {}", people["pid"].to_numpy()),
        "camera": ("camera {}", people["camid"].to_numpy() + 1),
    }
    for axes, (what, (name, labels)) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        _draw_points(axes, places, labels, name)
        same, chance = neighbours_alike(features, labels)
        axes.set_title(
            f"Colour and marker: {what}\n{_percent(same)} have a nearest neighbour of the same"
            f" {what} ({_percent(chance)} by chance)"
        )
    about = (
        f"A point is a tracklet: {len(people)} of {people['pid'].nunique()} test identities, the"
        " same points on both sides. Near points have similar features; distances between groups"
        "\nmean nothing, and the axes have no unit. Nearest neighbour: by cosine distance of the"
        " features, among these points."
    )
    figure.supxlabel(about, x=0.01, ha="left", fontsize=8, color=GREY)
    return figure


def _draw_points(axes: Axes, places: np.ndarray, labels: np.ndarray, name: str) -> None:
    known = np.unique(labels)
    pairs = zip(
        known, islice(cycle(COLOURS), len(known)), islice(cycle(MARKERS), len(known)), strict=True
    )
    for label, color, marker in pairs:
        points = places[labels == label]
        style: Style = {
            "color": color,
            "marker": marker,
            "markersize": 7,
            "markeredgecolor": "white",
            "linestyle": "none",
        }
        axes.plot(*points.T, label=name.format(label), **style)
    axes.set_aspect("equal", adjustable="datalim")  # near is near in every direction
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=GREY, linewidth=0.5)
    rows = -(-len(known) // LABELS_ACROSS)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.01),
        ncols=-(-len(known) // rows),
        handletextpad=0.1,
        handlelength=1.5,
        columnspacing=1.2,
    )


def _some(tracklets: pd.DataFrame) -> pd.DataFrame:
    return tracklets.iloc[_evenly(np.arange(len(tracklets)), TRACKLETS)]


def _evenly(values: np.ndarray, most: int) -> np.ndarray:
    return values[np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
