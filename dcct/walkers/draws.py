"""Random draws that are the same on every machine.

Only uniform numbers are taken from the generator: numpy's normal, exponential and choice call the C
library's log and exp now and then, whose last bit differs between platforms. Each drawn thing (an
outfit, a camera, a tracklet) has a generator of its own, named by a stream and a key, so that it
can be drawn alone, in any order and in any process.
"""

import math
from enum import IntEnum

import numpy as np

_UNIT_VARIANCE = math.sqrt(3.0)  # of a sum of four uniform numbers, whose variance is 4/12
_NOISE_DEVIATION = math.sqrt(4 * (256**2 - 1) / 12)  # of a sum of four random bytes


class Stream(IntEnum):
    """First part of every key. The numbers are part of the data set: changing one changes what is
    drawn."""

    OUTFIT = 1
    BUILD = 2
    STRANGER = 3
    CAMERA = 4
    TRACKLET = 5
    BURST = 6
    NOISE = 7
    SPLIT = 8


class Draws:
    """A sequence of draws for one key."""

    def __init__(self, seed: int, stream: Stream, *key: int):
        self._generator = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence([seed, int(stream), *key]))
        )

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high). Scaled here: compiled code may fuse the two operations into
        one."""
        return low + (high - low) * self._generator.random()

    def below(self, count: int) -> int:
        """Uniform in 0 .. count-1."""
        return int(self._generator.random() * count)

    def chance(self, probability: float) -> bool:
        return self._generator.random() < probability

    def pick(self, options):
        """One of the options, all equally likely."""
        return options[self.below(len(options))]

    def weighted(self, options: dict):
        """One of the keys of `options`, whose values are probabilities that sum to one."""
        left = self._generator.random()
        for option, probability in options.items():
            left -= probability
            if left < 0:
                return option
        return option

    def bell(self, deviation: float) -> float:
        """Bell-shaped around zero: a sum of four uniform numbers, so never beyond 3.5
        deviations."""
        total = 0.0
        for value in self._generator.random(4).tolist():
            total += value
        return (total - 2.0) * _UNIT_VARIANCE * deviation

    def colour(self, low: float, high: float) -> tuple[float, float, float]:
        return self.between(low, high), self.between(low, high), self.between(low, high)

    def drift(self, frames: int, deviation: float, memory: float = 0.85) -> np.ndarray:
        """A slow random walk around zero, float64 (F,), with the given deviation at every frame."""
        fresh = deviation * math.sqrt(1 - memory * memory)
        values = [self.bell(deviation)]
        for _ in range(frames - 1):
            values.append(memory * values[-1] + self.bell(fresh))
        return np.array(values)

    def noise(self, shape: tuple[int, ...], deviation: float) -> np.ndarray:
        """Bell-shaped float32 noise around zero: sums of four random bytes, which no rounding can
        change."""
        count = math.prod(shape)
        words = self._generator.bit_generator.random_raw((count + 1) // 2)
        quarters = words.astype("<u8").view(np.uint8)[: 4 * count].reshape(4, count)
        total = quarters[0].astype(np.int16)
        for quarter in quarters[1:]:
            total += quarter
        noise = total.astype(np.float32).reshape(shape)
        noise -= np.float32(510)
        noise *= np.float32(deviation / _NOISE_DEVIATION)
        return noise
