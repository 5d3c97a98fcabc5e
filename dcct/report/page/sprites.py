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
    """Base64 of a WebP of FRAMES frames from left to right, evenly spaced over a tracklet that has
    so many frames."""
    positions = np.linspace(0, frames - 1, FRAMES).round().astype(int)
    strip, file = (
        np.concatenate(list(store.read(tracklet, positions, *PIXELS)), axis=1),
        io.BytesIO(),
    )
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
