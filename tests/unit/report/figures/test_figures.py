"""Figures show what was computed, name what was not, and are the same bytes each time."""

import shutil
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import yaml

from dcct.datasets.manifest import read_manifest
from dcct.evaluation.features import feature_table, read_features, write_features
from dcct.evaluation.protocol import evaluate_features
from dcct.files import file_digest, write_json
from dcct.inference.attention_file import write_attention
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.steps import read_pipeline
from dcct.report.figures.attention import load_attention
from dcct.report.figures.comparison import load_comparison
from dcct.report.figures.embedding import (
    COLOURS,
    MARKERS,
    chosen_people,
    neighbours_alike,
    unit_length,
)
from dcct.report.figures.failures import nearest_match, worst
from dcct.report.figures.retrievals import typical
from dcct.report.figures.style import save, styled
from dcct.report.figures.tradeoff import COSTS, apart
from dcct.report.tables.grid import number
from dcct.report.tables.tables import tabulate

DATASET = "walkers-test"
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
def pipeline(project, tiny, tmp_path):
    """pipeline(variants): the test profile with these, or its own, and results that hold manifest
    and frame store of the tiny set, and nothing else."""

    def make(*variants: str) -> Pipeline:
        without = {"backbones": [], "tables": [], "evaluation": {"time_order": []}}
        changes = {"variants": [*variants], **without} if variants else {}
        found = project(tmp_path / "project", **changes)
        for job, real in zip(found.pictures(DATASET), (tiny.manifest, tiny.frames), strict=True):
            shutil.copytree(real, job.folder)
        return found

    return make


def _receipt(job: Job) -> None:
    write_json(job.receipt, {"outputs": {path.name: file_digest(path) for path in job.outputs}})


def _attend(pipeline: Pipeline, parts: dict[str, int]) -> None:
    """An attention file of two clips with random weights."""
    job, draw = pipeline.shown_run("attend", DATASET), np.random.default_rng(0)
    rows = [
        (tracklet, frame, frame, part, draw.dirichlet(np.ones(size)).tolist())
        for tracklet in (2, 5)
        for frame in range(4)
        for part, size in parts.items()
    ]
    write_attention(job / "attention.parquet", rows, (6, 3))
    _receipt(job)


def _extract(pipeline: Pipeline) -> Job:
    """Random features of all test tracklets, of which some are near their identity's mean."""
    job, manifest = pipeline.shown_run("extract", DATASET), pipeline.pictures(DATASET)[0].folder
    tracklets, draw = read_manifest(manifest).to_pandas(), np.random.default_rng(0)
    tracklets = tracklets[tracklets["split"] != "train"]
    means = {pid: draw.normal(size=16) for pid in sorted(set(tracklets["pid"]))}
    values = np.stack([means[pid] + draw.normal(size=16) for pid in tracklets["pid"]])
    keys = [("begin", number) for number in tracklets["tracklet"]]
    table = feature_table(keys, {"all": values.astype(np.float32)})
    write_features(job / "features.parquet", table, {})
    _receipt(job)
    return job


def _draw(pipeline: Pipeline, name: str):
    with styled():
        return import_module(f"dcct.report.figures.{name}").draw(pipeline, DATASET)


def _texts(figure) -> str:
    """All that a figure says."""
    return " ".join(
        text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))
    )


@pytest.mark.parametrize("name", ["spatial", "temporal", "embedding", "sheet"])
def test_a_second_drawing_gives_the_same_bytes(pipeline, tmp_path, name):
    """Nothing in a figure depends on when it was drawn; t-SNE starts from one seed."""
    found = pipeline()
    _attend(found, PARTS)
    _extract(found)
    for folder in (tmp_path / "a", tmp_path / "b"):
        with styled():
            save(_draw(found, name), folder, name, FIGURES[name].formats)
    drawn = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert drawn == [f"{name}.{kind}" for kind in FIGURES[name].formats]
    for file in drawn:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_what_was_not_run_is_named(pipeline):
    """Without attention or features every figure is drawn all the same, and says what to run."""
    found = pipeline()
    for name, verb in (("spatial", "attend"), ("temporal", "attend"), ("embedding", "extract")):
        said = _texts(_draw(found, name))
        assert "DCCT (+ HTA, level 2): not run: " in said
        assert found.shown_run(verb, DATASET).again in said


