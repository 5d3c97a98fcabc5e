"""Ten queries and what was found for them, from the worst to the best: numbers that one can look at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.config.load import load_dataset, load_variant
from dcct.datasets.manifest import read_manifest
from dcct.errors import DataError
from dcct.paths import Paths
from dcct.report.results import described, load_result
from dcct.report.style import GREY, RIGHT, WRONG, styled
from dcct.report.tiles import HEIGHT, PIXELS, Page

ROWS = 10
ROW_HEIGHT, COLUMN_WIDTH = HEIGHT + 0.5, 1.14
QUERY_X, FIRST_X = 1.35, 2.85


def draw_queries(paths: Paths, configfile: Path, dataset: str, split: int, variant: str, seed: int, path: Path) -> None:
    """Draw queries at evenly spaced quantiles of AP, each with the first ten tracklets of its ranking, as one PNG.

    Reads this one run's metrics, and the data set's frame store and manifest. Raises DataError when it was not run.
    """
    run = load_result(
        paths, dataset, split, variant, load_variant(variant, configfile), seed, (dataset, split, variant)
    )
    if run is None:
        step = f"dcct rank {dataset} {variant} --split {split} --seed {seed}"
        raise DataError(f"{paths.metrics(dataset, split, variant, seed)}: missing: run `{step}` first")
    ranked = run.ranked(run.headline["sampler"], run.headline["feature"])
    chosen = spread(ranked)
    tracklets = read_manifest(paths.manifest(dataset, split)).to_pandas()
    store = FrameStore(paths.frames(dataset), paths.manifest(dataset, split))
    top = len(ranked["top"].iloc[0])
    where = described(load_dataset(dataset, configfile).title, [run])
    with styled():
        page = Page(
            FIRST_X + top * COLUMN_WIDTH,
            len(chosen) * ROW_HEIGHT,
            9,
            f"{len(chosen)} queries of {run.variant.title} on {where}, from worst to best",
            f"Of {len(ranked)} queries, those at evenly spaced quantiles of average precision (AP, in %); seed "
            f"{seed}; middle frame of each tracklet.\nBelow each: ✓ same identity or ✗ another, camera, cosine "
            "distance.",
        )
        for row, (number, query) in enumerate(chosen.iterrows()):
            _draw_row(
                page,
                row * ROW_HEIGHT,
                int(number),
                query,
                tracklets,
                lambda tracklet: _middle(store, tracklets, tracklet),
            )
        page.save(path)


def spread(ranked: pd.DataFrame) -> pd.DataFrame:
    """Ten queries at evenly spaced quantiles of AP, worst first; ties go to the lower tracklet number."""
    places = np.unique(np.linspace(0, len(ranked) - 1, ROWS).round().astype(int))
    return ranked.sort_values("ap", kind="stable").iloc[places]


def _draw_row(
    page: Page, y: float, number: int, query: pd.Series, tracklets: pd.DataFrame, middle: Callable[[int], np.ndarray]
) -> None:
    about = tracklets.iloc[number]
    page.text(0, y + 0.25, f"AP {100 * query['ap']:.1f}", fontweight="bold", va="top")
    page.text(0, y + 0.65, f"id {about['pid']}\ncamera {about['camid'] + 1}", fontsize=8, va="top")
    page.tile(middle(number), QUERY_X, y, GREY)
    page.text(QUERY_X + 0.5, y + HEIGHT + 0.1, "query", fontsize=7, ha="center", va="top", color=GREY)
    for place, (found, distance) in enumerate(zip(query["top"], query["distance"], strict=True)):
        if not np.isfinite(distance):
            continue  # the ranking is shorter than ten
        other, x = tracklets.iloc[found], FIRST_X + place * COLUMN_WIDTH
        mark, color, weight = ("✓", RIGHT, "bold") if other["pid"] == about["pid"] else ("✗", WRONG, "normal")
        page.tile(middle(found), x, y, color)
        page.text(
            x + 0.5,
            y + HEIGHT + 0.1,
            f"{mark} c{other['camid'] + 1} {distance:.3f}",
            fontsize=7,
            ha="center",
            va="top",
            color=color,
            fontweight=weight,
        )


def _middle(store: FrameStore, tracklets: pd.DataFrame, tracklet: int) -> np.ndarray:
    position = tracklets["frames"].iloc[tracklet] // 2
    return store.read(tracklet, np.array([position]), *PIXELS)[0]
