"""What labels say of matches is what the evaluator finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.config.dataset import Expected, Protocol
from dcct.config.load import load_dataset
from dcct.datasets.matches import Matches
from dcct.datasets.tracklet import Tracklet
from dcct.datasets.verify import verify
from dcct.errors import DataError
from dcct.evaluation.ranking import rank_features
from dcct.evaluation.rules import Listed, rules_of
from dcct.runtime.progress import Progress

PROTOCOLS = st.sampled_from([(False, False), (False, True), (True, True)])
PEOPLE = st.tuples(st.integers(1, 3), st.integers(0, 2))


@settings(derandomize=True, deadline=None)
@given(PROTOCOLS, *[st.lists(PEOPLE, min_size=1, max_size=6)] * 2)
def test_as_many_queries_find_nothing_as_the_evaluator_says(protocol, queries, gallery):
    """Whether the gallery has queries in it or not, with the query's camera left out or not."""
    includes, drops = protocol
    rules = Protocol(
        gallery_includes_queries=includes, drop_same_camera=drops, clip_cap=1, first_half=None
    )
    tracklets = [
        Tracklet(split=split, pid=pid, camid=camid, frames=("1.jpg",))
        for split, some in (("query", queries), ("gallery", gallery))
        for pid, camid in some
    ]
    matches = Matches(rules)
    assert list(matches.watch(tracklets)) == tracklets
    test = Listed(
        numbers=np.arange(len(tracklets)),
        pids=np.array([one.pid for one in tracklets]),
        camids=np.array([one.camid for one in tracklets]),
        frames=np.ones(len(tracklets)),
        is_query=np.array([one.split == "query" for one in tracklets]),
    )
    found = rules_of(rules, test)
    features = np.random.default_rng(0).random((len(tracklets), 4), np.float32)
    ranked = rank_features(
        {"all": features[found.queries]},
        {"all": features[found.gallery]},
        query_pids=test.pids[found.queries],
        gallery_pids=test.pids[found.gallery],
        query_camids=found.query_cameras,
        gallery_camids=found.gallery_cameras,
    )
    assert matches.queries == len(queries)
    assert matches.unmatched == int((~ranked["all"].retrieval.valid).sum())


def test_a_set_in_which_nobody_is_found_is_refused(root, copied, tmp_path):
    """Before anything is trained on it: here every gallery tracklet is at its query's camera."""
    folder = copied("folders")
    for person in (folder / "gallery").iterdir():
        (person / "camera2").rename(tmp_path / person.name)
    for person in (folder / "query").iterdir():
        (person / "camera2").rename(tmp_path / f"query {person.name}")
    config = load_dataset("walkers-test", root / "config/test.yaml")
    config = config.model_copy(update={"layout": "folders", "expected": Expected()})
    with pytest.raises(DataError, match="none of 3 queries has a match"):
        verify(config, folder, tmp_path / "frames.parquet", Progress())
