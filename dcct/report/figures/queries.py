"""Ten queries and what was found for them, from the worst to the best: numbers that one can look
at."""

from pathlib import Path

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.config.load import load_dataset, load_variant
from dcct.datasets.manifest import read_manifest
from dcct.errors import DataError
from dcct.pipeline.paths import Paths
from dcct.report.figures.style import GREY, RIGHT, WRONG, styled
from dcct.report.figures.tiles import HEIGHT, PIXELS, Page
from dcct.report.tables.results import Result, described, load_result

ROWS = 10
ROW_HEIGHT, COLUMN_WIDTH = HEIGHT + 0.5, 1.14
QUERY_X, FIRST_X = 1.35, 2.85


def draw_queries(
    paths: Paths, configfile: Path, dataset: str, split: int, variant: str, seed: int, path: Path
) -> None:
    """Draw queries at evenly spaced quantiles of AP, each with the first ten tracklets of its
    ranking, as one PNG.

    Reads this one run's metrics, and the data set's frame store and manifest. Raises DataError when
    it was not run.
    """
    run = pictured(paths, configfile, dataset, split, variant, seed)
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
            f"Of {len(ranked)} queries, those at evenly spaced quantiles of average precision (AP,"
            f" in %); seed {seed}; middle frame of each tracklet.\nBelow each: ✓ same identity or ✗"
            " another (dashed), camera, cosine distance.",
        )
        for row, (number, query) in enumerate(chosen.iterrows()):
            y, about = row * ROW_HEIGHT, tracklets.iloc[number]
            draw_query(page, y, about, query, middle(store, about))
            draw_top(page, y, about["pid"], query, tracklets, store)
        page.save(path)


def pictured(
    paths: Paths, configfile: Path, dataset: str, split: int, variant: str, seed: int
) -> Result:
    """The run whose retrievals are pictured. Raises DataError when it was not run."""
    run = load_result(
        paths,
        dataset,
        split,
        variant,
        load_variant(variant, configfile),
        seed,
        (dataset, split, variant),
    )
    if run is None:
        step = f"dcct rank {dataset} {variant} --split {split} --seed {seed}"
        raise DataError(
            f"{paths.metrics(dataset, split, variant, seed)}: missing: run `{step}` first"
        )
    return run


def spread(ranked: pd.DataFrame) -> pd.DataFrame:
    """Ten queries at evenly spaced quantiles of AP, worst first; ties go to the lower tracklet
    number."""
    places = np.unique(np.linspace(0, len(ranked) - 1, ROWS).round().astype(int))
    return ranked.sort_values("ap", kind="stable").iloc[places]


def draw_query(
    page: Page, y: float, about: pd.Series, query: pd.Series, pixels: np.ndarray
) -> None:
    """A query at the left end of its row. about: its row of the manifest."""
    page.text(0, y + 0.25, f"AP {100 * query['ap']:.1f}", fontweight="bold", va="top")
    page.text(0, y + 0.65, f"id {about['pid']}\ncamera {about['camid'] + 1}", fontsize=8, va="top")
    page.tile(pixels, QUERY_X, y, GREY)
    page.text(
        QUERY_X + 0.5, y + HEIGHT + 0.1, "query", fontsize=7, ha="center", va="top", color=GREY
    )


def draw_top(
    page: Page, y: float, pid: int, query: pd.Series, tracklets: pd.DataFrame, store: FrameStore
) -> None:
    """What was found first for a query of identity `pid`, from left to right."""
    for place, (found, distance) in enumerate(zip(query["top"], query["distance"], strict=True)):
        if np.isfinite(distance):  # the ranking may be shorter than ten
            about, x = tracklets.iloc[found], FIRST_X + place * COLUMN_WIDTH
            draw_found(page, x, y, about, distance, about["pid"] == pid, middle(store, about))


def draw_found(
    page: Page,
    x: float,
    y: float,
    about: pd.Series,
    distance: float,
    right: bool,
    pixels: np.ndarray,
) -> None:
    """A gallery tracklet at its cosine distance from the query: right or wrong, told by mark,
    colour and line."""
    mark, color, weight, line = (
        ("✓", RIGHT, "bold", "-") if right else ("✗", WRONG, "normal", (0, (2, 0.7)))
    )
    page.tile(pixels, x, y, color, line)
    text = f"{mark} c{about['camid'] + 1} {distance:.3f}"
    style = {"fontsize": 7, "ha": "center", "va": "top", "color": color, "fontweight": weight}
    page.text(x + 0.5, y + HEIGHT + 0.1, text, **style)


def middle(store: FrameStore, about: pd.Series) -> np.ndarray:
    """The middle frame (H,W,3) of a tracklet, given its row of the manifest."""
    return store.read(about["tracklet"], np.array([about["frames"] // 2]), *PIXELS)[0]
