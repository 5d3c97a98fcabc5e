"""Retrieval metrics: equal to the definition, exact chance, honest intervals."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.metrics import RANKS, chance, cosine_distances, identity_bootstrap, interval, retrieval_metrics


def naive(distances, q_pids, g_pids, q_cams, g_cams):
    """Average precision and first hit per query by walking down a sorted Python list."""
    found = []
    for q, row in enumerate(distances):
        ranked = sorted((d, g) for g, d in enumerate(row) if not (g_pids[g] == q_pids[q] and g_cams[g] == q_cams[q]))
        hits, precisions, first = 0, [], 0
        for rank, (_, g) in enumerate(ranked, start=1):
            if g_pids[g] == q_pids[q]:
                hits += 1
                precisions.append(hits / rank)
                first = first or rank
        found.append((sum(precisions) / hits if hits else None, first))
    return found


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 25), st.integers(1, 4), st.integers(1, 3))
def test_equal_to_the_definition_with_ties(seed, queries, gallery, identities, cameras):
    """AP and first hit equal the naive evaluator's; ties go to the lower gallery index; no match means invalid."""
    draw = np.random.default_rng(seed)
    distances = draw.integers(0, 4, (queries, gallery)).astype(float)
    pids = draw.integers(identities, size=queries), draw.integers(identities, size=gallery)
    cams = draw.integers(cameras, size=queries), draw.integers(cameras, size=gallery)
    found = retrieval_metrics(distances, *pids, *cams)
    for q, (ap, first) in enumerate(naive(distances, *pids, *cams)):
        assert found.valid[q] == (ap is not None)
        assert found.first_hit[q] == first
        if ap is not None:
            assert abs(found.ap[q] - ap) < 1e-12


def test_chance_is_the_mean_over_all_rankings():
    """The closed form equals a simulation of random rankings within its error."""
    draw, matches, candidates = np.random.default_rng(0), np.array([1, 3]), np.array([8, 12])
    rows = []
    for _ in range(20000):
        for m, n in zip(matches, candidates, strict=True):
            hits = np.sort(draw.choice(n, m, replace=False)) + 1
            rows.append([(np.arange(1, m + 1) / hits).mean(), *(hits[0] <= k for k in RANKS), m / hits[-1]])
    assert np.allclose(list(chance(matches, candidates).values()), np.mean(rows, axis=0), atol=0.008)


def test_bootstrap_resamples_identities():
    """Copying every query leaves the interval as it was; resampling queries would narrow it."""
    draw = np.random.default_rng(0)
    values, pids = draw.random(40), np.repeat(np.arange(10), 4)
    one = interval(identity_bootstrap(values, pids, 500, np.random.default_rng(1)))
    many = interval(identity_bootstrap(np.tile(values, 5), np.tile(pids, 5), 500, np.random.default_rng(1)))
    assert np.allclose(one, many)


def test_cosine_distance_ignores_length():
    """Scaling a feature changes no distance; equal directions have distance 0."""
    x = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    assert np.allclose(cosine_distances(x, 7 * x).diagonal(), 0, atol=1e-6)
