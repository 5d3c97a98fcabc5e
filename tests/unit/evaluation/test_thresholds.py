"""What a threshold of distance finds, held against counting every pair; and what is said of other
people."""

from itertools import pairwise

import numpy as np
import pytest

from dcct.evaluation.calibration import calibrated, interval_of, numbered
from dcct.evaluation.ranking import rank_features
from dcct.evaluation.thresholds import Pairs, PairWatch, rates_of

PLACES = np.random.default_rng(5).normal(size=(12, 16)) * 0.8
"""Around which looks gather, so that some people are taken for each other."""


def people(count: int, draw: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Features of people at four cameras, whose looks gather around a few places: features, pids,
    cameras, and which are queries."""
    looks = draw.normal(size=(count, 16)) + PLACES[draw.integers(len(PLACES), size=count)]
    spread = draw.uniform(0.2, 0.6, size=count)
    pids = np.repeat(np.arange(1, count + 1), 8)
    cameras = np.tile(np.repeat([1, 2, 3, 4], 2), count)
    noise = draw.normal(size=(len(pids), 16)) * spread[pids - 1][:, None]
    queries = np.tile([True, False], len(pids) // 2)
    return (looks[pids - 1] + noise).astype(np.float32), pids, cameras, queries


def watched(count: int, draw: np.random.Generator, chunk: int | None = None):
    """Pairs, queries' first hits, pids of queries and gallery, and all distances with what they
    are: 1 true, 0 false, −1 left out."""
    features, pids, cameras, asked = people(count, draw)
    watch = PairWatch(asked.sum(), (~asked).sum())
    found = rank_features(
        {"mine": features[asked]},
        {"mine": features[~asked]},
        pids[asked],
        pids[~asked],
        cameras[asked],
        cameras[~asked],
        chunk=chunk,
        watch=watch,
    )["mine"]
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    kind = (pids[asked][:, None] == pids[~asked]).astype(int)
    kind[(kind == 1) & (cameras[asked][:, None] == cameras[~asked])] = -1
    distances = 1 - unit[asked] @ unit[~asked].T
    return watch.pairs("mine"), found.retrieval, pids[asked], pids[~asked], distances, kind


@pytest.mark.parametrize("chunk", [None, 7])
def test_rates_are_those_of_counting_every_pair(chunk):
    """At every rate the threshold accepts as many false pairs as it may and no more, and TMR, DIR
    and FPIR are what counting gives, however many queries are ranked at once."""
    pairs, retrieval, *_, distances, kind = watched(30, np.random.default_rng(1), chunk)
    false, rates = np.sort(distances[kind == 0]), rates_of(pairs, retrieval.first_hit)
    assert pairs.false_count == len(false)
    for share, name in ((0.01, "tmr1"), (0.001, "tmr01")):
        threshold, allowed = pairs.threshold(share), int(share * len(false))
        assert threshold == pytest.approx(false[allowed - 1], abs=1e-6)
        near = (distances <= threshold + 1e-6) & (kind == 1)
        expected = near.sum(1) / (kind == 1).sum(1)
        assert rates[name] == pytest.approx(expected)
    stranger = np.where(kind == 0, distances, np.inf).min(1)
    friend = np.where(kind == 1, distances, np.inf).min(1)
    threshold = np.sort(stranger)[int(0.1 * len(stranger)) - 1]
    assert pairs.open_threshold(0.1) == pytest.approx(threshold, abs=1e-6)
    expected = (friend < stranger) & (friend <= threshold + 1e-6)
    assert rates["dir10"].tolist() == expected.astype(float).tolist()


def test_histograms_hold_every_pair_once():
    """True and false pairs, and none that is left out."""
    pairs, *_, kind = watched(12, np.random.default_rng(2))
    assert pairs.histograms["true"].sum() == (kind == 1).sum() == len(pairs.true_query)
    assert pairs.histograms["false"].sum() == (kind == 0).sum()


def test_equal_distances_are_accepted_together_or_not_at_all():
    """A threshold that would split equal false pairs lies below them."""
    pairs = Pairs(
        queries=1,
        true_query=np.array([0]),
        true_distance=np.array([0.1], np.float32),
        false_query=np.zeros(6, int),
        false_gallery=np.arange(6),
        false_distance=np.array([0.1, 0.2, 0.2, 0.2, 0.3, 0.4], np.float32),
        false_of_query=np.array([100]),
        false_of_gallery=np.ones(100, int),
        nearest_false=np.array([0.1], np.float32),
        histograms={},
    )
    assert [round(pairs.threshold(rate), 3) for rate in (0.005, 0.01, 0.03, 0.04, 0.05)] == [
        *(0.0, 0.1, 0.1, 0.2, 0.3)
    ]


def test_a_stated_rate_holds_for_other_people():
    """The 95 % interval of a false-match rate, 1 %, has what as many other people show at that
    distance, in at least 93 of 100 drawn studies."""
    draw = np.random.default_rng(3)
    sets = [watched(60, draw)[:4] for _ in range(101)]
    held = []
    for (pairs, _, queries, gallery), (other, *_) in pairwise(sets):
        point = next(one for one in calibrated(pairs, queries, gallery) if one.allowed >= 0.01)
        held.append(point.low <= other.false_rate(point.distance) <= point.high)
    assert np.mean(held) >= 0.93


def test_distractors_are_as_many_people():
    """Nobody's tracklets are not taken for one person's."""
    query, gallery, count = numbered(np.array([3, 5]), np.array([3, 0, 5, 0]))
    assert (query.tolist(), gallery.tolist(), count) == ([1, 2], [1, 3, 2, 4], 5)


def test_nothing_seen_is_no_proof_of_nothing():
    """Where no false pair was accepted, the rate may still be three in as many people."""
    low, high = interval_of(0.0, 0.0, 100)
    assert low == 0
    assert high == pytest.approx(3 / 100, rel=0.05)
