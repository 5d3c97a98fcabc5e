"""Functions whose results do not depend on the processor.

sin, cos, exp and powers differ in the last bit between SIMD levels and C libraries. They are
computed in float64 and rounded to six decimals, which hides that bit. Everything else in this
package keeps to + - * / sqrt, minimum, maximum and floor, which IEEE 754 defines exactly, and never
sums along an axis, whose order depends on the SIMD width.
"""

import numpy as np

_DECIMALS = 6


def sine(angle):
    """sin of a float or float64 array."""
    return np.round(np.sin(angle), _DECIMALS)


def cosine(angle):
    """cos of a float or float64 array."""
    return np.round(np.cos(angle), _DECIMALS)


def exponential(value: float) -> float:
    return float(np.round(np.exp(value), _DECIMALS))


def power_table(exponent: float, entries: int) -> np.ndarray:
    """x**exponent at `entries` even steps of x from 0 to 1, float32."""
    return np.round(np.power(np.arange(entries) / (entries - 1), exponent), _DECIMALS).astype(
        np.float32
    )


def smooth_noise(lattice: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Blow a random lattice (n, m) up to float32 (rows, columns), smoothly, wrapping around at
    every side."""
    for axis, size in ((0, rows), (1, columns)):
        cells = lattice.shape[axis]
        place = np.arange(size) * (cells / size)
        low = place.astype(np.int64)
        weight = place - low
        weight = (weight * weight * (3.0 - 2.0 * weight)).astype(np.float32)
        weight = weight[:, None] if axis == 0 else weight
        first, second = lattice.take(low, axis), lattice.take((low + 1) % cells, axis)
        lattice = first + (second - first) * weight
    return lattice


def enlarge(frames: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Bilinear enlargement of float32 (..., h, w) to (..., rows, columns), pixel centres
    aligned."""
    for axis, size in ((-2, rows), (-1, columns)):
        have = frames.shape[axis]
        place = np.minimum(np.maximum((np.arange(size) + 0.5) * (have / size) - 0.5, 0), have - 1)
        low = place.astype(np.int64)
        weight = (place - low).astype(np.float32)
        weight = weight[:, None] if axis == -2 else weight
        first, second = frames.take(low, axis), frames.take(np.minimum(low + 1, have - 1), axis)
        second -= first
        second *= weight
        first += second
        frames = first
    return frames
