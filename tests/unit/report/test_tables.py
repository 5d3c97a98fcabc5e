"""Tables say what the metrics say: on a few random features, judged by the real code."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dcct.config.load import load_dataset, load_profile, load_variant
from dcct.config.table import Published, Table
from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.errors import DataError
from dcct.evaluation import judge, write_metrics
from dcct.paths import Paths
from dcct.receipt import RECEIPT, file_digest, read_json, write_json
from dcct.report.estimates import sample
from dcct.report.latex import escape
from dcct.report.results import load_results
from dcct.report.tables import tabulate, write_tables

CONFIGFILE = Path(__file__).parents[3] / "config" / "test.yaml"
DATASET = "walkers-test"
RUN = {"cnn": (0, 1), "dcct": (0,)}
"""Variant → seeds that were run, of the seeds 0 and 1; nothing else of the profile was."""
COMPONENTS = Table(
    title="Parts",
    about="Made up.",
    compare="variants",
    rows=["chance", "cnn", "dcct", "cca"],
    published=Published(source="nowhere", sets={"a_set": {"mAP": 50.0}}),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A profile with two seeds, and metrics of some of its variants on five identities at two cameras."""
    base = load_profile(CONFIGFILE)
    profile = base.model_copy(update={"seeds": [0, 1]})
    folder = tmp_path_factory.mktemp("results")
    paths = Paths(data_dir=folder / "data", results_dir=folder)
    split = ["query", "gallery"] * 10
    pids, camids = np.repeat(np.arange(1, 6), 4), np.tile([0, 0, 1, 1], 5)
    write_parquet(
        paths.manifest(DATASET) / "tracklets.parquet",
        pa.table([range(20), split, pids, [-1] * 20, camids, range(20), [1] * 20], schema=TRACKLETS),
    )
    for variant, seeds in RUN.items():
        for seed in seeds:
            _judge(profile, paths, variant, seed)
    return profile, paths


def _judge(profile, paths, name, seed):
    variant, draw = load_variant(name, CONFIGFILE), np.random.default_rng([len(name), seed])
    values = draw.normal(size=(20, 8)).astype(np.float32)
    features = paths.features(DATASET, name, seed) / "features.parquet"
    write_parquet(
        features,
        pa.table(
            {
                "sampler": ["begin"] * 20,
                "tracklet": pa.array(range(20), pa.int32()),
                variant.headline: pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 8),
            }
        ),
    )
    folder = paths.metrics(DATASET, name, seed)
    rows, queries = judge(features, paths.manifest(DATASET), load_dataset(DATASET, CONFIGFILE), profile, variant)
    write_json(
        folder / "metrics.json", write_metrics(rows, queries, {"seed": seed, "parameters": 7}, variant, profile, folder)
    )
    outputs = {file: file_digest(folder / file) for file in ("metrics.json", "queries.parquet")}
    write_json(folder / RECEIPT, {"outputs": outputs})


def _written(finished, table, folder):
    profile, paths = finished
    frame = tabulate(table, profile, paths, CONFIGFILE)
    write_tables("t", table, frame, {DATASET: load_dataset(DATASET, CONFIGFILE)}, folder)
    return {kind: (folder / f"t.{kind}").read_text(encoding="utf-8") for kind in ("csv", "md", "tex")}


def test_chance_is_the_mean_over_all_rankings(finished):
    """Each query has 2 matches among 18 tracklets: chance is the plain mean over all C(18, 2) rankings."""
    row = tabulate(COMPONENTS, *finished, CONFIGFILE).iloc[0]
    hits = list(combinations(range(1, 19), 2))
    assert row["mAP"] == pytest.approx(100 * np.mean([(1 / a + 2 / b) / 2 for a, b in hits]), abs=1e-4)
    assert row["rank5"] == pytest.approx(100 * np.mean([a <= 5 for a, _ in hits]), abs=1e-4)
    assert row["mINP"] == pytest.approx(100 * np.mean([2 / b for _, b in hits]), abs=1e-4)


def test_a_variant_does_not_differ_from_itself(finished):
    """A − A is exactly 0, and so are both ends of its interval."""
    table = Table(title="", about="", compare="pairs", pairs=[["cnn", "cnn"]])
    row = tabulate(table, *finished, CONFIGFILE).iloc[0]
    assert (row[["mAP_difference", "mAP_difference_low", "mAP_difference_high", "rank1_difference"]] == 0).all()


def test_one_seed_has_the_interval_of_its_metrics(finished):
    """Estimates from per-query values repeat what metrics.json says of the same run."""
    profile, paths = finished
    run = load_results(profile, paths, CONFIGFILE, DATASET)["dcct"][0]
    estimate = sample([run], "mAP", "begin", "all").estimate(profile.evaluation.bootstrap)
    expected = [100 * run.headline[name] for name in ("mAP", "mAP_low", "mAP_high")]
    assert [estimate.mean, estimate.low, estimate.high] == pytest.approx(expected, rel=1e-12)


def test_what_was_not_run_is_a_named_gap(finished, tmp_path):
    """A missing variant keeps its row and says so; a missing seed is counted."""
    frame = tabulate(COMPONENTS, *finished, CONFIGFILE).set_index("variant")
    assert frame["status"].to_list() == ["complete", "complete", "1 of 2 seeds", "not run"]
    assert frame.loc["cca", ["mAP", "rank1", "seconds"]].isna().all()
    assert "| + CCA | all |  | not run |" in _written(finished, COMPONENTS, tmp_path)["md"]


def test_damaged_metrics_are_refused(finished):
    """Metrics that are not what their receipt says make no table."""
    profile, paths = finished
    path = paths.metrics(DATASET, "dcct", 0) / "metrics.json"
    whole = read_json(path, "rank")
    write_json(path, whole | {"headline": {}})
    with pytest.raises(DataError, match="damaged"):
        tabulate(COMPONENTS, profile, paths, CONFIGFILE)
    write_json(path, whole)


def test_markdown_shows_the_csv_rounded(finished, tmp_path):
    """Every number of a row in Markdown is the CSV's number with one decimal, in the same order."""
    written = _written(finished, COMPONENTS, tmp_path)
    order = [f"{metric}{part}" for metric in ("mAP", "rank1") for part in ("", "_sd", "_low", "_high")]
    order += ["rank5", "rank10", "mINP"]
    lines = [line for line in written["md"].splitlines() if line.startswith("| ")]
    for row, line in zip(pd.read_csv(tmp_path / "t.csv").to_dict("records"), lines[2:], strict=False):
        assert row["title"] in line
        assert re.findall(r"\d+\.\d", line) == [f"{row[name]:.1f}" for name in order if not np.isnan(row[name])]


def test_a_second_run_gives_the_same_bytes(finished, tmp_path):
    """Nothing in a table depends on when it was written."""
    assert _written(finished, COMPONENTS, tmp_path / "a") == _written(finished, COMPONENTS, tmp_path / "b")


def test_latex_is_escaped_and_ruled(finished, tmp_path):
    """Special characters cannot break a document, and each tabular has its three rules."""
    tex = _written(finished, COMPONENTS, tmp_path)["tex"]
    body = "".join(line for line in tex.splitlines() if not line.startswith("%"))
    assert "a\\_set" in body
    assert not re.search(r"(?<!\\)[%_#]", body)
    assert [tex.count(rule) for rule in ("\\toprule", "\\midrule", "\\bottomrule")] == [2, 2, 2]
    assert escape("50 % of_A & B − 1 ± 2 \\x") == "50 \\% of\\_A \\& B $-$ 1 $\\pm$ 2 \\textbackslash{}x"
