"""Slips of evaluators, each on five tracklets whose ranking is worked out by hand."""

import numpy as np
import pyarrow as pa
import pytest

from dcct.config.load import load_dataset
from dcct.config.profile import Reranking
from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.evaluation import slips
from dcct.evaluation.features import feature_table, write_features
from dcct.evaluation.metrics import retrieval_metrics
from dcct.evaluation.protocol import evaluate_features
from dcct.evaluation.rules import Listed, rules_of

TEST = Listed(
    numbers=np.arange(5),
    pids=np.array([1, 2, 1, 1, 3]),
    camids=np.array([1, 2, 1, 2, 1]),
    frames=np.array([2, 1, 1, 3, 1]),
    is_query=np.array([True, True, False, False, False]),
)
"""Query 0 is person 1 at camera 1; gallery 2 shows the same at the same camera, 3 at another one.
Query 1 is person 2, whom nothing else shows; 4 is a third one."""
NEAREST = [[0, 2, 1, 4, 3], [1, 4, 3, 2, 0]]
"""Of each query, all five from near to far."""


@pytest.fixture
def protocol(root):
    """Queries are in the gallery; tracklets of the query's identity and camera are left out."""
    rules = {"gallery_includes_queries": True, "drop_same_camera": True}
    return load_dataset("walkers-test", root / "config/test.yaml").protocol.model_copy(update=rules)


def judged(rules):
    """Both queries by these rules."""
    distances = np.argsort(NEAREST, axis=1)[:, rules.gallery]
    pids = TEST.pids[rules.queries], TEST.pids[rules.gallery]
    return retrieval_metrics(distances, *pids, rules.query_cameras, rules.gallery_cameras)


def test_by_the_right_protocol(protocol):
    """0 and 2 are left out, and 3 comes third, behind 1 and 4: AP 1/3. Query 1 is dropped."""
    found = judged(rules_of(protocol, TEST))
    assert found.ap.tolist() == pytest.approx([1 / 3, np.nan], nan_ok=True)
    assert found.first_hit.tolist() == [3, 0]


def test_cameras_of_frames(protocol):
    """Queries' frames list cameras 1 1 2: read are 1 1. The gallery's list 1 1 2 1 2 2 2 1: read
    are 1 1 2 1 2. So 2 counts as another camera and is found first, and 3 is left out: AP 1."""
    rules = slips.cameras_of_frames(protocol, TEST)
    assert rules.query_cameras.tolist() == [1, 1]
    assert rules.gallery_cameras.tolist() == [1, 1, 2, 1, 2]
    found = judged(rules)
    assert found.ap.tolist() == pytest.approx([1, np.nan], nan_ok=True)


def test_where_no_camera_is_left_out_none_is_looked_up_wrongly(protocol):
    """Cameras of frames change nothing then: they would leave out matches that the protocol
    keeps."""
    rules = {"gallery_includes_queries": False, "drop_same_camera": False}
    without = protocol.model_copy(update=rules)
    right, slipped = rules_of(without, TEST), slips.cameras_of_frames(without, TEST)
    assert (slipped.query_cameras == right.query_cameras).all()
    assert (slipped.gallery_cameras == right.gallery_cameras).all()


def test_nothing_left_out(protocol):
    """Query 0 finds 0, 2 and 3 at ranks 1, 2 and 5: AP (1 + 1 + 3/5) / 3. Query 1 finds itself."""
    found = judged(slips.nothing_left_out(protocol, TEST))
    assert found.ap.tolist() == pytest.approx([13 / 15, 1])
    assert found.cmc[1] == 1


def test_itself_left_out(protocol):
    """Of 2 1 4 3, the first and the last match: AP (1 + 2/4) / 2. Query 1 has nothing to find."""
    found = judged(slips.itself_left_out(protocol, TEST))
    assert found.ap.tolist() == pytest.approx([3 / 4, np.nan], nan_ok=True)


def test_other_gallery(protocol):
    """Without queries, 4 and 3 are left to be ranked: AP 1/2. Put in where they do not belong, 1
    comes before them: 1/3."""
    found = judged(slips.other_gallery(protocol, TEST))
    assert found.ap.tolist() == pytest.approx([1 / 2, np.nan], nan_ok=True)
    alone = protocol.model_copy(update={"gallery_includes_queries": False})
    assert judged(slips.other_gallery(alone, TEST)).ap[0] == pytest.approx(1 / 3)


