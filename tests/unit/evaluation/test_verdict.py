"""What a difference with its interval says of a claim."""

import numpy as np
import pytest

from dcct.evaluation.spread import Spread
from dcct.evaluation.verdict import (
    CONTRADICTED,
    NO_EFFECT,
    SUPPORTED,
    UNDECIDED,
    seeds_to_decide,
    verdict,
)


@pytest.mark.parametrize(
    ("mean", "low", "high", "p_value", "expected"),
    [
        (3.0, 1.0, 5.0, 0.01, SUPPORTED),
        (3.0, 1.0, 5.0, 0.08, UNDECIDED),  # one of many claims
        (3.0, -0.5, 6.5, 0.2, UNDECIDED),
        (0.6, 0.2, 1.0, 0.01, UNDECIDED),  # surely there, but does it count?
        (0.6, 0.3, 0.9, 0.01, NO_EFFECT),
        (0.0, -0.9, 0.9, 1.0, NO_EFFECT),
        (-3.0, -5.0, -1.0, 0.01, CONTRADICTED),
        (-0.6, -1.5, -0.1, 0.01, UNDECIDED),
    ],
)
def test_each_verdict(mean, low, high, p_value, expected):
    """Where less than 1 does not count."""
    assert verdict(mean, low, high, p_value, smallest=1.0) == expected


def test_the_seeds_that_would_decide():
    """Where seeds bring the variance, a number of them decides; where identities do, none does."""
    of_seeds = Spread(trainings=2.0, identities=0.1, both=0.05, counts=(3, 100))
    needed = seeds_to_decide(2.0, of_seeds, 1.0, verdicts=1)
    assert needed is not None and needed > 3  # noqa: PT018
    assert of_seeds.with_trainings(needed).interval(2.0)[0] > 0
    assert of_seeds.with_trainings(needed - 1).interval(2.0)[0] <= 0
    of_people = Spread(trainings=0.1, identities=2.0, both=0.05, counts=(3, 100))
    assert seeds_to_decide(1.5, of_people, 1.0, verdicts=1) is None
    assert seeds_to_decide(2.0, of_seeds, 1.0, verdicts=10) > needed


def test_a_claim_without_effect_is_seldom_supported():
    """Of equal variants, under 5 in 100 are told apart, and many seeds say that nothing counts."""
    draw, found = np.random.default_rng(0), []
    for _ in range(400):
        seeds, people = draw.normal(0, 0.6, (5, 1)), draw.normal(0, 2, 200)
        values = (seeds + people).ravel()
        mean, deviation = values.mean(), np.sqrt(0.36 / 5 + 4 / 200)
        spread = Spread(
            trainings=float(np.var(seeds, ddof=1) / 5),
            identities=float(np.var(people, ddof=1) / 200),
            both=0.0,
            counts=(5, 200),
        )
        assert abs(mean) < 5 * deviation
        found.append(verdict(mean, *spread.interval(mean), spread.p_value(mean), 1.0))
    assert found.count(SUPPORTED) + found.count(CONTRADICTED) < 20
    assert found.count(NO_EFFECT) > 200
