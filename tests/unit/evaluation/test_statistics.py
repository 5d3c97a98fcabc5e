"""The sign-flip test of paired differences, and means of which some queries take no part."""

from itertools import product

import numpy as np
import pytest

from dcct.evaluation.statistics import Sample, sign_flip_test


def _draw():
    return np.random.default_rng(5)


def test_few_identities_are_tried_in_every_way():
    """p is the share of all sign patterns whose mean is as large, counted here one by one."""
    values, pids = np.array([3.0, -1.0, 2.0, 0.5, 4.0, -2.5, 1.0]), np.array([1, 1, 2, 3, 3, 4, 9])
    sums = [2.0, 2.0, 4.5, -2.5, 1.0]
    means = [
        abs(sum(s * v for s, v in zip(signs, sums, strict=True)))
        for signs in product((1, -1), repeat=5)
    ]
    assert sign_flip_test(values, pids, _draw()) == sum(mean >= 7.0 for mean in means) / 32


def test_queries_of_an_identity_flip_together():
    """Forty queries of two people are two coins, not forty: p cannot be small."""
    assert sign_flip_test(np.full(40, 5.0), np.repeat([1, 2], 20), _draw()) == 0.5


@pytest.mark.parametrize("identities", [8, 60])
def test_equal_variants_seldom_differ(identities):
    """On equal variants p ≤ 0.05 happens about 5 % of the time, and p is spread evenly over
    0..1."""
    draw, pids = np.random.default_rng(1), np.repeat(np.arange(identities), 3)
    people = draw.normal(
        size=(400, identities, 1)
    )  # queries of one person share most of their difference
    values = (people + 0.3 * draw.normal(size=(400, identities, 3))).reshape(400, -1)
    found = np.array(
        [
            sign_flip_test(one, pids, generator)
            for one, generator in zip(values, draw.spawn(400), strict=True)
        ]
    )
    assert (found <= 0.05).mean() == pytest.approx(0.05, abs=0.025)
    assert np.quantile(found, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.08)


def test_a_clear_difference_has_a_small_p_that_is_never_zero():
    """With drawn flips the smallest p is one over their number; without any difference p is 1."""
    pids = np.repeat(np.arange(60), 3)
    clear = 1 + 0.5 * np.random.default_rng(2).normal(size=180)
    assert (
        sign_flip_test(clear, pids, _draw()) == sign_flip_test(-clear, pids, _draw()) == 1 / 10000
    )
    assert sign_flip_test(np.zeros(180), pids, _draw()) == 1


def _sample(values):
    count = np.arange(len(values[0]))
    return Sample(values=np.array(values), splits=count * 0, tracklets=count, pids=count)


def test_queries_that_take_no_part_change_neither_mean_nor_variance():
    """Of four people two take part, at 10 and 20: mean 15, and a variance over people of (5/2)² +
    (5/2)², as of these two alone."""
    whole = _sample([[10.0, 20.0, np.nan, np.nan]]).whole()
    assert whole.values.tolist() == [[5, 25, 15, 15]]
    assert (((whole.values - 15) / 4) ** 2).sum() == 2 * 2.5**2


def test_each_seed_keeps_its_mean_among_queries_that_take_no_part():
    """Means 15 and 30 of two seeds; where all take part, not a bit is changed."""
    gaps = _sample([[10.0, 20.0, np.nan], [25.0, 35.0, np.nan]]).whole()
    assert gaps.values.mean(axis=1).tolist() == pytest.approx([15, 30])
    full = _sample([[0.1, 0.2, 0.7]])
    assert full.whole() is full
