"""Drawing of shapes over all frames of a tracklet at once.

Coordinates: the unit is the frame's height, y runs down from 0 to 1, x runs right from `left`.
Shape parameters are floats or arrays (F,), one value per frame. Distances to a shape's edge are
computed only inside the rectangle that holds it in every frame, and become coverage within one
pixel of the edge, which smooths it.
"""

from collections.abc import Callable, Sequence

import numpy as np

Measure = float | np.ndarray
"""A number, or one for each frame (F,)."""
Point = tuple[Measure, Measure]
"""x, y."""
Colour = tuple[float, float, float] | np.ndarray
"""Red, green and blue, from 0 to 1."""
Texture = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A function of a shape's coordinates u (F,h,w), v (F,h,w) or (F,h,1) to (3,F,h,w)."""
Paint = Colour | Texture
Window = tuple[tuple[slice, ...], np.ndarray, np.ndarray]
"""Index of some pixels, with two coordinates of each."""


class Canvas:
    """Float32 pixels (3, F, H, W), drawn on in place."""

    def __init__(self, pixels: np.ndarray, left: float):
        self.pixels = pixels
        self.left = left
        self.rows, self.columns = pixels.shape[2:]
        self._x = (np.arange(self.columns, dtype=np.float32) + np.float32(0.5)) / np.float32(
            self.rows
        ) + np.float32(left)
        self._y = (
            (np.arange(self.rows, dtype=np.float32) + np.float32(0.5)) / np.float32(self.rows)
        )[:, None]

    def during(self, frames: slice) -> "Canvas":
        """The canvas of some consecutive frames; drawing there draws here."""
        return Canvas(self.pixels[:, frames], self.left)

    def capsule(
        self,
        start: Point,
        end: Point,
        start_radius: Measure,
        paint: Colour,
        end_radius: Measure | None = None,
        opacity: float = 1.0,
    ) -> None:
        """A thick line from `start` to `end` with round ends; its radius may taper."""
        (ax, ay), (bx, by) = _columns(*start), _columns(*end)
        radius, last = _columns(start_radius, start_radius if end_radius is None else end_radius)
        reach = max(_most(radius), _most(last))
        window = self._window(
            min(_least(ax), _least(bx)) - reach,
            max(_most(ax), _most(bx)) + reach,
            min(_least(ay), _least(by)) - reach,
            max(_most(ay), _most(by)) + reach,
        )
        if window is None:
            return
        where, x, y = window
        x, y, dx, dy = x - ax, y - ay, bx - ax, by - ay
        scale = np.float32(1) / (dx * dx + dy * dy + np.float32(1e-6))
        along = x * (dx * scale) + y * (dy * scale)
        np.maximum(along, 0, out=along)
        np.minimum(along, 1, out=along)
        off_x, off_y = x - along * dx, y - along * dy
        off_x *= off_x
        off_y *= off_y
        off_x += off_y
        distance = np.sqrt(off_x, out=off_x)
        along *= last - radius
        along += radius
        distance -= along
        self._fill(where, distance, paint, opacity)

    def barrel(
        self,
        top: Point,
        bottom: Point,
        half_widths: Sequence[Measure],
        corner_radius: Measure,
        paint: Paint,
        opacity: float = 1.0,
    ) -> None:
        """An upright body with rounded corners between the points `top` and `bottom`.

        half_widths: at the top, in the middle and at the bottom, joined by a parabola. A texture
        gets u, -1 .. 1 from the left to the right edge, and v, 0 .. 1 downwards.
        """
        (top_x, top_y), (bottom_x, bottom_y), (wide, middle, low) = (
            _columns(*top),
            _columns(*bottom),
            _columns(*half_widths),
        )
        (corner,) = _columns(corner_radius)
        reach = max(_most(wide), _most(middle), _most(low))
        window = self._window(
            min(_least(top_x), _least(bottom_x)) - reach,
            max(_most(top_x), _most(bottom_x)) + reach,
            _least(top_y),
            _most(bottom_y),
        )
        if window is None:
            return
        where, x, y = window
        height = bottom_y - top_y
        v = np.minimum(np.maximum((y - top_y) / height, 0), 1)
        half = wide * (1 - v) * (1 - 2 * v) + middle * (4 * v * (1 - v)) + low * v * (2 * v - 1)
        off = x - (top_x + (bottom_x - top_x) * v)
        beside = np.abs(off)
        beside -= half - corner
        beyond = np.abs(y - (top_y + bottom_y) * np.float32(0.5)) - (
            height * np.float32(0.5) - corner
        )
        inside = np.minimum(np.maximum(beside, beyond), 0)
        np.maximum(beside, 0, out=beside)
        beside *= beside
        beside += np.square(np.maximum(beyond, 0))
        distance = np.sqrt(beside, out=beside)
        distance += inside
        distance -= corner
        self._fill(where, distance, paint(off / half, v) if callable(paint) else paint, opacity)

    def ellipse(self, centre: Point, radii: Point, paint: Paint, opacity: float = 1.0) -> None:
        """An upright ellipse. A texture gets the place in units of the radii: u to the right, v
        down."""
        window = self._around(centre, radii)
        if window is None:
            return
        where, u, v = window
        distance = np.sqrt(u * u + v * v)
        distance -= 1
        distance *= np.minimum(*_columns(*radii))
        self._fill(where, distance, paint(u, v) if callable(paint) else paint, opacity)

    def shadow(self, centre: Point, radii: Point, strength: float) -> None:
        """A soft dark ellipse, `strength` dark in its centre and nothing at its edge."""
        window = self._around(centre, radii)
        if window is None:
            return
        where, u, v = window
        light = u * u + v * v
        np.minimum(light, 1, out=light)
        light *= np.float32(strength)
        light += np.float32(1 - strength)
        self.pixels[where] *= light

    def rectangle(
        self,
        left: Measure,
        right: Measure,
        top: Measure,
        bottom: Measure,
        paint: Colour,
        opacity: float = 1.0,
    ) -> None:
        """An upright rectangle; give a side beyond the frame to have it fill the frame there."""
        x0, x1, y0, y1 = _columns(left, right, top, bottom)
        window = self._window(_least(x0), _most(x1), _least(y0), _most(y1))
        if window is None:
            return
        where, x, y = window
        distance = np.maximum(np.maximum(x0 - x, x - x1), np.maximum(y0 - y, y - y1))
        self._fill(where, distance, paint, opacity)

    def _around(self, centre: Point, radii: Point) -> Window | None:
        """The pixels that hold an ellipse, with their places in units of its radii."""
        (x0, y0), (rx, ry) = _columns(*centre), _columns(*radii)
        window = self._window(
            _least(x0) - _most(rx),
            _most(x0) + _most(rx),
            _least(y0) - _most(ry),
            _most(y0) + _most(ry),
        )
        if window is None:
            return None
        where, x, y = window
        return where, (x - x0) / rx, (y - y0) / ry

    def _window(self, left: float, right: float, top: float, bottom: float) -> Window | None:
        """The pixels within these bounds and a pixel around them, with their x (w,) and y
        (h, 1)."""
        x0 = max(0, int((left - self.left) * self.rows) - 1)
        x1 = min(self.columns, int((right - self.left) * self.rows) + 2)
        y0 = max(0, int(top * self.rows) - 1)
        y1 = min(self.rows, int(bottom * self.rows) + 2)
        if x1 <= x0 or y1 <= y0:
            return None
        rows, columns = slice(y0, y1), slice(x0, x1)
        return (slice(None), slice(None), rows, columns), self._x[columns], self._y[rows]

    def _fill(
        self, where: tuple[slice, ...], distance: np.ndarray, paint: Colour, opacity: float
    ) -> None:
        """Blend a colour (3,) or colours (3,F,h,w) in where the distance to the edge (in heights)
        is negative."""
        distance *= np.float32(-self.rows)
        distance += np.float32(0.5)
        np.maximum(distance, 0, out=distance)
        np.minimum(distance, 1, out=distance)
        if opacity < 1:
            distance *= np.float32(opacity)
        target = self.pixels[where]
        colour = np.asarray(paint, np.float32)
        step = (colour if colour.ndim == 4 else colour.reshape(3, 1, 1, 1)) - target
        step *= distance
        target += step


def shaded(colour: Colour, light: float) -> np.ndarray:
    """The colour in less light, float32 (3,)."""
    return np.asarray(colour, np.float32) * np.float32(light)


def _columns(*values: Measure) -> list[np.ndarray]:
    """Floats or arrays (F,) as float32 (1, 1, 1) or (F, 1, 1), lest float64 spread to the
    pixels."""
    return [np.asarray(value, np.float32).reshape(-1, 1, 1) for value in values]


def _least(column: np.ndarray) -> float:
    return float(column.min())


def _most(column: np.ndarray) -> float:
    return float(column.max())
