"""Figures show what was computed, name what was not, and are the same bytes each time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dcct.pipeline.paths import Paths
from dcct.report.figures.features import read_features

from dcct.config.load import load_dataset, load_profile, load_variant
from dcct.datasets.manifest import read_manifest
from dcct.evaluation.features import feature_table, write_features
from dcct.evaluation.protocol import judge
from dcct.files import file_digest, write_json
from dcct.inference.attention_file import write_attention
from dcct.provenance.receipt import RECEIPT
from dcct.report.figures.attention import load_looked
from dcct.report.figures.embedding import (
    COLOURS,
    MARKERS,
    draw_embedding,
    neighbours_alike,
    shown_people,
    unit_length,
)
from dcct.report.figures.failures import nearest_match, worst
from dcct.report.figures.spatial import draw_spatial
from dcct.report.figures.temporal import draw_temporal
from dcct.report.figures.tradeoff import apart, tradeoff

CONFIGFILE = Path(__file__).parents[4] / "config" / "test.yaml"
DATASET = "walkers-test"
RUN = (DATASET, 0, "dcct", 0)
PARTS = {
    "space/cnn/self": 18,
    "space/vit/cross": 18,
    "time/1/cnn": 4,
    "time/1/joint": 4,
    "time/2/joint": 4,
    "gate/cnn": 8,
    "gate/vit": 8,
}
"""Part of the network → number of its values per frame."""


@pytest.fixture
def paths(tiny, tmp_path) -> Paths:
    """Results that hold manifest and frame store of the tiny set, and nothing else."""
    paths = Paths(data_dir=tmp_path / "data", results_dir=tmp_path / "results")
    for made, real in (
        (paths.manifest(DATASET, 0), tiny.manifest),
        (paths.frames(DATASET), tiny.frames),
    ):
        made.parent.mkdir(parents=True)
        made.symlink_to(real)
    return paths


def _receipt(path: Path) -> None:
    write_json(path.parent / RECEIPT, {"outputs": {path.name: file_digest(path)}})


def _look(paths: Paths, variant: str, parts: dict[str, int]) -> None:
    """An attention file of two clips with random weights."""
    path, draw = (
        paths.attention(DATASET, 0, variant, 0) / "attention.parquet",
        np.random.default_rng(0),
    )
    rows = [
        (tracklet, frame, frame, part, draw.dirichlet(np.ones(size)).tolist())
        for tracklet in (2, 5)
        for frame in range(4)
        for part, size in parts.items()
    ]
    write_attention(path, rows, (6, 3))
    _receipt(path)


def _features(paths: Paths) -> Path:
    """Random features of all test tracklets, of which some are near their identity's mean."""
    tracklets, draw = (
        read_manifest(paths.manifest(DATASET, 0)).to_pandas(),
        np.random.default_rng(0),
    )
    tracklets = tracklets[tracklets["split"] != "train"]
    means = {pid: draw.normal(size=16) for pid in sorted(set(tracklets["pid"]))}
    values = np.stack([means[pid] + draw.normal(size=16) for pid in tracklets["pid"]]).astype(
        np.float32
    )
    path = paths.features(*RUN) / "features.parquet"
    write_features(
        path,
        feature_table([("begin", number) for number in tracklets["tracklet"]], {"all": values}),
        {},
    )
    _receipt(path)
    return path


def test_a_second_drawing_gives_the_same_bytes(paths, tmp_path):
    """Nothing in a figure depends on when it was drawn; t-SNE starts from one seed."""
    _look(paths, "dcct", PARTS)
    _features(paths)
    for folder in (tmp_path / "a", tmp_path / "b"):
        draw_spatial(paths, CONFIGFILE, RUN, folder)
        draw_temporal(paths, CONFIGFILE, RUN, folder)
        draw_embedding(paths, CONFIGFILE, RUN, "begin", folder)
    drawn = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert drawn == [
        "embedding.png",
        "embedding.svg",
        "spatial.png",
        "temporal.png",
        "temporal.svg",
    ]
    for name in drawn:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_was_not_run_is_named(paths, tmp_path):
    """Without attention or features every figure is drawn all the same, and says what to run."""
    assert load_looked(paths, CONFIGFILE, RUN).gap.endswith(
        "not run: dcct attend walkers-test dcct --split 0 --seed 0"
    )
    draw_spatial(paths, CONFIGFILE, RUN, tmp_path)
    draw_temporal(paths, CONFIGFILE, RUN, tmp_path)
    draw_embedding(paths, CONFIGFILE, RUN, "begin", tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "spatial.png",
        "temporal.png",
        "embedding.png",
    }


