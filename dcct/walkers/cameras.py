"""Cameras: where each stands, what it looks at, and what it does to colours, noise and
sharpness."""

from dataclasses import dataclass
from functools import lru_cache
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from dcct.walkers.backdrop import paint_backdrop
from dcct.walkers.draws import Draws, Stream
from dcct.walkers.portable import enlarge, exponential, power_table

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

HEADINGS = (
    0.1,
    2.5,
    1.15,
    -0.95,
    pi - 0.3,
    -2.2,
)  # of people who walk the street's usual way; pi/2 is towards the camera
_SHARPNESS = (
    1.0,
    1.0,
    1.0,
    0.55,
    1.0,
    0.7,
)  # each camera's own resolution, relative to the frames it delivers
_PANORAMA = 6  # frame widths
_TONES = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Camera:
    """One camera. It records rows x rows//2 pixels and delivers height x height//2."""

    heading: float
    """Direction in which people walk the street's usual way."""
    rows: int
    """Height of what it records, in pixels."""
    columns: int
    """Width of what it records."""
    panorama: np.ndarray
    """Float32 (3, rows, period + columns): the last `columns` repeat the first: a frame is one
    slice."""
    saturation: float
    """Distance of its colours from grey; 1 leaves them as they are."""
    tone: np.ndarray
    """Gamma curve, float32 (4096,)."""
    gain: float
    """Exposure; 1 leaves light as it is."""
    cast: np.ndarray
    """Colour cast, float32 (3,)."""
    noise: float
    """Standard deviation of its noise, where white is 1."""

    @property
    def period(self) -> int:
        """Columns after which the panorama repeats."""
        return self.panorama.shape[2] - self.columns


def camera_of(spec: "WalkersSpec", number: int) -> Camera:
    """Camera 1, 2, ... of a data set; kept, since its panorama takes longer than a tracklet."""
    return _camera(spec.seed, number, spec.height, spec.difficulty, spec.background_saturation)


@lru_cache(maxsize=12)
def _camera(
    seed: int, number: int, height: int, difficulty: float, background_saturation: float
) -> Camera:
    draws = Draws(seed, Stream.CAMERA, number)
    heading = HEADINGS[number - 1] + draws.between(-0.1, 0.1)
    rows = min(height, 2 * int(height * _SHARPNESS[number - 1] / 2 + 0.5))
    columns = rows // 2
    cast = [exponential(difficulty * draws.between(-0.28, 0.28)) for _ in range(3)]
    return Camera(
        heading=heading,
        rows=rows,
        columns=columns,
        cast=np.array(cast, np.float32),
        tone=power_table(draws.between(0.8, 1.25), _TONES),
        gain=draws.between(0.85, 1.15),
        noise=difficulty * draws.between(0.01, 0.045),
        saturation=draws.between(0.7, 1.1),
        panorama=_closed(
            paint_backdrop(draws, rows, _PANORAMA * columns, background_saturation), columns
        ),
    )


def _closed(panorama: np.ndarray, columns: int) -> np.ndarray:
    return np.concatenate([panorama, panorama[:, :, :columns]], axis=2)


def develop(
    camera: Camera,
    pixels: np.ndarray,
    gain: np.ndarray,
    tint: np.ndarray,
    draws: Draws,
    height: int,
) -> np.ndarray:
    """What the camera makes of a scene: float32 (3, F, rows, columns) to uint8 (F, height,
    height//2, 3).

    gain (F,) is the exposure of each frame, tint (3,) the colour of the light; `pixels` is
    overwritten.
    """
    grey = pixels[0] + pixels[1]
    grey += pixels[2]
    grey *= np.float32((1 - camera.saturation) / 3)
    pixels *= np.float32(camera.saturation)
    pixels += grey
    np.maximum(pixels, 0, out=pixels)
    np.minimum(pixels, 1, out=pixels)
    pixels *= np.float32(_TONES - 1)
    pixels += np.float32(0.5)
    developed = camera.tone[pixels.astype(np.int16)]
    exposure = (camera.gain * gain).astype(np.float32)
    developed *= (camera.cast * tint.astype(np.float32))[:, None, None, None] * exposure[
        :, None, None
    ]
    if camera.noise > 0:
        developed += draws.noise(developed.shape, camera.noise)
    if camera.rows < height:
        developed = enlarge(developed, height, height // 2)
    developed *= np.float32(255)
    developed += np.float32(0.5)
    np.maximum(developed, 0, out=developed)
    np.minimum(developed, 255, out=developed)
    return np.ascontiguousarray(developed.astype(np.uint8).transpose(1, 2, 3, 0))
