"""How sure one can be of a mean over trainings and identities."""

import numpy as np
import pytest

from dcct.evaluation.spread import Spread, holm, spread_of

TRUTH = 50.0


def scores(draw, seeds, identities, *, of_seed, of_identity, of_both):
    """Values of queries, their seeds and identities, around TRUTH; people have 1 to 6 queries."""
    queries = np.repeat(np.arange(identities), draw.integers(1, 7, identities))
    person = draw.normal(0, of_identity, identities) + TRUTH
    cell = draw.normal(0, of_both, (seeds, identities)) + draw.normal(0, of_seed, (seeds, 1))
    values = (person + cell)[:, queries] + draw.normal(0, 5, (seeds, len(queries)))
    seed = np.indices(values.shape)[0]
    return values.ravel(), seed.ravel(), np.tile(queries, seeds)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize(
    ("of_seed", "of_identity", "of_both"),
    [(2, 15, 8), (1, 4, 8), (4, 15, 10)],
    ids=["single", "difference", "seeds decide"],
)
def test_intervals_hold_as_often_as_they_say(seeds, of_seed, of_identity, of_both):
    """Of 1,500 drawn studies with a known truth, 93 to 97 in 100 have it in their 95 % interval."""
    draw, inside = np.random.default_rng(seeds), 0
    for _ in range(1500):
        values, seed, pids = scores(
            draw, seeds, 60, of_seed=of_seed, of_identity=of_identity, of_both=of_both
        )
        low, high = spread_of(values, seed, pids, crossed=True).interval(values.mean())
        inside += low <= TRUTH <= high
    assert 0.93 <= inside / 1500 <= 0.97


def test_two_by_two_worked_by_hand():
    """Two seeds, two people of one query: means 2 and 6 of the seeds, 3 and 5 of the people."""
    spread = spread_of(np.array([1.0, 3.0, 5.0, 7.0]), [0, 0, 1, 1], [0, 1, 0, 1], crossed=True)
    # variance of seed means 8, of people's means 2, each halved; additive, so nothing in both
    assert (spread.trainings, spread.identities, spread.both) == pytest.approx((4, 1, 0))
    assert spread.variance == pytest.approx(5)
    assert spread.degrees == pytest.approx(25 / 17)
    assert spread.p_value(0.0) == 1


def test_more_seeds_shrink_only_what_seeds_bring():
    """With ever more seeds the variance goes to what identities bring of their own."""
    spread = Spread(trainings=4.0, identities=3.0, both=1.0, counts=(3, 50))
    assert spread.with_trainings(3) == spread
    many = spread.with_trainings(10**6)
    assert many.variance == pytest.approx(2, abs=1e-4)
    assert many.half_width() < spread.half_width()


def test_splits_of_other_people_are_not_counted_twice():
    """Ten splits, each with a half of the people, and no effect of a split: the interval over both
    is about that over people."""
    draw, inside, widths = np.random.default_rng(1), 0, []
    for _ in range(400):
        person = draw.normal(TRUTH, 15, 80)
        halves = [draw.permutation(80)[:40] for _ in range(10)]
        pids, split = np.concatenate(halves), np.repeat(np.arange(10), 40)
        values = person[pids] + draw.normal(0, 5, 400)
        spread = spread_of(values, split, pids, crossed=False)
        low, high = spread.interval(values.mean())
        inside += low <= TRUTH <= high
        widths.append(high - low)
    assert 0.92 <= inside / 400 <= 0.98
    assert np.mean(widths) < 1.25 * 4 * 15 / np.sqrt(80)


def test_holm_corrects_in_steps():
    """The smallest of three times three, the next times two, never below the one before."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []
