"""Ten queries and what was found for them, from the worst to the best: numbers that one can look
at."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.retrievals import (
    COLUMN_WIDTH,
    FIRST_X,
    ROW_HEIGHT,
    draw_query,
    draw_top,
    load_retrievals,
    typical,
)
from dcct.report.figures.tiles import Tiles

ROWS = 10


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """Queries at evenly spaced quantiles of AP, each with the first ten tracklets of its
    ranking."""
    found = load_retrievals(pipeline, dataset)
    chosen, run, top = spread(found.ranked), found.run, len(found.ranked["top"].iloc[0])
    tiles = Tiles(
        FIRST_X + top * COLUMN_WIDTH,
        len(chosen) * ROW_HEIGHT,
        9,
        f"{len(chosen)} queries of {run.variant.title} on {found.where}, from worst to best",
        f"Of {len(found.ranked)} queries, those at evenly spaced quantiles of average precision"
        f" (AP, in %); seed {run.seed}. Of each tracklet the frame most like its\n"
        "others. Below each: ✓ same identity or ✗ another (dashed), camera, cosine distance.",
    )
    for row, number in enumerate(chosen.index):
        query, about, y = chosen.loc[number], found.tracklets.iloc[number], row * ROW_HEIGHT
        draw_query(tiles, y, about, query, typical(found.store, about))
        draw_top(tiles, y, about["pid"], query, found.tracklets, found.store)
    return tiles.figure


def spread(ranked: pd.DataFrame) -> pd.DataFrame:
    """Ten queries at evenly spaced quantiles of AP, worst first; ties go to the lower tracklet
    number."""
    places = np.unique(np.linspace(0, len(ranked) - 1, ROWS).round().astype(int))
    return ranked.sort_values("ap", kind="stable").iloc[places]