@pytest.mark.parametrize("name", ["ablation", "cmc", "training"])
def test_every_variant_that_was_not_run_is_named(pipeline, name):
    """In its row, or where its line would stand in the legend."""
    found = pipeline("cnn", "cca")
    said = _texts(_draw(found, name))
    assert "not run" in said
    assert all(found.variant(label).title in said for label in ("cnn", "cca"))


def test_the_field_stands_where_nothing_of_ours_was_run(pipeline):
    """Every method with its name, and each set of which mAP is published says that we have none."""
    found = pipeline()
    said = _texts(_draw(found, "field"))
    assert found.field_sets == ["mars", "ls-vid"]
    for name in ("MARS", "LS-VID"):
        assert f"nothing of\nours was run\non {name}" in said
    assert all(one.name in said for one in found.field if set(found.field_sets) & set(one.values))


def test_ours_stands_in_the_field_with_its_interval(project, evaluated, tmp_path):
    """Of the variant that reproduces the paper, over both seeds, on the set that was run alone; one
    picture serves all sets of a profile."""
    found = project(tmp_path, "paper", datasets=["prid-2011", "mars"], cross=[], seeds=[0, 1])
    for seed in (0, 1):
        evaluated(found, "mars", 0, "dcct-fd-ld", seed)
    said = _texts(_draw(found, "field"))
    row = tabulate(found, "components").set_index(["dataset", "variant"]).loc["mars", "dcct-fd-ld"]
    mean, low, high = (number(row[name]) for name in ("mAP", "mAP_low", "mAP_high"))
    assert f"DCCT + FD + LD\n{mean} [{low}, {high}]" in said
    assert "on LS-VID" in said
    assert "on MARS" not in said
    assert [name for name in found.profile.datasets if "field" in found.figures_of(name)] == [
        "prid-2011"
    ]


def test_years_of_a_long_field_are_named_apart(project, tmp_path):
    """One early method: of 36 years every third is named, and here; one without mAP decides
    nothing."""
    found = project(tmp_path)
    early = {"venue": "v", "year": 1990, "kind": "unknown", "values": {"mars": {"mAP": 9}}}
    late = {**early, "year": 2100, "values": {"mars": {"rank1": 9}}}
    content = {"source": "A table", "methods": {"Early": early, "Late": late}}
    (tmp_path / "config/published/early.yaml").write_text(yaml.safe_dump(content))
    ticks = _draw(read_pipeline(found.configfile), "field").axes[-1].get_xticks()
    gaps = set(np.diff(np.sort(ticks)))
    assert gaps == {3}
    assert len(ticks) <= 16
    assert 1990 <= min(ticks) < max(ticks) < 2100


@pytest.mark.parametrize(
    ("variant", "parts", "gap"),
    [("cnn", {}, "CNN has no HTA"), ("cca", {"space/cnn/self": 18}, "+ CCA has no HTA")],
)
def test_a_variant_without_attention_is_named(pipeline, variant, parts, gap):
    """A backbone has neither CCA nor HTA; CCA alone has no temporal attention, and here no
    cross-attention."""
    found = pipeline(variant)
    _attend(found, parts)
    assert load_attention(found, DATASET).lacks("HTA") == gap
    assert gap in _texts(_draw(found, "temporal"))
    said = _texts(_draw(found, "spatial"))
    assert ("CNN has no CCA" if variant == "cnn" else "Not in this variant: CNN cross") in said


def test_costs_name_what_is_missing(pipeline, evaluated):
    """A variant without results, and one that is not in the cost table, stand in the legend."""
    found = pipeline("cnn", "cca", "untrained")
    for label in ("cnn", "cca"):
        evaluated(found, DATASET, 0, label, 0)
    row = {"size": "This profile", "variant": "cnn", **dict.fromkeys(COSTS, 1)}
    cost = found.job("cost") / "csv"
    cost.parent.mkdir()
    pd.DataFrame([row]).to_csv(cost, index=False)
    legend = _draw(found, "tradeoff").legends[0]
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["1  CNN", "+ CCA: not counted", "Untrained DCCT: not run"]