def test_counted_as_wrong(protocol):
    """Query 1 has no match: mAP is 1/3 without it and 1/6 with it; it is found at no rank."""
    right = judged(rules_of(protocol, TEST))
    found = slips.counted_as_wrong(right)
    assert right.mAP == pytest.approx(1 / 3)
    assert found.ap.mean() == pytest.approx(1 / 6)
    assert (found.first_hit <= max(found.ranks)).tolist() == [True, False]
    assert slips.dropped(right) is right


def test_best_epoch():
    """The one with the highest mAP, be it not the last; of equals the earlier."""
    assert slips.best_epoch({30: 0.5, 10: 0.7, 20: 0.7}) == 10


def test_other_clips():
    """Begin for dense, dense for begin; of others there is no other."""
    assert [slips.other_clips(one) for one in ("begin", "dense", "shuffled")] == [
        *("dense", "begin", "shuffled"),
    ]


@pytest.fixture
def stored(tmp_path):
    """See _store."""
    return _store(tmp_path, ["query", "gallery"] * 12)


def _store(tmp_path, split):
    """Random features of two networks and their concatenation, of 24 tracklets, some people at one
    camera alone. Returns the file and the manifest's folder."""
    draw = np.random.default_rng(0)
    pids = [*np.repeat(np.arange(5), 4), 5, 5, 6, 6]
    columns = [range(24), split, pids, [-1] * 24, [0, 0, 1, 1] * 6]
    listed = pa.table([*columns, range(24), draw.integers(1, 9, 24)], names=TRACKLETS.names)
    write_parquet(tmp_path / "tracklets.parquet", listed.cast(TRACKLETS))
    parts = [draw.normal(size=(24, 8)).astype(np.float32) for _ in range(2)]
    sets = {"cnn": parts[0], "vit": parts[1], "base": np.hstack(parts)}
    keys = [("begin", number) for number in range(24)]
    write_features(tmp_path / "features.parquet", feature_table(keys, sets), {})
    return tmp_path / "features.parquet", tmp_path


@pytest.mark.parametrize(
    ("slip", "rules", "name"),
    [
        ("counted-as-wrong", {}, "base"),
        ("itself-left-out", {"drop_same_camera": False}, "base"),
        ("other-gallery", {"gallery_includes_queries": False}, "base"),
        ("re-ranked", {}, "base re-ranked"),
    ],
)
def test_a_slip_is_the_protocol_but_for_one_thing(stored, protocol, profile, slip, rules, name):
    """To the bit: the pipeline's own evaluation under the rules that the slip amounts to, and, but
    for queries without a match, under the right ones."""
    reranking = Reranking(k1=4, k2=2)
    evaluation = profile.evaluation.model_copy(update={"reranking": reranking})
    changed = profile.model_copy(update={"evaluation": evaluation})
    expected = evaluate_features(
        *stored, protocol.model_copy(update=rules), changed
    ).queries.to_pandas()
    expected = expected[expected["feature"] == name].set_index("tracklet")
    found = slips.misjudge(*stored, protocol, "begin", "base", reranking).to_pandas()
    found = found[found["slip"] == slip].set_index("tracklet")
    valid = expected["matches"] > 0
    assert 0 < valid.sum() <= len(valid)
    for column in ("pid", "ap", "first_hit"):
        assert (found.loc[valid, column] == expected.loc[valid, column]).all()
    blamed = slip == "counted-as-wrong"
    assert (found.loc[~valid, "first_hit"] == (slips.NOWHERE if blamed else 0)).all()
    assert blamed == (not valid.all() and not found["ap"].isna().any())


def test_where_all_are_queries_the_other_gallery_is_empty(tmp_path, protocol):
    """Then nobody finds anything, and each query counts where such queries are counted; the other
    slips are judged all the same."""
    judged = slips.misjudge(*_store(tmp_path, ["query"] * 24), protocol, "begin", "base", None)
    found = judged.to_pandas().set_index("slip")
    assert found.loc["other-gallery", "ap"].isna().all()
    assert (found.loc["other-gallery", "first_hit"] == 0).all()
    assert (found.loc["other-gallery-counted", "first_hit"] == slips.NOWHERE).all()
    assert found.loc["itself-left-out", "ap"].notna().all()
