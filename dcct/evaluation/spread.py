"""How far a mean over test identities and trainings might be off, when both vary.

A score is a mean over a table of two crossed ways: trainings (seeds, or splits) are one, test
identities the other. Its variance is what trainings bring, plus what identities bring, less what
was counted in both: the same design as in studies of several readers who judge the same cases,
where Obuchowski and Rockette (1995) estimate it by analysis of variance and Hillis (2007) gives the
degrees of freedom (Satterthwaite's) by which so few trainings are paid for. For pairs of variants,
the table holds paired differences. docs/statistics.md shows how often the intervals hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

MIDDLE = 0.975
"""Quantile of the upper end of a 95 % interval."""
MOST_SEEDS = 100
"""Beyond which nobody trains, when asked how many would decide something."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Variances of a mean, of which each way of the table brings its own."""

    trainings: float
    """What trainings bring, as they are averaged here."""
    identities: float
    """What test identities bring."""
    both: float
    """What is counted in either: identities that rank otherwise in another training."""
    counts: tuple[int, int]
    """How many trainings and identities there are."""

    @property
    def variance(self) -> float:
        """Of the mean. Estimates of small variances may cross: no way brings less than nothing."""
        return max(self.trainings + self.identities - self.both, self.trainings, self.identities)

    @property
    def degrees(self) -> float:
        """Degrees of freedom of that variance (Satterthwaite's approximation)."""
        pieces = zip((self.trainings, self.identities), self.counts, strict=True)
        parts = sum(variance**2 / max(count - 1, 1) for variance, count in pieces)
        return self.variance**2 / parts if parts > 0 else float(self.counts[0] - 1)

    def half_width(self) -> float:
        """Of the 95 % interval around the mean, by Student's t."""
        return float(stdtrit(self.degrees, MIDDLE) * np.sqrt(self.variance))

    def interval(self, mean: float) -> tuple[float, float]:
        """The 95 % interval of a mean with this spread."""
        return mean - self.half_width(), mean + self.half_width()

    def p_value(self, mean: float) -> float:
        """Two-sided, of a mean of zero."""
        if not self.variance:
            return float(mean == 0)
        return float(2 * stdtr(self.degrees, -abs(mean) / np.sqrt(self.variance)))

    def with_trainings(self, count: int) -> "Spread":
        """What to expect of that many trainings of the same kind and the same identities."""
        share = self.counts[0] / count
        own = max(self.identities - self.both, 0)
        return Spread(
            trainings=self.trainings * share,
            identities=own + (self.identities - own) * share,
            both=self.both * share,
            counts=(count, self.counts[1]),
        )


def spread_of(
    values: np.ndarray, trainings: Sequence[int] | np.ndarray, pids: np.ndarray, *, crossed: bool
) -> Spread:
    """Spread of the mean of values (N,), each of a training and an identity (N,).

    crossed: every training was tested on every identity, as seeds are. Splits are not: each has
    other people, so that its mean holds some of what they bring (Cameron, Gelbach and Miller 2011).
    """
    rows, row = np.unique(trainings, return_inverse=True)
    columns, column = np.unique(pids, return_inverse=True)
    off, weights = np.zeros((2, len(rows), len(columns)))
    np.add.at(off, (row, column), (values - values.mean()) / len(values))
    np.add.at(weights, (row, column), 1 / len(values))
    by_training, by_identity = off.sum(1), off.sum(0)
    count = len(rows), len(columns)
    scale = [number / (number - 1) if number > 1 else 1.0 for number in count]
    both = off
    if crossed:
        both = off - by_training[:, None] * weights.sum(0) - by_identity / count[0]
        scale_both = scale[0] * scale[1]
    else:
        scale_both = 1.0
    return Spread(
        trainings=float(scale[0] * (by_training**2).sum()),
        identities=float(scale[1] * (by_identity**2).sum()),
        both=float(scale_both * (both**2).sum()),
        counts=count,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for how many there are: those ≤ 0.05 hold all together with a chance of
    error below 5 % (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, float)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected.tolist()
