"""Whether two runs of the same experiment differ by more than their trainings do.

Each run trained every variant with several seeds. Another machine rounds otherwise, which is as
good as another seed. So the scores of a variant in both runs are draws of one distribution, unless
one of the runs is wrong; and all variants' scores are judged together, by one statement.
"""

from collections.abc import Sequence

import numpy as np

RATE = 0.01
"""Of honest runs that are called wrong."""
DRAWS = 2000
PRIOR = 4
"""Trainings' worth of belief in the spread that the variants share: a few seeds tell each one's own
badly."""
ROUNDING = 0.05
"""Standard deviation in percent below which nothing is a difference."""
Runs = tuple[np.ndarray, np.ndarray]
"""Scores of one variant's trainings in either run, (seeds, cells) each with the same cells."""


def p_value(variants: Sequence[Runs], draw: np.random.Generator) -> float:
    """How often two honest runs differ as much as these, over all variants together.

    What is compared: for each variant, the mean over its cells of (difference of means)² in units
    of its variance over seeds; then the mean over variants, and the largest. Their distribution
    under honest runs is drawn from normal trainings with each variant's own covariance over cells;
    variants are trained independently. 1 where no variant has two trainings in a run.
    """
    told = [pair for pair in variants if max(map(len, pair)) > 1]
    if not told:
        return 1.0
    left = [np.concatenate([one - one.mean(0) for one in pair]) for pair in told]
    counts = [(len(ours), len(theirs)) for ours, theirs in told]
    differences = [ours.mean(0) - theirs.mean(0) for ours, theirs in told]
    variances = [_variance(one, count) for one, count in zip(left, counts, strict=True)]
    found = _sizes([one[None] for one in differences], [one[None] for one in variances], counts)
    drawn = _sizes(*_honest(left, counts, draw), counts)
    larger = (1 + (drawn >= found).sum(0)) / (1 + DRAWS)
    return float(min(2 * larger.min(), 1.0))


def _variance(residuals: np.ndarray, counts: tuple[int, int]) -> np.ndarray:
    """Over seeds, of each cell, from what is left of scores (…, seeds of both runs, cells) when
    their run's mean is taken away."""
    return (residuals**2).sum(-2) / (sum(counts) - 2)


def _honest(
    left: list[np.ndarray], counts: list[tuple[int, int]], draw: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Differences of means, and variances, (DRAWS, cells) of each variant in runs that differ by
    nothing but their trainings."""
    differences, variances = [], []
    for residuals, (ours, theirs) in zip(left, counts, strict=True):
        mixed = draw.normal(size=(DRAWS, ours + theirs, len(residuals)))
        scores = mixed @ residuals / np.sqrt(ours + theirs - 2)
        sides = scores[:, :ours], scores[:, ours:]
        means = [side.mean(1, keepdims=True) for side in sides]
        differences.append((means[0] - means[1])[:, 0])
        apart = np.concatenate(
            [side - mean for side, mean in zip(sides, means, strict=True)], axis=1
        )
        variances.append(_variance(apart, (ours, theirs)))
    return differences, variances


def _sizes(
    differences: list[np.ndarray], variances: list[np.ndarray], counts: list[tuple[int, int]]
) -> np.ndarray:
    """(draws, 2): mean and largest over variants of how far their cells lie apart."""
    shared = np.median(np.concatenate(variances, axis=1), axis=1, keepdims=True)
    apart = []
    for difference, variance, (ours, theirs) in zip(differences, variances, counts, strict=True):
        degrees = ours + theirs - 2
        moderate = (PRIOR * shared + degrees * variance) / (PRIOR + degrees) + ROUNDING**2
        apart.append((difference**2 / moderate).mean(1) / (1 / ours + 1 / theirs))
    sizes = np.stack(apart)
    return np.stack([sizes.mean(0), sizes.max(0)], axis=1)
