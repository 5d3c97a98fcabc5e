"""Whether variants keep their order when they are judged in another way."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Order:
    """Two rankings of the same variants, held against each other."""

    tau: float
    """Kendall's τ-b: 1 for the same order, −1 for the reverse; NaN where one way sees no
    difference between any two."""
    flips: list[tuple[str, str]]
    """Pairs of which each is the better one once, the one that was better before first."""


def order_of(before: Mapping[str, float], after: Mapping[str, float]) -> Order:
    """Scores of the same variants, judged in two ways.

    Of a 3, b 2, c 1 and then a 2, b 3, c 1, the pair (a, b) flips: τ is (2 − 1) / 3.
    """
    ranked = sorted(before, key=lambda name: -before[name])
    return Order(
        tau=float(pd.Series(before).corr(pd.Series(after), method="kendall")),
        flips=[
            (better, worse)
            for better, worse in combinations(ranked, 2)
            if before[better] > before[worse] and after[better] < after[worse]
        ],
    )
