"""Where CCA looks: its weights over the positions of every frame of a few clips, as heat maps. One
PNG."""

from pathlib import Path

import numpy as np

from dcct.pipeline.paths import Paths
from dcct.report.figures.attention import Clip, Looked, load_looked
from dcct.report.figures.style import GREY, HEAT, heat_scale, styled
from dcct.report.figures.tiles import HEIGHT, Page

ROWS = {
    "space/cnn/self": "CNN\nself",
    "space/cnn/cross": "CNN\ncross",
    "space/vit/self": "ViT\nself",
    "space/vit/cross": "ViT\ncross",
}
"""Attention of CCA → its label."""
MOST = 8
ACROSS = 16
"""Frames side by side."""
COLUMN, ROW, BETWEEN = 1.06, HEIGHT + 0.12, 0.45
LABEL, HEADING, FOOT = 1.5, 0.6, 1.5
SHADE = 0.4
"""Share of a map's lightness that the frame below it may take away."""


def draw_spatial(
    paths: Paths, configfile: Path, run: tuple[str, int, str, int], folder: Path
) -> None:
    """Write folder/spatial.png: clips side by side, and below each frame the weights of every
    attention of CCA."""
    looked = load_looked(paths, configfile, run)
    rows = [part for part in ROWS if looked.has(part)]
    missing = [ROWS[part].replace("\n", " ") for part in ROWS if part not in rows]
    with styled():
        page = _maps(looked, rows, missing) if rows else _gap(looked)
        page.save(folder / "spatial.png")


def _maps(looked: Looked, rows: list[str], missing: list[str]) -> Page:
    frames = len(looked.clips[0].pixels)
    across = min(len(looked.clips), max(1, ACROSS // frames))
    clip_width, block = frames * COLUMN + BETWEEN, HEADING + (1 + len(rows)) * ROW
    height, width = looked.grid
    page = Page(
        LABEL + across * clip_width - BETWEEN,
        -(-len(looked.clips) // across) * block + FOOT,
        10,
        f"Where CCA looks: {looked.variant} on {looked.where}",
        f"Weights over the {height}×{width} positions of each frame, in one test clip of"
        f" {len(looked.clips)} queries evenly spaced over the query set. Self: asked by the\nmean"
        " of the branch itself; cross: by the other branch's feature of the frame."
        + (f" Not in this variant: {', '.join(missing)}." if missing else ""),
    )
    for number, clip in enumerate(looked.clips):
        y, place = number // across * block, number % across
        _draw_clip(page, LABEL + place * clip_width, y, clip, rows, looked.grid)
        if place == 0:
            for row, label in enumerate(["frames", *(ROWS[part] for part in rows)]):
                page.text(0, y + HEADING + row * ROW + HEIGHT / 2, label, fontsize=8, va="center")
    _draw_scale(page, LABEL, page.height - 0.9)
    return page


def _draw_clip(
    page: Page, x: float, y: float, clip: Clip, rows: list[str], grid: tuple[int, int]
) -> None:
    page.text(x, y + HEADING / 2, clip.label, fontsize=8, va="center")
    for frame, pixels in enumerate(clip.pixels):
        page.tile(pixels, x + frame * COLUMN, y + HEADING)
        for row, part in enumerate(rows, 1):
            weights = clip.parts[part][frame].reshape(grid)
            page.tile(heat(weights, pixels), x + frame * COLUMN, y + HEADING + row * ROW)


def heat(weights: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """A grid of weights, which sum to 1, in colour over a frame (H,W,3) in shades: RGB (H,W,3) in
    0..1."""
    height, width = pixels.shape[:2]
    rows = np.arange(height) * weights.shape[0] // height
    columns = np.arange(width) * weights.shape[1] // width
    colours = HEAT(heat_scale(MOST)(weights * weights.size))[..., :3]
    shade = pixels.mean(2, keepdims=True) / 255
    return colours[rows[:, None], columns] * (1 - SHADE + SHADE * shade)


def _draw_scale(page: Page, x: float, y: float) -> None:
    """A strip of all colours with what they mean, in multiples of an even spread."""
    width, steps = 7.0, np.geomspace(1 / MOST, MOST, 256)
    page.axes.imshow(
        HEAT(heat_scale(MOST)(steps))[None], extent=(x, x + width, y + 0.35, y), aspect="auto"
    )
    for label, share in {
        f"1/{MOST} or less": 0,
        "1/2": 1 / 3,
        "even": 1 / 2,
        "2": 2 / 3,
        f"{MOST} or more": 1,
    }.items():
        page.text(x + share * width, y + 0.45, label, fontsize=7, ha="center", va="top", color=GREY)
    page.text(
        x + width + 1.2,
        y + 0.17,
        "times the weight of an even spread",
        fontsize=8,
        va="center",
        color=GREY,
    )


def _gap(looked: Looked) -> Page:
    page = Page(16, 1.5, 10, f"Where CCA looks: {looked.variant} on {looked.where}", "")
    page.text(8, 0.5, looked.lacks("CCA"), ha="center", va="center", color=GREY)
    return page