def test_a_variant_without_attention_is_named(paths, tmp_path):
    """A backbone has neither CCA nor HTA; CCA alone has no temporal attention, and here no
    cross-attention."""
    for variant, parts, gap in (
        ("cnn", {}, "CNN has no HTA"),
        ("cca", {"space/cnn/self": 18}, "+ CCA has no HTA"),
    ):
        _look(paths, variant, parts)
        run = (DATASET, 0, variant, 0)
        assert load_looked(paths, CONFIGFILE, run).lacks("HTA") == gap
        draw_spatial(paths, CONFIGFILE, run, tmp_path)
        draw_temporal(paths, CONFIGFILE, run, tmp_path)


def test_costs_name_what_is_missing():
    """A variant without results, and one that is not in the cost table, stand in the legend."""
    variants = {name: load_variant(name, CONFIGFILE) for name in ("cnn", "untrained")}
    costs = pd.DataFrame(
        {"parameters": [1], "flops_per_frame": [2], "ms_per_clip": [np.nan]}, index=["cnn"]
    )
    figure = tradeoff(variants, {"cnn": [], "untrained": []}, costs, "nowhere", 10)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["CNN: not run", "Untrained DCCT: not run"]


def test_variants_of_equal_cost_stand_side_by_side():
    """They keep their order and at least the gap; who stands alone stays."""
    moved = apart(np.array([5.0, 1.0, 5.0, 5.1]), 0.5)
    assert moved[1] == 1
    assert np.diff(moved[[1, 0, 2, 3]]).min() >= 0.5 - 1e-9
    assert moved[[0, 2, 3]].mean() == pytest.approx(5.1 / 3 + 10 / 3)


def test_the_nearest_match_is_the_first_hit_of_the_ranking(paths):
    """Wherever the first match is among the ten that are kept, it is the same tracklet at the same
    distance."""
    path, profile = _features(paths), load_profile(CONFIGFILE)
    listed, dataset = paths.manifest(DATASET, 0), load_dataset(DATASET, CONFIGFILE)
    rows, queries = judge(path, listed, dataset, profile, load_variant("dcct", CONFIGFILE))
    tracklets, features = read_manifest(listed).to_pandas(), read_features(path, "begin", "all")
    near = queries.to_pandas().query("1 <= first_hit <= 10")
    assert len(near) > 10
    for query in near.itertuples():
        match, distance = nearest_match(
            tracklets.iloc[query.tracklet], tracklets, features, rows[0]
        )
        assert match["tracklet"] == query.top[query.first_hit - 1]
        assert distance == pytest.approx(query.distance[query.first_hit - 1], abs=1e-5)


def test_failures_are_the_worst_query_of_each_person():
    """Only queries whose first match is late; one for each person, lowest AP first."""
    ranked = pd.DataFrame(
        {"pid": [1, 1, 2, 3], "ap": [0.2, 0.1, 0.05, 0.3], "first_hit": [4, 9, 7, 1]}
    )
    assert worst(ranked).index.to_list() == [2, 1]


def test_a_large_set_is_shown_in_part():
    """As many tracklets as MARS tests: a dozen of a dozen people, nobody who is a distractor;
    always the same ones."""
    draw, count = np.random.default_rng(0), 11310
    table = pd.DataFrame(
        {"tracklet": range(count), "split": "gallery", "pid": draw.integers(0, 600, count)}
    )
    shown = shown_people(table)
    assert shown["pid"].nunique() == 12
    assert shown["pid"].min() > 0
    assert shown["pid"].value_counts().max() == 12
    assert len({(COLOURS[n % len(COLOURS)], MARKERS[n % len(MARKERS)]) for n in range(84)}) == 84


def test_chance_of_a_like_neighbour_is_that_of_a_random_one():
    """Two pairs: one other point of three is alike; features that are the labels find it always."""
    labels = np.array([0, 0, 1, 1])
    assert neighbours_alike(unit_length(np.eye(2)[labels]), labels) == (1, pytest.approx(1 / 3))
