"""Ranking from features: equal to ranking a whole matrix of cosine distances, however it is cut
into chunks."""

import numpy as np
import pytest
import torch

from dcct import rank_features, retrieval_metrics

QUERIES, GALLERY = 23, 70


@pytest.fixture
def case():
    """Two feature sets of queries and gallery, and identities and cameras."""
    draw = np.random.default_rng(0)
    features = [
        {name: draw.standard_normal((count, 4), np.float32) for name in "ab"}
        for count in (QUERIES, GALLERY)
    ]
    labels = [draw.integers(high, size=count) for high in (6, 3) for count in (QUERIES, GALLERY)]
    return features, labels


def cosine(query, gallery):
    """1 − cosine, in float64."""
    query, gallery = query.astype(np.float64), gallery.astype(np.float64)
    return 1 - query @ gallery.T / np.linalg.norm(query, axis=1)[:, None] / np.linalg.norm(
        gallery, axis=1
    )


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_equal_to_ranking_the_whole_matrix(case, chunk):
    """Each set alone, and concatenations of both or of one, whose inner products are the sums of
    theirs."""
    (query, gallery), labels = case
    found = rank_features(
        query, gallery, *labels, sums={"both": ("a", "b"), "one": ("a",)}, chunk=chunk
    )
    whole = [
        side | {"both": np.concatenate([side["a"], side["b"]], axis=1), "one": side["a"]}
        for side in (query, gallery)
    ]
    for name in ("a", "b", "both", "one"):
        distances = cosine(whole[0][name], whole[1][name])
        expected = retrieval_metrics(distances, *labels)
        ranked = found[name]
        assert np.array_equal(ranked.retrieval.ap, expected.ap, equal_nan=True)
        assert ranked.retrieval.candidates.tolist() == expected.candidates.tolist()
        junk = (labels[0][:, None] == labels[1]) & (labels[2][:, None] == labels[3])
        closest = np.sort(np.where(junk, np.inf, distances), axis=1)[:, :10]
        assert np.allclose(ranked.distances, closest, atol=1e-6)
        assert not junk[np.arange(QUERIES)[:, None], ranked.top].any()


def test_ties_go_to_the_lower_gallery_index(case):
    """A gallery of copies of one tracklet is ranked in its order."""
    (query, gallery), labels = case
    copies = {"a": np.repeat(gallery["a"][:1] + 2, GALLERY, axis=0)}
    labels[3] = np.full(GALLERY, 9)
    ranked = rank_features({"a": query["a"]}, copies, *labels)["a"]
    assert (ranked.top == np.arange(10)).all()
    assert [
        int(np.flatnonzero(labels[1] == pid)[0]) + 1 for pid in labels[0]
    ] == ranked.retrieval.first_hit.tolist()


def test_tensors_rank_like_arrays(case):
    """Features may be torch tensors: products are computed where they are."""
    (query, gallery), labels = case
    arrays = rank_features(query, gallery, *labels)
    tensors = rank_features(
        *({k: torch.from_numpy(v) for k, v in side.items()} for side in (query, gallery)), *labels
    )
    assert all(
        np.array_equal(arrays[name].retrieval.first_hit, tensors[name].retrieval.first_hit)
        for name in arrays
    )


def test_few_candidates_are_padded(case):
    """Where junk leaves fewer than are asked for, the rest is index −1 at distance inf."""
    (query, gallery), labels = case
    labels[1][:], labels[3][:] = labels[0][0], labels[2][0]
    ranked = rank_features(query, gallery, *labels)["a"]
    assert (ranked.top[0] == -1).all()
    assert np.isinf(ranked.distances[0]).all()
    assert not ranked.retrieval.valid[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(case, bad):
    """By the name of their set."""
    (query, gallery), labels = case
    gallery["b"][3, 1] = bad
    with pytest.raises(ValueError, match="b: features are not finite"):
        rank_features(query, gallery, *labels)


def test_lengths_that_do_not_fit_are_refused(case):
    """By the name of their set, with both counts."""
    (query, gallery), labels = case
    with pytest.raises(
        ValueError, match="a: 23 and 69 features, but 23 queries and 70 in the gallery"
    ):
        rank_features(query, {"a": gallery["a"][1:], "b": gallery["b"]}, *labels)


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "uint8"])
def test_any_real_numbers_rank_as_in_float32(case, dtype, kind):
    """Whole numbers are not multiplied in a type that overflows, nor half floats in half."""
    (query, gallery), labels = case
    whole = [{"a": np.abs(side["a"] * 40).round() + 1} for side in (query, gallery)]
    expected = rank_features(*whole, *labels)["a"]
    typed = [{"a": kind(side["a"].astype(dtype))} for side in whole]
    found = rank_features(*typed, *labels)["a"]
    assert np.array_equal(found.retrieval.ap, expected.retrieval.ap, equal_nan=True)
    assert np.array_equal(found.distances, expected.distances)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((QUERIES, 4)) * 1j, "a: features of shape .* type complex128: expected rows"),
        (torch.ones(QUERIES, 4, dtype=torch.complex64), "expected rows of real numbers"),
        (np.ones((QUERIES, 4), bool), "expected rows of real numbers"),
        (np.ones((QUERIES, 4), object), "expected rows of real numbers"),
        (np.ones(QUERIES), "expected rows of real numbers"),
        (np.ones((QUERIES, 5)), "a: 5 numbers a query, 4 in the gallery"),
        (np.full((QUERIES, 4), 1e300), "a: features are not finite, or too long for float32"),
        (np.full((QUERIES, 4), 1e-20), "a: features are shorter than 1e-12"),
    ],
)
def test_features_that_cannot_be_ranked_are_refused(case, features, message):
    """Other kinds of numbers, other shapes, and lengths that float32 cannot square."""
    (_, gallery), labels = case
    with pytest.raises(ValueError, match=message):
        rank_features({"a": features}, gallery, *labels)


@pytest.mark.parametrize(
    ("place", "values", "message"),
    [
        (0, np.full(QUERIES, np.nan), "query pids is missing or not finite in row 0"),
        (0, np.array([None] * QUERIES), "query pids holds neither text nor whole numbers"),
        (0, np.array(["a", None] * 40)[:QUERIES], "query pids is missing, .* in row 1"),
        (0, np.array(["1"] * QUERIES), "pids is text of the queries, numbers of the gallery"),
        (1, np.full(GALLERY, 0.5), "gallery pids is no whole number in row 0"),
        (3, np.full((GALLERY, 1), 2), r"gallery camids has shape \(70, 1\)"),
        (3, np.full(GALLERY, np.datetime64("NaT", "s")), "gallery camids holds datetime64"),
    ],
)
def test_labels_that_match_nobody_are_refused(case, place, values, message):
    """From features and from distances: two unknowns are not the same person, nor is "1" not 1."""
    (query, gallery), labels = case
    labels[place] = values
    with pytest.raises(ValueError, match=message):
        rank_features(query, gallery, *labels)
    with pytest.raises(ValueError, match=message):
        retrieval_metrics(np.zeros((QUERIES, GALLERY)), *labels)
