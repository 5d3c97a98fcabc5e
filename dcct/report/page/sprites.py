"""Small moving pictures of tracklets: evenly spaced frames side by side in one WebP, as text for a
page."""

import base64
import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from dcct.clips.frames import FrameStore

FRAMES = 6
PIXELS = (96, 48)
"""Height and width of one frame."""
QUALITY = 40
LIMIT = 50_000_000
"""Characters that the pictures of a page may take, shared evenly by its data sets."""


def sprite(store: FrameStore, tracklet: int, frames: int) -> str:
    """That of a tracklet in a frame store, which has so many frames."""
    return side_by_side(store.read(tracklet, spaced(frames), *PIXELS))


def spaced(frames: int) -> np.ndarray:
    """Positions (FRAMES,) of those that are shown: evenly spaced."""
    return np.linspace(0, frames - 1, FRAMES).round().astype(int)


def side_by_side(pictures: Iterable[np.ndarray]) -> str:
    """Base64 of a WebP of pictures (FRAMES, *PIXELS, 3), from left to right."""
    file = io.BytesIO()
    strip = np.concatenate(list(pictures), axis=1)
    Image.fromarray(strip).save(file, "WEBP", quality=QUALITY)
    return base64.b64encode(file.getvalue()).decode()


def sprites(store: FrameStore, tracklets: Iterable[tuple[int, int]], limit: int) -> dict[int, str]:
    """Sprites of (tracklet, its number of frames), in this order, until the next would pass `limit`
    characters."""
    found, length = {}, 0
    for tracklet, frames in tracklets:
        picture = sprite(store, tracklet, frames)
        length += len(picture)
        if length > limit:
            break
        found[tracklet] = picture
    return found
