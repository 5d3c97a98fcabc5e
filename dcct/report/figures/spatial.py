"""Where CCA looks: its weights over the positions of every frame of a few clips, as heat maps. One
PNG."""

import numpy as np
from matplotlib.figure import Figure

from dcct.pipeline.pipeline import Pipeline
from dcct.report.figures.attention import AttentionMaps, Clip, load_attention
from dcct.report.figures.style import GREY, HEAT, heat_scale
from dcct.report.figures.tiles import HEIGHT, Tiles

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


def draw(pipeline: Pipeline, dataset: str) -> Figure:
    """Clips side by side, and below each frame the weights of every attention of CCA."""
    seen = load_attention(pipeline, dataset)
    rows = [part for part in ROWS if seen.has(part)]
    missing = [ROWS[part].replace("\n", " ") for part in ROWS if part not in rows]
    return (_maps(seen, rows, missing) if rows else _gap(seen)).figure


def _maps(seen: AttentionMaps, rows: list[str], missing: list[str]) -> Tiles:
    frames = len(seen.clips[0].pixels)
    across = min(len(seen.clips), max(1, ACROSS // frames))
    clip_width, block = frames * COLUMN + BETWEEN, HEADING + (1 + len(rows)) * ROW
    height, width = seen.grid
    tiles = Tiles(
        LABEL + across * clip_width - BETWEEN,
        -(-len(seen.clips) // across) * block + FOOT,
        10,
        f"Where CCA looks: {seen.variant} on {seen.where}",
        f"Weights over the {height}×{width} positions of each frame, in one test clip of"
        f" {len(seen.clips)} queries evenly spaced over the query set. Self: asked by the\nmean"
        " of the branch itself; cross: by the other branch's feature of the frame."
        + (f" Not in this variant: {', '.join(missing)}." if missing else ""),
    )
    for number, clip in enumerate(seen.clips):
        y, place = number // across * block, number % across
        _draw_clip(tiles, LABEL + place * clip_width, y, clip, rows, seen.grid)
        if place == 0:
            for row, label in enumerate(["frames", *(ROWS[part] for part in rows)]):
                tiles.text(0, y + HEADING + row * ROW + HEIGHT / 2, label, fontsize=8, va="center")
    _draw_scale(tiles, LABEL, tiles.height - 0.9)
    return tiles


def _draw_clip(
    tiles: Tiles, x: float, y: float, clip: Clip, rows: list[str], grid: tuple[int, int]
) -> None:
    tiles.text(x, y + HEADING / 2, clip.label, fontsize=8, va="center")
    for frame, pixels in enumerate(clip.pixels):
        tiles.tile(pixels, x + frame * COLUMN, y + HEADING)
        for row, part in enumerate(rows, 1):
            weights = clip.parts[part][frame].reshape(grid)
            tiles.tile(heat(weights, pixels), x + frame * COLUMN, y + HEADING + row * ROW)


def heat(weights: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """A grid of weights, which sum to 1, in colour over a frame (H,W,3) in shades: RGB (H,W,3) in
    0..1."""
    height, width = pixels.shape[:2]
    rows = np.arange(height) * weights.shape[0] // height
    columns = np.arange(width) * weights.shape[1] // width
    colours = HEAT(heat_scale(MOST)(weights * weights.size))[..., :3]
    shade = pixels.mean(2, keepdims=True) / 255
    return colours[rows[:, None], columns] * (1 - SHADE + SHADE * shade)


def _draw_scale(tiles: Tiles, x: float, y: float) -> None:
    """A strip of all colours with what they mean, in multiples of an even spread."""
    width, steps = 7.0, np.geomspace(1 / MOST, MOST, 256)
    tiles.axes.imshow(
        HEAT(heat_scale(MOST)(steps))[None], extent=(x, x + width, y + 0.35, y), aspect="auto"
    )
    for label, share in {
        f"1/{MOST} or less": 0,
        "1/2": 1 / 3,
        "even": 1 / 2,
        "2": 2 / 3,
        f"{MOST} or more": 1,
    }.items():
        tiles.text(
            x + share * width, y + 0.45, label, fontsize=7, ha="center", va="top", color=GREY
        )
    tiles.text(
        x + width + 1.2,
        y + 0.17,
        "times the weight of an even spread",
        fontsize=8,
        va="center",
        color=GREY,
    )


def _gap(seen: AttentionMaps) -> Tiles:
    tiles = Tiles(16, 1.5, 10, f"Where CCA looks: {seen.variant} on {seen.where}", "")
    tiles.text(8, 0.5, seen.lacks("CCA"), ha="center", va="center", color=GREY)
    return tiles
