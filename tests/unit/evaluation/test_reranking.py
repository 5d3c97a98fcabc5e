"""Re-ranking: equal to the method written out densely, tracklet by tracklet."""

import numpy as np
import pytest

from dcct import rank_features
from dcct.config.profile import Reranking
from dcct.evaluation.reranking import Reciprocal

QUERIES, GALLERY = 12, 60


def mutual(order, i, k):
    """Neighbours of i among whose k + 1 nearest i is too."""
    return [j for j in order[i, : k + 1] if i in order[j, : k + 1]]


def naive(query, gallery, k1, k2, weight):
    """The re-ranked distances (Q,G) in float64, with whole matrices and loops."""
    features = np.concatenate([query, gallery]).astype(np.float64)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    squared = np.maximum(((features[:, None] - features) ** 2).sum(2), 0)
    original = squared / squared.max(1, keepdims=True)
    order = np.argsort(squared, axis=1, kind="stable")
    encodings = np.zeros_like(original)
    for i in range(len(features)):
        members = set(mutual(order, i, k1))
        for candidate in mutual(order, i, k1):
            further = mutual(order, candidate, round(k1 / 2))
            if len(set(further) & set(mutual(order, i, k1))) > 2 / 3 * len(further):
                members |= set(further)
        chosen = sorted(members)
        encodings[i, chosen] = np.exp(-original[i, chosen])
        encodings[i] /= encodings[i].sum()
    if k2 > 1:
        encodings = np.stack([encodings[order[i, :k2]].mean(0) for i in range(len(features))])
    one, other = encodings[: len(query), None], encodings[len(query) :]
    jaccard = 1 - np.minimum(one, other).sum(2) / np.maximum(one, other).sum(2)
    return (1 - weight) * jaccard + weight * original[: len(query), len(query) :]


def clustered(count, draw, channels):
    centres = np.random.default_rng(7).standard_normal((9, channels))
    return (
        centres[draw.integers(9, size=count)] + 0.7 * draw.standard_normal((count, channels))
    ).astype(np.float32)


@pytest.mark.parametrize(("k1", "k2", "weight"), [(20, 6, 0.3), (7, 1, 0.0), (5, 3, 1.0)])
@pytest.mark.parametrize("chunk_bytes", [1, 700, 1 << 20])
def test_equal_to_the_method_written_out(k1, k2, weight, chunk_bytes):
    """To 1e-6, each set and the concatenation of both, in whatever chunks."""
    draw = np.random.default_rng(0)
    query, gallery = (
        {"a": clustered(n, draw, 8), "b": clustered(n, draw, 5)} for n in (QUERIES, GALLERY)
    )
    settings = Reranking(k1=k1, k2=k2, weight=weight)
    order = Reciprocal(query, gallery, {"both": ("a", "b")}, settings, chunk_bytes)
    whole = [
        side | {"both": np.concatenate([side["a"], side["b"]], axis=1)} for side in (query, gallery)
    ]
    for rows, sets in order.chunks(5):
        for name, distances in sets:
            expected = naive(whole[0][name], whole[1][name], k1, k2, weight)[rows]
            assert np.abs(distances - expected).max() < 1e-6


def test_fewer_tracklets_than_neighbours():
    """A set that is smaller than k1 is ranked all the same."""
    draw = np.random.default_rng(0)
    query, gallery = {"a": clustered(2, draw, 4)}, {"a": clustered(3, draw, 4)}
    labels = np.zeros(2), np.zeros(3), np.zeros(2), np.ones(3)
    found = rank_features(query, gallery, *labels, reranking=Reranking())["a"]
    expected = naive(query["a"], gallery["a"], 20, 6, 0.3)
    assert np.allclose(found.distances[:, :3], np.sort(expected, axis=1), atol=1e-6)
    assert found.top[0, :3].tolist() == np.argsort(expected[0]).tolist()
