"""The protocol of a data set, on a set of three people that is written out here."""

import numpy as np
import pyarrow as pa
import pytest

from dcct.config.load import load_dataset
from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.errors import DataError
from dcct.evaluation.features import feature_table, write_features
from dcct.evaluation.protocol import evaluate_features

PIDS = [1, 2, 3, 1, 2, 3, 1, 2, 3]
SPLITS = ["query"] * 3 + ["gallery"] * 6


@pytest.fixture
def evaluated(root, profile, tmp_path):
    """evaluated(rules, camids, pids): the result row of features that are orthogonal."""

    def evaluate(rules, camids, pids=PIDS):
        count = len(pids)
        rest = [range(count), SPLITS, pids, [-1] * count, camids, range(count), [1] * count]
        table = pa.table([pa.array(list(one)) for one in rest], names=TRACKLETS.names)
        write_parquet(tmp_path / "tracklets.parquet", table.cast(TRACKLETS))
        keys = [("begin", number) for number in range(count)]
        sets = {"cnn": np.eye(count, dtype=np.float32)}
        write_features(tmp_path / "features.parquet", feature_table(keys, sets), {})
        protocol = load_dataset("walkers-test", root / "config/test.yaml").protocol
        rules = protocol.model_copy(update=rules)
        return evaluate_features(tmp_path / "features.parquet", tmp_path, rules, profile).rows[0]

    return evaluate


@pytest.mark.parametrize("included", [True, False])
def test_a_query_never_finds_itself(evaluated, included):
    """Nor where its own camera is kept and it stands in the gallery: nothing else is near it."""
    rules = {"drop_same_camera": False, "gallery_includes_queries": included}
    row = evaluated(rules, [0] * 9)
    assert row["rank1"] < 1
    assert row["queries"] == 3


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("first", [-1, 1])
def test_cameras_are_counted_from_anywhere(evaluated, keep, first):
    """Camera −1 is that of a set that counts from 0, and means nothing else."""
    rules = {"drop_same_camera": not keep, "gallery_includes_queries": False}
    cameras = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0])
    assert evaluated(rules, cameras + first) == evaluated(rules, cameras)


def test_no_match_at_all_is_one_line(evaluated):
    """One camera alone has nothing to find, which no mean is taken of."""
    with pytest.raises(DataError, match="no query has a match in the gallery"):
        evaluated({"drop_same_camera": True}, [0] * 9)


def test_features_of_another_manifest_are_refused(evaluated, root, profile, tmp_path):
    """A tracklet that is not listed is not looked up."""
    evaluated({"drop_same_camera": False}, [0] * 9)
    keys, sets = [("begin", 9)], {"cnn": np.ones((1, 9), np.float32)}
    write_features(tmp_path / "features.parquet", feature_table(keys, sets), {})
    protocol = load_dataset("walkers-test", root / "config/test.yaml").protocol
    with pytest.raises(DataError, match="run `dcct extract` again"):
        evaluate_features(tmp_path / "features.parquet", tmp_path, protocol, profile)
