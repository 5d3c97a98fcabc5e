"""What a camera looks at: a street front, painted as a panorama that closes on itself."""

import numpy as np

from dcct.walkers.canvas import Canvas, shaded
from dcct.walkers.draws import Draws
from dcct.walkers.portable import smooth_noise

_NOISE = (
    (8, 0.045),
    (28, 0.02),
)  # cells per frame height, deviation: large stains and a fine grain
# backdrops are paler than what is in front, or people could hardly be seen before them
_HAZE, _HAZINESS = 0.5, 0.3
_OBJECTS = {
    "window": 4,
    "poster": 3,
    "door": 2,
    "bush": 2,
    "tree": 1,
    "car": 2,
}  # from the back to the front


def paint_backdrop(draws: Draws, rows: int, columns: int, saturation: float) -> np.ndarray:
    """A panorama, float32 (3, rows, columns). `saturation` scales the distance of every colour from
    grey."""
    pixels = np.empty((3, 1, rows, columns), np.float32)
    horizon = draws.between(0.55, 0.8)
    _paint_wall(draws, pixels, horizon)
    canvas = Canvas(pixels, left=0.0)
    for kind, count in _OBJECTS.items():
        for _ in range(count):
            _PAINTERS[kind](canvas, draws, draws.between(0, columns / rows), horizon)
    for cells, deviation in _NOISE:
        lattice = draws.noise((cells, cells * columns // rows), deviation)
        pixels += smooth_noise(lattice, rows, columns)
    np.minimum(np.maximum(pixels, 0, out=pixels), 1, out=pixels)
    pixels += (np.float32(_HAZE) - pixels) * np.float32(_HAZINESS)
    grey = (pixels[0] + pixels[1] + pixels[2]) / np.float32(3)
    return (grey + (pixels - grey) * np.float32(saturation))[:, 0]


def _paint_wall(draws: Draws, pixels: np.ndarray, horizon: float) -> None:
    """A wall of panels, bricks or plaster above the horizon, a kerb, and paving below it."""
    rows, columns = pixels.shape[2:]
    y = ((np.arange(rows, dtype=np.float32) + np.float32(0.5)) / np.float32(rows))[:, None]
    x = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / np.float32(rows)
    wall, ground = (
        np.array(draws.colour(*span), np.float32).reshape(3, 1, 1)
        for span in ((0.3, 0.8), (0.25, 0.65))
    )
    kind, module = (
        draws.pick(("panels", "bricks", "plaster")),
        np.float32(draws.between(0.12, 0.35)),
    )
    joint = np.float32(0.014)
    if kind == "panels":
        dark = np.broadcast_to(_within(x, module) < joint, (rows, columns))
    elif kind == "bricks":
        course = np.floor(y / (module * np.float32(0.4)))
        odd = course - 2 * np.floor(course / 2)
        dark = (_within(y, module * np.float32(0.4)) < joint) | (
            _within(x + odd * module * np.float32(0.5), module) < joint
        )
    else:
        dark = np.broadcast_to((y > horizon - 0.09), (rows, columns))  # a plinth
    front = wall * (np.float32(1.1) - np.float32(0.3) * y) * (1 - np.float32(0.2) * dark)
    depth = (y - np.float32(horizon)) / np.float32(1 - horizon)
    slabs = np.sqrt(np.maximum(depth, 0)) * np.float32(5)  # joints lie closer together far away
    paving = (
        ground
        * (np.float32(0.7) + np.float32(0.5) * y)
        * (1 - np.float32(0.12) * (_within(slabs, np.float32(1)) < 0.1))
    )
    kerb = np.abs(y - np.float32(horizon + 0.012)) < 0.012
    pixels[:, 0] = np.where(y < horizon, front, np.where(kerb, paving * np.float32(1.25), paving))


def _within(place: np.ndarray, module: np.float32) -> np.ndarray:
    """How far each place lies behind the last multiple of `module`."""
    return place - module * np.floor(place / module)


def _window(canvas: Canvas, draws: Draws, x: float, horizon: float) -> None:
    width, height, top = (
        draws.between(0.12, 0.28),
        draws.between(0.14, 0.30),
        draws.between(0.03, 0.22),
    )
    frame, glass = draws.colour(0.05, 0.95), draws.colour(0.05, 0.6)
    canvas.rectangle(x, x + width, top, top + height, frame, 0.75)
    canvas.rectangle(x + 0.015, x + width - 0.015, top + 0.015, top + height - 0.015, glass, 0.75)
    canvas.rectangle(x + width / 2 - 0.006, x + width / 2 + 0.006, top, top + height, frame, 0.75)


def _poster(canvas: Canvas, draws: Draws, x: float, horizon: float) -> None:
    width, height, top = draws.between(0.08, 0.3), draws.between(0.1, 0.3), draws.between(0.05, 0.4)
    canvas.rectangle(x, x + width, top, top + height, draws.colour(0.05, 0.95), 0.65)
    canvas.rectangle(
        x, x + width, top + height * 0.6, top + height * 0.75, draws.colour(0.05, 0.95), 0.65
    )


def _door(canvas: Canvas, draws: Draws, x: float, horizon: float) -> None:
    width, colour = draws.between(0.14, 0.2), draws.colour(0.05, 0.9)
    top = horizon - draws.between(0.38, 0.5)
    canvas.rectangle(x, x + width, top, horizon, colour, 0.7)
    canvas.rectangle(x + 0.02, x + width - 0.02, top + 0.03, top + 0.18, shaded(colour, 0.6), 0.7)


def _bush(canvas: Canvas, draws: Draws, x: float, horizon: float) -> None:
    colour = draws.between(0.1, 0.35), draws.between(0.25, 0.6), draws.between(0.1, 0.3)
    for step in range(3):
        height = draws.between(0.05, 0.11)
        canvas.ellipse(
            (x + 0.07 * step, horizon + 0.02 - height / 2),
            (0.07, height),
            shaded(colour, 0.8 + 0.1 * step),
            0.7,
        )


def _tree(canvas: Canvas, draws: Draws, x: float, horizon: float) -> None:
    canvas.capsule(
        (x, 0.0),
        (x + draws.between(-0.03, 0.03), horizon + 0.03),
        0.02,
        (0.30, 0.22, 0.16),
        0.03,
        opacity=0.7,
    )
    colour = draws.between(0.15, 0.4), draws.between(0.3, 0.6), draws.between(0.1, 0.3)
    for step in range(4):
        place = x + draws.between(-0.13, 0.13), draws.between(-0.02, 0.14)
        canvas.ellipse(place, (0.1, 0.08), shaded(colour, 0.7 + 0.1 * step), 0.7)


def _car(canvas: Canvas, draws: Draws, x: float, horizon: float) -> None:
    """Parked before the wall, seen from the side."""
    colour, floor = draws.colour(0.05, 0.9), horizon + 0.05
    x += 0.3
    canvas.shadow((x, floor), (0.34, 0.03), 0.5)
    canvas.barrel(
        (x, floor - 0.23), (x, floor - 0.10), (0.12, 0.17, 0.20), 0.02, shaded(colour, 0.9), 0.7
    )
    canvas.barrel(
        (x, floor - 0.215), (x, floor - 0.13), (0.10, 0.14, 0.165), 0.015, (0.13, 0.16, 0.2), 0.7
    )
    canvas.barrel((x, floor - 0.135), (x, floor - 0.03), (0.28, 0.29, 0.29), 0.03, colour, 0.7)
    for wheel in (-0.17, 0.17):
        canvas.ellipse((x + wheel, floor - 0.035), (0.045, 0.045), (0.1, 0.1, 0.11), 0.8)


_PAINTERS = {
    "window": _window,
    "poster": _poster,
    "door": _door,
    "bush": _bush,
    "tree": _tree,
    "car": _car,
}
