"""Named random streams: every draw of the project comes from one of these generators and nowhere
else."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a generator is for. The number is part of the seed: never reuse or renumber one."""

    IDENTITY_ORDER = 1
    TRACKLET_CHOICE = 2
    CLIP_FRAMES = 3
    RANDOM_ERASING = 4
    DENSE_WINDOW = 5
    FRAME_SHUFFLE = 6
    INITIAL_WEIGHTS = 7
    DROP_PATH = 8
    BOOTSTRAP = 9
    FLIP = 10
    PAD_CROP = 11
    AGREEMENT = 12


def generator(seed: int, stream: Stream, *key: int) -> np.random.Generator:
    """A generator that is a pure function of seed, stream and key (epoch, index, ...)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int(stream), *key])))


def torch_seed(seed: int, stream: Stream, *key: int) -> int:
    """A seed for torch's own generator, drawn from the named stream."""
    return int(generator(seed, stream, *key).integers(2**63))
