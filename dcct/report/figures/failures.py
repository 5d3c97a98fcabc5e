"""The worst failures: whom a query was taken for, and where its own tracklet stood."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dcct.evaluation.features import read_features
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.retrievals import (
    COLUMN_WIDTH,
    FIRST_X,
    ROW_HEIGHT,
    draw_found,
    draw_query,
    draw_top,
    load_retrievals,
    typical,
)
from dcct.report.figures.style import GREY
from dcct.report.figures.tiles import HEIGHT, Tiles

ROWS = 8
FIRST = 8
"""Tracklets of a ranking that are pictured."""
MATCH_X = FIRST_X + FIRST * COLUMN_WIDTH + 0.75


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """Queries whose first match is not at rank 1, the worst first, with the gallery's first and the
    first match."""
    found = load_retrievals(pipeline, dataset)
    run, ranked = found.run, found.ranked
    chosen, failed = worst(ranked), int((ranked["first_hit"] > 1).sum())
    path = pipeline.shown_run("extract", dataset) / "features.parquet"
    features = read_features(path, run.headline["sampler"], run.headline["feature"])
    tiles = Tiles(
        MATCH_X + 1.05,
        max(len(chosen), 1) * ROW_HEIGHT,
        9,
        f"Failures of {run.variant.title} on {found.where}",
        f"{failed} of {len(ranked)} queries have another person at rank 1: of each person the"
        f" one with the lowest AP (in %), worst first; seed {run.seed}. Right: the"
        " nearest\ntracklet of the same identity, its rank. ✓ same identity, ✗ another (dashed):"
        " camera, cosine distance. Of each tracklet the frame most like its others.",
    )
    for row, number in enumerate(chosen.index):
        query, about, y = chosen.loc[number], found.tracklets.iloc[number], row * ROW_HEIGHT
        draw_query(tiles, y, about, query, typical(found.store, about))
        first = {"top": query["top"][:FIRST], "distance": query["distance"][:FIRST]}
        draw_top(tiles, y, about["pid"], pd.Series(first), found.tracklets, found.store)
        match, distance = nearest_match(about, found.tracklets, features, run.headline)
        draw_found(tiles, MATCH_X, y, match, distance, True, typical(found.store, match))
        style = {"fontsize": 8, "fontweight": "bold", "ha": "right", "va": "center"}
        tiles.text(MATCH_X - 0.1, y + HEIGHT / 2, f"rank\n{query['first_hit']:,}", **style)
    if chosen.empty:
        none = "none: each query's first match is at rank 1"
        tiles.text(tiles.width / 2, 1, none, ha="center", color=GREY)
    return tiles.figure


def worst(ranked: pd.DataFrame) -> pd.DataFrame:
    """Queries whose first match is late: of each person the one with the lowest AP; ties go to the
    later first match, then to the lower tracklet number."""
    late = ranked[ranked["first_hit"] > 1].assign(late=-ranked["first_hit"])
    return late.sort_values(["ap", "late"], kind="stable").drop_duplicates("pid").head(ROWS)


def nearest_match(
    about: pd.Series, tracklets: pd.DataFrame, features: pd.Series, protocol: dict
) -> tuple[pd.Series, float]:
    """The true match that ranks first for a query, and its cosine distance. about: the query's row
    of the manifest."""
    matches = tracklets[(tracklets["pid"] == about["pid"]) & (tracklets["split"] != "train")]
    if not protocol["gallery_includes_queries"]:
        matches = matches[matches["split"] == "gallery"]
    if protocol["drop_same_camera"]:
        matches = matches[matches["camid"] != about["camid"]]
    query, others = features[about["tracklet"]], np.stack(features[matches["tracklet"]].to_list())
    cosines = others @ query / np.linalg.norm(others, axis=1) / np.linalg.norm(query)
    return matches.iloc[cosines.argmax()], float(1 - cosines.max())
