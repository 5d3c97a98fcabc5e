"""Every kind of table where variants, seeds and splits are missing: named gaps, never a crash."""

import pandas as pd
import pytest

from dcct.pipeline.steps import TABLE
from dcct.report.tables.cells import YOURS
from dcct.report.tables.tables import write_table

ONE, TEN, OTHER = "walkers-test", "walkers-ilids", "walkers-prid"
RUNS = {
    ONE: {"cnn": [(0, 0), (0, 1)], "dcct": [(0, 1)], "dcct-fd-ld": [(0, 0), (0, 1)]},
    TEN: {"cnn": [(0, 0), (1, 0)], "dcct": [(1, 1)]},
    OTHER: {f"cnn@{ONE}": [(0, 0)]},
}
"""Data set → what was evaluated → splits and seeds, of splits 0 and 1 and seeds 0 and 1; nothing
else was run."""
TABLES = {
    "variants": {
        "rows": ["chance", "cnn", "dcct", "cca", "untrained", "distilled-vit"],
        "published": "dcct",
    },
    "sets": {
        "rows": ["cnn", "dcct", "cca"],
        "sets": [ONE, TEN, "mars"],
        "metrics": ["mAP", "rank1"],
    },
    "features": {"rows": ["cnn", "dcct", "cca"]},
    "samplers": {"rows": ["dcct", "cca"]},
    "pairs": {"pairs": [["dcct", "cnn"], ["cca", "cnn"], ["untrained", "dcct-fd-ld"]]},
    "cross": {"rows": ["chance", "cnn", "dcct"]},
}


def _pipeline(project, folder):
    """A profile of two data sets, two splits and two seeds."""
    return project(
        folder,
        tables={f"a-{kind}": {"compare": kind, **content} for kind, content in TABLES.items()},
        datasets=[ONE, TEN],
        splits=[0, 1],
        seeds=[0, 1],
        cross=[{"train": ONE, "test": OTHER, "variants": ["cnn", "dcct"]}],
    )


@pytest.fixture(scope="module")
def half(project, evaluated, tmp_path_factory):
    """That profile, half of it done."""
    pipeline = _pipeline(project, tmp_path_factory.mktemp("half"))
    for dataset, variants in RUNS.items():
        for label, cells in variants.items():
            for split, seed in cells:
                evaluated(pipeline, dataset, split, label, seed)
    return pipeline


def _written(pipeline, kind):
    job = pipeline.job("tabulate", f"a-{kind}")
    write_table(pipeline, f"a-{kind}", job.folder)
    assert all((job / suffix).is_file() for suffix in TABLE)
    return pd.read_csv(job / "csv"), (job / "md").read_text(encoding="utf-8")


EXPECTED = {
    "variants": [
        *["complete", "complete", "1 of 2 seeds", "not run", "not run", "not run"],
        *["complete", "2 of 4 runs", "1 of 4 runs", "not run", "not run", "not run"],
    ],
    "sets": ["complete", "1 of 2 seeds", "not run", "2 of 4 runs", "1 of 4 runs", *["not run"] * 4],
    "features": ["complete", "1 of 2 seeds", "not run", "2 of 4 runs", "1 of 4 runs", "not run"],
    "samplers": ["1 of 2 seeds"] * 2 + ["not run"] + ["1 of 4 runs"] * 2 + ["not run"],
    "pairs": ["1 of 2 seeds"] + ["not run"] * 5,
    "cross": ["1 of 2 splits", "1 of 4 runs", "not run"],
}


@pytest.mark.parametrize("kind", TABLES)
def test_gaps_have_names(half, kind):
    """Each row that the table names is there, and says what of it was run; numbers stand where
    there are some."""
    frame, text = _written(half, kind)
    named = ~frame["title"].str.endswith(YOURS) if "title" in frame else frame.index >= 0
    assert frame.loc[named, "status"].tolist() == EXPECTED[kind]
    value = "mAP_difference" if kind == "pairs" else "mAP"
    assert (frame[value].notna() == (frame["status"] != "not run")).all()
    assert "not run" in text
    assert "nan" not in text.lower()


def test_nothing_at_all_was_run(project, tmp_path):
    """An empty results folder gives every kind of table, with nothing but gaps."""
    pipeline = _pipeline(project, tmp_path)
    for kind in TABLES:
        frame, text = _written(pipeline, kind)
        assert set(frame["status"]) == {"not run"}
        assert "Nothing was run" in text
