"""Whether two runs differ by more than their trainings do."""

import numpy as np
import pytest

from dcct.evaluation.agreement import RATE, p_value

SPREADS = (1.5, 1.2, 5.0, 1.4, 1.0, 1.8)
"""Over seeds, of six variants: one of them is much less stable than the others."""


def runs(draw, ours, theirs, shifts):
    """Twelve scores of each variant's trainings in two runs; all that one seed made moves
    together."""
    sides = []
    for count, moved in ((ours, shifts), (theirs, np.zeros(6))):
        of_seed = draw.normal(size=(count, 1))
        sides.append(
            [
                shift
                + spread
                * (of_seed + draw.normal(size=(count, 1)) + 0.4 * draw.normal(size=(count, 12)))
                for spread, shift in zip(SPREADS, moved, strict=True)
            ]
        )
    return list(zip(*sides, strict=True))


@pytest.mark.parametrize(("ours", "theirs"), [(3, 6), (3, 3), (1, 6)])
def test_honest_runs_pass(ours, theirs):
    """Of forty, at most one is called wrong, where 0.4 are expected."""
    draw = np.random.default_rng([ours, theirs])
    found = [p_value(runs(draw, ours, theirs, np.zeros(6)), draw) < RATE for _ in range(40)]
    assert sum(found) <= 1


@pytest.mark.parametrize(
    "shifts",
    [np.full(6, 10.0), 25 * np.eye(6)[0], np.full(6, -30.0)],
    ids=["all a little", "one a lot", "labels shuffled"],
)
def test_wrong_runs_do_not(shifts):
    """Three seeds against six: at least 19 of 20 are stopped."""
    draw = np.random.default_rng(1)
    assert sum(p_value(runs(draw, 3, 6, shifts), draw) < RATE for _ in range(20)) >= 19


def test_single_seeds_tell_nothing():
    """Nobody knows how far seeds lie apart."""
    assert p_value([(np.ones((1, 4)), np.zeros((1, 4)))], np.random.default_rng(0)) == 1


def test_equal_runs_agree_wholly():
    """No difference at all is as small as differences get."""
    draw = np.random.default_rng(2)
    variants = [(one, one) for one, _ in runs(draw, 3, 3, np.zeros(6))]
    assert p_value(variants, draw) == 1
