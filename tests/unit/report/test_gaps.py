"""`dcct tabulate` of every kind of table where variants, seeds and splits are missing: named gaps,
never a crash."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from dcct.config.load import load_profile
from dcct.pipeline.paths import Paths
from dcct.pipeline.plan import TABLE

ONE, TEN, OTHER = "walkers-test", "walkers-ilids", "walkers-prid"
RUNS = {
    ONE: {"cnn": [(0, 0), (0, 1)], "dcct": [(0, 1)], "dcct-fd-ld": [(0, 0), (0, 1)]},
    TEN: {"cnn": [(0, 0), (1, 0)], "dcct": [(1, 1)]},
    OTHER: {f"cnn@{ONE}": [(0, 0)]},
}
"""Data set → what was judged → splits and seeds, of splits 0 and 1 and seeds 0 and 1; nothing else
was run."""
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


@pytest.fixture(scope="module")
def half(root, tmp_path_factory, judged):
    """A profile of two data sets, two splits and two seeds, half of it done."""
    folder = tmp_path_factory.mktemp("half")
    shutil.copytree(root / "config", folder / "config")
    for kind, content in TABLES.items():
        text = yaml.safe_dump({"title": kind, "about": "Made up.", "compare": kind, **content})
        (folder / f"config/tables/a-{kind}.yaml").write_text(text)
    profile = yaml.safe_load((root / "config/test.yaml").read_text()) | {
        "data_dir": "data",
        "results_dir": "results",
        "datasets": [ONE, TEN],
        "splits": [0, 1],
        "seeds": [0, 1],
        "tables": [f"a-{kind}" for kind in TABLES],
        "cross": [{"train": ONE, "test": OTHER, "variants": ["cnn", "dcct"]}],
    }
    (folder / "config/half.yaml").write_text(yaml.safe_dump(profile))
    loaded, paths = (
        load_profile(folder / "config/half.yaml"),
        Paths(data_dir=folder, results_dir=folder / "results"),
    )
    for dataset, variants in RUNS.items():
        for name, cells in variants.items():
            for split, seed in cells:
                judged(folder / "config/half.yaml", loaded, paths, dataset, split, name, seed)
    return folder


def _tabulate(folder, kind):
    command = [
        sys.executable,
        "-m",
        "dcct",
        "tabulate",
        f"a-{kind}",
        "--configfile",
        "config/half.yaml",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tables = folder / "results/tables"
    assert all((tables / f"a-{kind}.{suffix}").is_file() for suffix in (*TABLE, "receipt.json"))
    return pd.read_csv(tables / f"a-{kind}.csv"), (tables / f"a-{kind}.md").read_text(
        encoding="utf-8"
    )


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
    frame, text = _tabulate(half, kind)
    assert frame["status"].tolist() == EXPECTED[kind]
    value = "mAP_difference" if kind == "pairs" else "mAP"
    assert (frame[value].notna() == (frame["status"] != "not run")).all()
    assert "not run" in text
    assert "nan" not in text.lower()


def test_nothing_at_all_was_run(half, tmp_path):
    """An empty results folder gives every kind of table, with nothing but gaps."""
    shutil.copytree(half / "config", tmp_path / "config")
    for kind in TABLES:
        frame, text = _tabulate(tmp_path, kind)
        assert set(frame["status"]) == {"not run"}
        assert "Nothing was run" in text
