"""Whether two runs of the same experiment differ by more than their seeds do.

Each run trained every variant with several seeds. Another machine rounds otherwise, which is as
good as another seed. So all scores of one seed, of all variants together, are one draw of a
distribution, the same one in both runs, unless one of them is wrong. Variants share what a seed
draws, initial weights and batches, and rise and fall together: they are never told apart singly.
"""

from collections.abc import Iterable, Sequence

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
"""Scores of one variant's trainings in either run, (seeds, cells) each with the same cells; rows of
all variants are the same seeds."""


def p_value(variants: Sequence[Runs], draw: np.random.Generator) -> float:
    """How often two honest runs differ as much as these, over all variants together.

    What is compared: for each variant, the mean over its cells of (difference of means)² in units
    of its variance over seeds; then the mean over variants, and the largest; the same once more
    with each seed's mean over everything taken away, which a single wrong variant survives. Their
    distribution under honest runs is drawn from normal seeds with the covariance of all cells that
    both runs' seeds have. 1 where neither run has two seeds.
    """
    told = [pair for pair in variants if max(map(len, pair)) > 1]
    if not told:
        return 1.0
    counts = len(told[0][0]), len(told[0][1])
    borders = np.cumsum([pair[0].shape[1] for pair in told])[:-1]
    sides = [np.hstack([pair[side] for pair in told]) for side in (0, 1)]
    found = _sizes([side[None] for side in sides], borders)
    left = np.concatenate([side - side.mean(0) for side in sides])
    mixed = draw.normal(size=(DRAWS, sum(counts), sum(counts))) / np.sqrt(sum(counts) - 2)
    drawn = np.concatenate(
        [
            _sizes([part[:, : counts[0]], part[:, counts[0] :]], borders)
            for part in (mixing @ left for mixing in np.array_split(mixed, 20))
        ]
    )
    rarest = ((1 + (drawn >= found).sum(0)) / (1 + DRAWS)).min()
    return float(min(len(found[0]) * rarest, 1.0))


def _sizes(sides: Iterable[np.ndarray], borders: np.ndarray) -> np.ndarray:
    """(draws, 4): mean and largest over variants of how far two runs (draws, seeds, cells) lie
    apart; then of what is left without each seed's mean over all cells."""
    whole = list(sides)
    relative = [side - side.mean(2, keepdims=True) for side in whole]
    return np.hstack([_apart(whole, borders), _apart(relative, borders)])


def _apart(sides: list[np.ndarray], borders: np.ndarray) -> np.ndarray:
    counts = [side.shape[1] for side in sides]
    degrees = sum(counts) - 2
    difference = sides[0].mean(1) - sides[1].mean(1)
    variance = sum(((side - side.mean(1, keepdims=True)) ** 2).sum(1) for side in sides) / degrees
    shared = np.median(variance, axis=1, keepdims=True)
    moderate = (PRIOR * shared + degrees * variance) / (PRIOR + degrees) + ROUNDING**2
    squares = difference**2 / moderate / sum(1 / count for count in counts)
    variants = np.stack([part.mean(1) for part in np.split(squares, borders, axis=1)], axis=1)
    return np.stack([variants.mean(1), variants.max(1)], axis=1)
