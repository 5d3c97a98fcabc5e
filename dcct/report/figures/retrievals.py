"""Queries and what was found for them, side by side: what pictures of rankings are made of."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.datasets.manifest import read_manifest
from dcct.errors import DataError
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.style import GREY, RIGHT, WRONG
from dcct.report.figures.tiles import HEIGHT, PIXELS, Tiles
from dcct.report.tables.results import Result, described, load_result

ROW_HEIGHT, COLUMN_WIDTH = HEIGHT + 0.5, 1.14
QUERY_X, FIRST_X = 1.35, 2.85
LOOKED_AT = 16
"""Frames of a tracklet at most, of which the most typical one is shown."""


@dataclass(frozen=True, kw_only=True)
class Retrievals:
    """Rankings of the run that is pictured."""

    run: Result
    """The run."""
    ranked: pd.DataFrame
    """Its queries with a match at its headline features, by tracklet (see Evaluated.ranked)."""
    tracklets: pd.DataFrame
    """The manifest."""
    store: FrameStore
    """The frames."""
    where: str
    """Title of the data set."""


def load_retrievals(pipeline: Pipeline, dataset: str) -> Retrievals:
    """Raises DataError when the run that is pictured was not run."""
    job = pipeline.shown_run("rank", dataset)
    run = load_result(job)
    if run is None:
        raise DataError(f"{job.folder}: missing: run `{job.again}` first")
    manifest, frames = (one.folder for one in pipeline.pictures(dataset))
    return Retrievals(
        run=run,
        ranked=run.ranked(run.headline["sampler"], run.headline["feature"]),
        tracklets=read_manifest(manifest).to_pandas(),
        store=FrameStore(frames, manifest),
        where=described(pipeline.dataset(dataset).title, [run]),
    )


def draw_query(
    tiles: Tiles, y: float, about: pd.Series, query: pd.Series, pixels: np.ndarray
) -> None:
    """A query at the left end of its row. about: its row of the manifest."""
    tiles.text(0, y + 0.25, f"AP {100 * query['ap']:.1f}", fontweight="bold", va="top")
    tiles.text(0, y + 0.65, f"id {about['pid']}\ncamera {about['camid'] + 1}", fontsize=8, va="top")
    tiles.tile(pixels, QUERY_X, y, GREY)
    tiles.text(
        QUERY_X + 0.5, y + HEIGHT + 0.1, "query", fontsize=7, ha="center", va="top", color=GREY
    )


def draw_top(
    tiles: Tiles, y: float, pid: int, query: pd.Series, tracklets: pd.DataFrame, store: FrameStore
) -> None:
    """What was found first for a query of identity `pid`, from left to right."""
    for place, (found, distance) in enumerate(zip(query["top"], query["distance"], strict=True)):
        if np.isfinite(distance):  # the ranking may be shorter than ten
            about, x = tracklets.iloc[found], FIRST_X + place * COLUMN_WIDTH
            draw_found(tiles, x, y, about, distance, about["pid"] == pid, typical(store, about))


def draw_found(
    tiles: Tiles,
    x: float,
    y: float,
    about: pd.Series,
    distance: float,
    right: bool,
    pixels: np.ndarray,
) -> None:
    """A gallery tracklet at its cosine distance from the query: right or wrong by mark, colour
    and line."""
    mark, color, weight, line = (
        ("✓", RIGHT, "bold", "-") if right else ("✗", WRONG, "normal", (0, (2, 0.7)))
    )
    tiles.tile(pixels, x, y, color, line)
    text = f"{mark} c{about['camid'] + 1} {distance:.3f}"
    style = {"fontsize": 7, "ha": "center", "va": "top", "color": color, "fontweight": weight}
    tiles.text(x + 0.5, y + HEIGHT + 0.1, text, **style)


def typical(store: FrameStore, about: pd.Series) -> np.ndarray:
    """The frame (H,W,3) of a tracklet that is most like the others, given its row of the manifest:
    of evenly spaced ones the nearest to their median, on which a passer-by of some frames leaves
    no trace. Of equally near ones the first."""
    count = min(about["frames"], LOOKED_AT)
    positions = np.linspace(0, about["frames"] - 1, count).round().astype(int)
    frames = store.read(about["tracklet"], positions, *PIXELS).astype(np.int16)
    apart = np.abs(frames - np.median(frames, axis=0)).mean((1, 2, 3))
    return frames[apart.argmin()].astype(np.uint8)
