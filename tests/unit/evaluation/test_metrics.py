"""Retrieval metrics: equal to the definition, exact chance, honest intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.evaluation import metrics
from dcct.evaluation.metrics import RANKS, chance, identity_bootstrap, interval, retrieval_metrics


def naive(distances, q_pids, g_pids, q_cams, g_cams):
    """(AP, INP, first hit) per query by walking down a stably sorted Python list; None without a
    match."""
    found = []
    for q, row in enumerate(distances):
        ranked = sorted(
            (d, g)
            for g, d in enumerate(row)
            if not (g_pids[g] == q_pids[q] and g_cams[g] == q_cams[q])
        )
        hits = [rank for rank, (_, g) in enumerate(ranked, start=1) if g_pids[g] == q_pids[q]]
        precisions = [number / rank for number, rank in enumerate(hits, start=1)]
        found.append((sum(precisions) / len(hits), len(hits) / hits[-1], hits[0]) if hits else None)
    return found


@settings(max_examples=300)
@given(
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(1, 25),
    st.integers(1, 4),
    st.integers(1, 3),
    st.booleans(),
)
def test_equal_to_a_stable_sort(seed, queries, gallery, identities, cameras, tied):
    """With and without ties, no match, all junk, one camera, one query, a gallery smaller than the
    ranks."""
    draw = np.random.default_rng(seed)
    distances = (
        draw.integers(0, 4, (queries, gallery))
        if tied
        else draw.random((queries, gallery), np.float32)
    )
    pids = draw.integers(identities, size=queries), draw.integers(identities, size=gallery)
    cams = draw.integers(cameras, size=queries), draw.integers(cameras, size=gallery)
    found, expected = (
        retrieval_metrics(distances, *pids, *cams),
        naive(distances.tolist(), *pids, *cams),
    )
    assert found.valid.tolist() == [one is not None for one in expected]
    for q, one in enumerate(expected):
        if one:
            assert np.allclose(
                (found.ap[q], found.inp[q], found.first_hit[q]), one, rtol=0, atol=1e-12
            )
    valid = [one for one in expected if one]
    if valid:
        aps, inps, firsts = map(np.array, zip(*valid, strict=True))
        assert np.allclose((found.mAP, found.mINP), (aps.mean(), inps.mean()))
        assert found.cmc == {k: (firsts <= k).mean() for k in RANKS}
    else:
        assert np.isnan(list(found.summary().values())).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distances": np.full((2, 3), np.nan)}, "NaN"),
        ({"distances": np.zeros((3, 2))}, r"shape \(3, 2\), but 2 queries and 3 in the gallery"),
        ({"query_camids": np.zeros(1)}, "2 identities, but 1 cameras"),
        ({"gallery_camids": np.zeros(4)}, "3 identities, but 4 cameras"),
        (
            {"distances": np.zeros((2, 0)), "gallery_pids": [], "gallery_camids": []},
            "the gallery is empty",
        ),
    ],
)
def test_what_cannot_be_ranked_is_refused(changes, message):
    """Not a number from features that are not finite, from lengths that do not fit, or from
    nothing."""
    given = {"query_pids": np.zeros(2), "gallery_pids": np.zeros(3), "query_camids": np.zeros(2)}
    given |= {"distances": np.zeros((2, 3)), "gallery_camids": np.ones(3)}
    with pytest.raises(ValueError, match=message):
        retrieval_metrics(**given | changes)


def test_chance_is_the_mean_over_all_rankings():
    """The closed form equals a simulation of random rankings within its error."""
    draw, matches, candidates = np.random.default_rng(0), np.array([1, 3]), np.array([8, 12])
    rows = []
    for _ in range(20000):
        for m, n in zip(matches, candidates, strict=True):
            hits = np.sort(draw.choice(n, m, replace=False)) + 1
            rows.append(
                [(np.arange(1, m + 1) / hits).mean(), *(hits[0] <= k for k in RANKS), m / hits[-1]]
            )
    assert np.allclose(
        list(chance(matches, candidates).values()), np.mean(rows, axis=0), atol=0.008
    )


def test_bootstrap_resamples_identities():
    """Copying every query leaves the interval as it was; resampling queries would narrow it."""
    draw = np.random.default_rng(0)
    values, pids = draw.random(40), np.repeat(np.arange(10), 4)
    one = interval(identity_bootstrap(values, pids, 500, np.random.default_rng(1)))
    many = interval(
        identity_bootstrap(np.tile(values, 5), np.tile(pids, 5), 500, np.random.default_rng(1))
    )
    assert np.allclose(one, many)


def test_bootstrap_intervals_cover_the_true_mean():
    """Simulated test sets whose identities differ and have several queries each: 95 % intervals
    hold 92 to 98 %."""
    draw, held, trials = np.random.default_rng(0), 0, 600
    for _ in range(trials):
        counts = draw.integers(1, 7, size=150)
        ease = np.repeat(draw.uniform(0.2, 0.8, size=150), counts)
        aps = draw.beta(4 * ease, 4 * (1 - ease))  # mean 0.5 over all identities
        pids = np.repeat(np.arange(150), counts)
        low, high = interval(identity_bootstrap(aps, pids, 400, draw))
        held += low <= 0.5 <= high
    assert 0.92 <= held / trials <= 0.98


def test_chance_of_many_matches_is_a_number():
    """Where binomials are larger than any float, the shares of ranks are multiplied instead."""
    found = chance(np.array([500]), np.array([2000]))["mINP"]
    assert found == pytest.approx(0.25037556296775937, rel=1e-12)  # in exact fractions


def test_memory_of_the_bootstrap_decides_nothing(monkeypatch):
    """Resamples drawn a few at a time are the same to the last bit."""
    draw = np.random.default_rng(0)
    values, pids = draw.random(300), draw.integers(40, size=300)
    whole = identity_bootstrap(values, pids, 500, np.random.default_rng(1))
    monkeypatch.setattr(metrics, "DRAWN_AT_ONCE", 130)
    parts = identity_bootstrap(values, pids, 500, np.random.default_rng(1))
    assert np.array_equal(whole, parts)


@pytest.mark.parametrize(
    "distances", [np.array([[1j]]), np.array([["a"]]), np.array([[2**62]]), np.array([[np.nan]])]
)
def test_distances_that_cannot_be_ordered_are_refused(distances):
    """Complex numbers, text, whole numbers that float64 rounds together, and NaN."""
    with pytest.raises(ValueError, match="distances"):
        retrieval_metrics(distances, [1], [1], [0], [1])
