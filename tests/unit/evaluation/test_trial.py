"""Drawn features are worth the same everywhere, and something else once anything between tracklets
and metrics is another."""

import numpy as np
import pyarrow as pa
import pytest

from dcct.clips.sampling import CLIPS
from dcct.config.load import load_dataset
from dcct.config.metric import METRICS
from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.evaluation.trial import trial
from dcct.report.tables.agree import SAME

TRACKLETS_OF = 4
"""Of each of twelve people: two at each of two cameras, the first at each is a query."""


@pytest.fixture
def judged(tmp_path, root, profile):
    """What drawn features are worth, after a change of tracklets, of clips or of the protocol."""

    def judge(tracklets=None, clips=None, **rules):
        count = 12 * TRACKLETS_OF
        numbers = np.arange(count)
        listed = {
            "tracklet": numbers,
            "split": np.where(numbers % 2, "gallery", "query"),
            "pid": numbers // TRACKLETS_OF,
            "label": np.full(count, -1),
            "camid": numbers % TRACKLETS_OF // 2,
            "first_frame": 8 * numbers,
            "frames": np.full(count, 8),
        } | (tracklets or {})
        named = [listed[name] for name in TRACKLETS.names]
        write_parquet(tmp_path / "tracklets.parquet", pa.table(named, schema=TRACKLETS))
        positions = [(clips or {}).get(number, [0, 2, 4, 6]) for number in numbers]
        columns = [["begin"] * count, numbers, np.zeros(count, int), positions]
        write_parquet(tmp_path / "clips.parquet", pa.table(columns, schema=CLIPS))
        protocol = load_dataset("walkers", root / "config/config.yaml").protocol
        changed = protocol.model_copy(update=rules)
        (row,) = trial(tmp_path / "clips.parquet", tmp_path, changed, profile)
        return row

    return judge


def test_the_same_everywhere(judged):
    """To the digits that are compared between machines."""
    row = judged()
    found = [round(row[name], 2) for name in ("mAP", "rank1", "rank5", "mINP")]
    assert found == [91.5, 95.83, 100.0, 85.08]


@pytest.mark.parametrize(
    "change",
    [
        {"gallery_includes_queries": False},
        {"drop_same_camera": False, "gallery_includes_queries": False},
        {"tracklets": {"camid": np.arange(48) % 3}},
        {"tracklets": {"pid": np.roll(np.arange(48) // TRACKLETS_OF, 1)}},
        {"tracklets": {"split": ["query", *["gallery"] * 3] * 12}},
        {"clips": {number: [0, 1, 2, 3] for number in range(5)}},
        {"clips": {number: [6, 4, 2, 0] for number in range(5)}},
    ],
    ids=["gallery", "same camera", "cameras", "identities", "queries", "frames", "their order"],
)
def test_a_fault_shows(judged, change):
    """Another gallery, rule, camera, identity, query, frame, or order of frames is worth more than
    rounding may be."""
    right, wrong = judged(), judged(**change)
    assert max(abs(right[name] - wrong[name]) for name in METRICS) > SAME
