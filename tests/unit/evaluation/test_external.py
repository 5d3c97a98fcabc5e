"""Anyone's features, from files, evaluated by this package's evaluator."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dcct.errors import DataError
from dcct.evaluation.external import evaluate_files, read_features

RULES = {"gallery_includes_queries": False, "drop_same_camera": True}


@pytest.fixture
def columns():
    """columns(count): features near their identity's direction; identities are names, cameras
    numbers."""

    def make(count, seed):
        draw = np.random.default_rng(seed)
        people = draw.integers(5, size=count)
        features = (
            np.eye(8, dtype=np.float32)[people] + draw.standard_normal((count, 8), np.float32) / 4
        )
        return {
            "pid": np.array([f"p{person}" for person in people]),
            "camid": draw.integers(3, size=count),
            "mine": features,
        }

    return make


def write(path, columns):
    if path.suffix == ".npz":
        np.savez(path, **columns)
    else:
        listed = {name: list(values) for name, values in columns.items()}
        pd.DataFrame(listed).to_parquet(path)
    return read_features(path)


def test_both_kinds_of_file_give_the_same_rows(columns, tmp_path):
    """Parquet and npz; what anyone's good features get is well above chance."""
    rows = []
    for suffix in ("parquet", "npz"):
        query, gallery = (write(tmp_path / f"{n}.{suffix}", columns(30 * n, n)) for n in (1, 2))
        rows.append(evaluate_files(query, gallery, 100, **RULES))
    assert rows[0] == rows[1]
    assert rows[0][0]["mAP"] > 2 * rows[0][0]["chance"]["mAP"]
    assert rows[0][0]["mAP_low"] < rows[0][0]["mAP"] < rows[0][0]["mAP_high"]


def test_rules_of_the_protocol_are_options(columns, tmp_path):
    """With the queries in the gallery, and with the query's own camera, there is more to rank."""
    query, gallery = (write(tmp_path / f"{n}.npz", columns(30 * n, n)) for n in (1, 2))
    plain = evaluate_files(query, gallery, 100, **RULES)[0]
    joined = evaluate_files(
        query, gallery, 100, gallery_includes_queries=True, drop_same_camera=True
    )[0]
    kept = evaluate_files(
        query, query, 100, gallery_includes_queries=False, drop_same_camera=False
    )[0]
    assert joined["mAP"] != plain["mAP"]
    assert kept["rank1"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pid": None}, "holds no pid, but camid, mine"),
        ({"mine": None}, "holds no feature set, but pid, camid"),
        ({"mine": np.zeros((3, 8))}, "mine holds no 30 lists of numbers"),
        ({"mine": np.array([object()] * 30)}, "cannot be read as features"),
    ],
)
def test_a_file_that_holds_something_else_is_named(columns, tmp_path, changes, message):
    """Missing columns, other lengths, and objects, which are never unpickled."""
    content = {
        name: values for name, values in (columns(30, 0) | changes).items() if values is not None
    }
    with pytest.raises(DataError, match=rf"f\.npz: {message}"):
        write(tmp_path / "f.npz", content)


@pytest.mark.parametrize("name", ["f.npz", "f.parquet"])
def test_a_damaged_file_is_named(tmp_path, name):
    """One line, whatever the library behind it raises."""
    (tmp_path / name).write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(DataError, match="cannot be read as features"):
        read_features(tmp_path / name)


def test_the_command_prints_a_row(columns, tmp_path):
    """`dcct evaluate --features QUERY GALLERY`, and what is wrong in one line."""
    for n in (1, 2):
        write(tmp_path / f"{n}.npz", columns(30 * n, n))
    command = [sys.executable, "-m", "dcct", "evaluate", "--features", str(tmp_path / "1.npz")]
    done = subprocess.run([*command, str(tmp_path / "2.npz")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout
    wrong = subprocess.run([*command, str(tmp_path / "none.npz")], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stderr) == (1, f"error: {tmp_path}/none.npz: no such file\n")
