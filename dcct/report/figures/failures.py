"""Failures: the worst query of each of the worst-served people, what was found instead, and what
should have been."""

from pathlib import Path

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.config.load import load_dataset
from dcct.datasets.manifest import read_manifest
from dcct.pipeline.paths import Paths
from dcct.report.figures.features import read_features
from dcct.report.figures.queries import (
    COLUMN_WIDTH,
    FIRST_X,
    ROW_HEIGHT,
    draw_found,
    draw_query,
    draw_top,
    middle,
    pictured,
)
from dcct.report.figures.style import GREY, styled
from dcct.report.figures.tiles import HEIGHT, Page
from dcct.report.tables.results import described

ROWS = 8
SHOWN = 8
"""Gallery tracklets shown before the first true match."""
MATCH_X = FIRST_X + SHOWN * COLUMN_WIDTH + 0.75


def draw_failures(
    paths: Paths, configfile: Path, dataset: str, split: int, variant: str, seed: int, path: Path
) -> None:
    """Draw queries whose first match is not at rank 1, the worst first, with the gallery's first
    and the first match.

    Reads this one run's metrics and features, and the data set's frame store and manifest. Raises
    DataError when it was not run.
    """
    run = pictured(paths, configfile, dataset, split, variant, seed)
    sampler, feature = run.headline["sampler"], run.headline["feature"]
    ranked = run.ranked(sampler, feature)
    chosen, failed = worst(ranked), int((ranked["first_hit"] > 1).sum())
    listed = paths.manifest(dataset, split)
    tracklets, store = read_manifest(listed).to_pandas(), FrameStore(paths.frames(dataset), listed)
    features = read_features(
        paths.features(dataset, split, variant, seed) / "features.parquet", sampler, feature
    )
    where = described(load_dataset(dataset, configfile).title, [run])
    with styled():
        page = Page(
            MATCH_X + 1.05,
            max(len(chosen), 1) * ROW_HEIGHT,
            9,
            f"Failures of {run.variant.title} on {where}",
            f"{failed} of {len(ranked)} queries have another person at rank 1: of each person the"
            f" one with the lowest AP (in %), worst first; seed {seed}. Right: the"
            " nearest\ntracklet of the same identity and its rank. Below each: ✓ same identity or"
            " ✗ another (dashed), camera, cosine distance.",
        )
        for row, (number, query) in enumerate(chosen.iterrows()):
            y, about = row * ROW_HEIGHT, tracklets.iloc[number]
            draw_query(page, y, about, query, middle(store, about))
            first = {"top": query["top"][:SHOWN], "distance": query["distance"][:SHOWN]}
            draw_top(page, y, about["pid"], pd.Series(first), tracklets, store)
            match, distance = nearest_match(about, tracklets, features, run.headline)
            draw_found(page, MATCH_X, y, match, distance, True, middle(store, match))
            rank = f"rank\n{query['first_hit']:,}"
            page.text(
                MATCH_X - 0.1,
                y + HEIGHT / 2,
                rank,
                fontsize=8,
                fontweight="bold",
                ha="right",
                va="center",
            )
        if chosen.empty:
            page.text(
                page.width / 2,
                1,
                "none: each query's first match is at rank 1",
                ha="center",
                color=GREY,
            )
        page.save(path)


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
