"""The contact sheet: what a data set looks like, identity by identity and camera by camera."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dcct.clips.frames import FrameStore
from dcct.datasets.manifest import read_manifest
from dcct.datasets.tracklet import DISTRACTOR
from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.tiles import HEIGHT, PIXELS, Tiles

IDENTITIES = 8
FRAMES = 4
DISTRACTOR_ROWS = 2
LABEL, GAP, HEADING = 1.2, 0.35, 1.15
ROW_HEIGHT = HEIGHT + 0.12


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """Eight identities spread evenly over train and test, and distractors if there are any.

    Rows are identities, groups of columns are cameras, and each group is four evenly spaced frames
    of one tracklet. A camera that never saw an identity stays empty.
    """
    manifest, frames = (one.folder for one in pipeline.pictures(dataset))
    tracklets, store = read_manifest(manifest).to_pandas(), FrameStore(frames, manifest)
    cameras = sorted(tracklets["camid"].unique().tolist())
    blocks = [(heading, rows) for heading, rows in _blocks(tracklets, cameras) if rows]
    tiles = Tiles(
        LABEL + len(cameras) * FRAMES + (len(cameras) - 1) * GAP,
        sum(HEADING + len(rows) * ROW_HEIGHT for _, rows in blocks),
        9,
        pipeline.dataset(dataset).title,
        f"{FRAMES} evenly spaced frames of one tracklet per identity and camera; "
        "identities evenly spaced over each split",
    )
    y = 0.0
    for heading, rows in blocks:
        tiles.text(0, y + 0.32, heading, fontweight="bold", va="center")
        for group, camera in enumerate(cameras):
            style = {"fontsize": 8, "va": "center"}
            tiles.text(_x(group), y + HEADING - 0.28, f"camera {camera + 1}", **style)
        y += HEADING
        for label, row in rows:
            _draw_row(tiles, y, label, row, tracklets, store)
            y += ROW_HEIGHT
    return tiles.figure


def _blocks(
    tracklets: pd.DataFrame, cameras: list[int]
) -> list[tuple[str, list[tuple[str, list[int | None]]]]]:
    """Heading → rows; a row is a label and one tracklet number per camera (None: never seen
    there)."""
    people = tracklets[tracklets["pid"] > DISTRACTOR]
    train = people["split"] == "train"
    strangers = tracklets[tracklets["pid"] == DISTRACTOR].groupby("camid")["tracklet"].apply(list)
    rows = [
        [
            numbers[place] if place < len(numbers) else None
            for numbers in (strangers.get(c, []) for c in cameras)
        ]
        for place in range(min(DISTRACTOR_ROWS, strangers.map(len).max() if len(strangers) else 0))
    ]
    return [
        ("Training identities", _people(people[train], cameras)),
        ("Test identities", _people(people[~train], cameras)),
        (
            "Distractors: gallery tracklets of people who are nobody's match",
            [("id 0", row) for row in rows],
        ),
    ]


def _people(people: pd.DataFrame, cameras: list[int]) -> list[tuple[str, list[int | None]]]:
    pids = np.sort(people["pid"].unique())
    chosen = pids[np.unique(np.linspace(0, len(pids) - 1, IDENTITIES // 2).round().astype(int))]
    first = people.groupby(["pid", "camid"])["tracklet"].min()
    return [(f"id {pid}", [first.get((pid, camera)) for camera in cameras]) for pid in chosen]


def _draw_row(
    tiles: Tiles,
    y: float,
    label: str,
    row: list[int | None],
    tracklets: pd.DataFrame,
    store: FrameStore,
) -> None:
    tiles.text(0, y + HEIGHT / 2, label, fontsize=8, va="center")
    for group, tracklet in enumerate(row):
        if tracklet is None:
            continue
        last = tracklets["frames"].iloc[tracklet] - 1
        positions = np.linspace(0, last, FRAMES).round().astype(int)
        for place, pixels in enumerate(store.read(tracklet, positions, *PIXELS)):
            tiles.tile(pixels, _x(group) + place, y)


def _x(group: int) -> float:
    """Where the tiles of a camera begin."""
    return LABEL + group * (FRAMES + GAP)
