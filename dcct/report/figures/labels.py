"""Where labels stand that would lie on each other."""

import numpy as np
from scipy.optimize import isotonic_regression


def apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Places moved as little as possible so that `gap` lies between any two; their order stays."""
    order = np.argsort(places, kind="stable")
    steps, moved = gap * np.arange(len(places)), np.empty(len(places))
    moved[order] = isotonic_regression(places[order] - steps).x + steps if len(places) else places
    return moved
