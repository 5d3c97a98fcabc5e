"""A page of images and short texts at free places: what contact sheets and retrieval pages are
drawn on."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dcct.report.figures.style import GREY, Style

HEIGHT = 2.0
"""Height of a tile; its width is 1, the unit of every coordinate (x to the right, y down)."""
PIXELS = (128, 64)
"""Height and width of a tile's image, whatever size the network sees."""
MARGIN = 0.25
TITLE_INCHES = 0.72


class Tiles:
    """width: units across; height: units down below the title; inches: printed width of the whole
    page.

    Make and fill it inside `style.styled()`; `figure` is what is saved.
    """

    def __init__(self, width: float, height: float, inches: float, title: str, subtitle: str):
        self.width, self.height = width, height
        across = width + 2 * MARGIN
        top = TITLE_INCHES * across / inches
        self.figure = Figure(figsize=(inches, inches * (top + height + MARGIN) / across))
        self.axes = self.figure.add_axes(
            (0, 0, 1, 1), xlim=(-MARGIN, width + MARGIN), ylim=(height + MARGIN, -top)
        )
        self.axes.set_axis_off()
        corner: Style = {"xycoords": "figure fraction", "textcoords": "offset points", "va": "top"}
        self.axes.annotate(title, (0, 1), (6, -6), fontsize=11, fontweight="bold", **corner)
        self.axes.annotate(subtitle, (0, 1), (6, -23), fontsize=8, color=GREY, **corner)

    def tile(
        self,
        pixels: np.ndarray,
        x: float,
        y: float,
        border: str | None = None,
        line: str | tuple = "-",
    ) -> None:
        """An image (H,W,3) with its upper left corner at x, y; border: a colour; line: its
        matplotlib style."""
        self.axes.imshow(
            pixels, extent=(x, x + 1, y + HEIGHT, y), aspect="auto", interpolation="bilinear"
        )
        if border:
            frame = Rectangle(
                (x, y), 1, HEIGHT, fill=False, edgecolor=border, linewidth=2.5, linestyle=line
            )
            self.axes.add_patch(frame)

    def text(self, x: float, y: float, text: str, **style) -> None:
        """Text whose anchor (matplotlib's ha and va) is at x, y."""
        self.axes.text(x, y, text, **style)