def test_variants_of_equal_cost_stand_side_by_side():
    """They keep their order and at least the gap; who stands alone stays."""
    moved = apart(np.array([5.0, 1.0, 5.0, 5.1]), 0.5)
    assert moved[1] == 1
    assert np.diff(moved[[1, 0, 2, 3]]).min() >= 0.5 - 1e-9
    assert moved[[0, 2, 3]].mean() == pytest.approx(5.1 / 3 + 10 / 3)


def test_the_nearest_match_is_the_first_hit_of_the_ranking(pipeline):
    """Wherever the first match is among the ten that are kept, it is the same tracklet at the same
    distance."""
    found = pipeline()
    path, manifest = _extract(found) / "features.parquet", found.pictures(DATASET)[0].folder
    protocol = found.dataset(DATASET).protocol
    evaluation = evaluate_features(path, manifest, protocol, found.profile)
    tracklets, features = read_manifest(manifest).to_pandas(), read_features(path, "begin", "all")
    near = evaluation.queries.to_pandas().query("1 <= first_hit <= 10")
    assert len(near) >= 10
    for query in near.itertuples():
        match, distance = nearest_match(
            tracklets.iloc[query.tracklet], tracklets, features, evaluation.rows[0]
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
    people = chosen_people(table)
    assert people["pid"].nunique() == 12
    assert people["pid"].min() > 0
    assert people["pid"].value_counts().max() == 12
    assert len({(COLOURS[n % len(COLOURS)], MARKERS[n % len(MARKERS)]) for n in range(84)}) == 84


def test_chance_of_a_like_neighbour_is_that_of_a_random_one():
    """Two pairs: one other point of three is alike; features that are the labels find it always."""
    labels = np.array([0, 0, 1, 1])
    assert neighbours_alike(unit_length(np.eye(2)[labels]), labels) == (1, pytest.approx(1 / 3))


def test_differences_of_a_comparison_are_paired(pipeline, evaluated):
    """Over the seeds that both variants have; with a variant itself there is none, and nothing
    varies."""
    found = pipeline("cnn", "cca")
    for label in ("cnn", "cca"):
        evaluated(found, DATASET, 0, label, 0)
    compared = load_comparison(found, DATASET)
    means = [compared.estimate(name, "rank1").mean for name in ("cca", "cnn")]
    assert compared.difference("cca", "cnn", "rank1").mean == pytest.approx(means[0] - means[1])
    same = compared.difference("cca", "cca", "rank1")
    assert (same.mean, same.ends) == (0, (0, 0))


def test_an_even_map_is_called_flat_and_another_has_its_scale(pipeline):
    """What looks at all frames alike is said in words; what does not is coloured, however little
    it differs, on a scale that stands above it."""
    found = pipeline()
    job, even = found.shown_run("attend", DATASET), np.full(4, 0.25)
    weights = {"time/1/cnn": even, "time/2/joint": even * [1.03, 0.97, 1, 1]}
    rows = [
        (2, frame, frame, part, values.tolist())
        for frame in range(4)
        for part, values in weights.items()
    ]
    write_attention(job / "attention.parquet", rows, (6, 3))
    _receipt(job)
    said = _texts(_draw(found, "temporal"))
    assert "Level 1, CNN\nflat" in said
    assert "flat: even" in said
    assert "Level 2, joint\nscale ±5 %" in said


def test_the_frame_that_is_shown_has_nobody_in_front():
    """Of a tracklet whose middle third a passer-by covers, one of the others."""

    class Store:
        def read(self, tracklet, positions, height, width):
            covered = (positions >= 10) & (positions < 20)
            shades = np.where(covered, 250, 100 + positions % 3).astype(np.uint8)
            return np.broadcast_to(shades[:, None, None, None], (len(shades), 2, 2, 3))

    shown = typical(Store(), pd.Series({"tracklet": 0, "frames": 30}))
    assert shown.max() < 250
