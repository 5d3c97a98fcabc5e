"""Draws a walking person: limbs, clothes, and the order in which they hide each other."""

import numpy as np

from dcct.walkers import bags, head
from dcct.walkers.canvas import Canvas, Point, Texture, shaded
from dcct.walkers.people import Person
from dcct.walkers.pose import HIP, LEFT, RIGHT, SHOULDER, SOLE, Pose, Walk

_TORSO_TOP, _TORSO_BOTTOM = SHOULDER - 0.03, HIP + 0.015
_YOKE = 0.13  # below the torso's top


def draw_person(canvas: Canvas, person: Person, walk: Walk) -> None:
    """Draw a person and the shadow at the feet. What is further from the camera is drawn first."""
    pose = Pose(person, walk)
    comes = pose.toward > 0.2
    far_light = 1 - 0.28 * abs(pose.across)
    _draw_shadow(canvas, pose)
    _draw_arm(canvas, pose, -pose.near, far_light)
    _draw_leg(canvas, pose, -pose.near, far_light)
    if comes:
        head.draw_loose_hair(canvas, pose)
        if person.bag == "backpack":
            bags.draw_backpack(canvas, pose)
    _draw_leg(canvas, pose, pose.near, 1.0)
    if person.legwear == "skirt":
        _draw_skirt(canvas, pose)
    head.draw_neck(canvas, pose)
    _draw_torso(canvas, pose)
    if person.bag == "backpack" and pose.toward > -0.4:
        bags.draw_straps(canvas, pose)
    head.draw_head(canvas, pose)
    if not comes:
        head.draw_loose_hair(canvas, pose)
        if person.bag == "backpack":
            bags.draw_backpack(canvas, pose)
    wrist = _draw_arm(canvas, pose, pose.near, 1.0)
    if person.bag == "handbag":
        bags.draw_handbag(canvas, pose, wrist)
    elif person.bag == "satchel":
        bags.draw_satchel(canvas, pose)


def _draw_shadow(canvas: Canvas, pose: Pose) -> None:
    """A wide faint shadow on the ground below the body and a small dark one below each foot."""
    walk = pose.walk
    canvas.shadow((walk.x, walk.ground), (walk.size * 0.17, walk.size * 0.035), 0.4)
    for _, _, ankle, _ in pose.legs.values():
        x, _ = pose.at(ankle[0] + 0.025, ankle[1], ankle[2])
        canvas.shadow((x, walk.ground), (walk.size * 0.075, walk.size * 0.018), 0.45)


def _draw_leg(canvas: Canvas, pose: Pose, side: int, light: float) -> None:
    person, size, girth = pose.person, pose.walk.size, pose.person.girth
    hip, knee, ankle, toe = (pose.at(*joint) for joint in pose.legs[side])
    skin, cloth = shaded(person.skin, light), shaded(person.bottom, light)
    long = person.legwear == "trousers"
    canvas.capsule(
        (ankle[0], ankle[1]), toe, size * SOLE, shaded(person.shoe, light), size * SOLE * 0.85
    )
    canvas.capsule(
        knee,
        ankle,
        size * 0.034 * girth,
        cloth if long else skin,
        size * (0.027 if long else 0.022) * girth,
    )
    canvas.capsule(
        hip,
        knee,
        size * 0.050 * girth,
        skin if person.legwear == "skirt" else cloth,
        size * 0.038 * girth,
    )


def _draw_arm(canvas: Canvas, pose: Pose, side: int, light: float) -> Point:
    """Returns the wrist's frame coordinates."""
    person, size, girth = pose.person, pose.walk.size, pose.person.girth
    shoulder, elbow, wrist = (pose.trunk(*joint) for joint in pose.arm(side))
    sleeve, skin = shaded(person.top, light * 0.92), shaded(person.skin, light)
    canvas.capsule(wrist, (wrist[0], wrist[1] + size * 0.016), size * 0.021, skin)
    canvas.capsule(
        elbow,
        wrist,
        size * 0.026 * girth,
        sleeve if person.long_sleeves else skin,
        size * 0.021 * girth,
    )
    canvas.capsule(shoulder, elbow, size * 0.034 * girth, sleeve, size * 0.028 * girth)
    return wrist


def _draw_torso(canvas: Canvas, pose: Pose) -> None:
    size, girth = pose.walk.size, pose.person.girth
    shoulders, waist, hips = (
        pose.width(broad, deep) * girth
        for broad, deep in ((0.100, 0.058), (0.088, 0.062), (0.092, 0.064))
    )
    texture = _torso_texture(canvas, pose, waist)
    canvas.barrel(
        pose.trunk(0, 0, _TORSO_TOP),
        pose.trunk(0, 0, _TORSO_BOTTOM),
        (size * shoulders, size * waist, size * hips),
        size * 0.045 * girth,
        texture,
    )


def _torso_texture(canvas: Canvas, pose: Pose, half_width: float) -> Texture:
    """The shirt: pattern, rounded shading, and what shows only from the front: neckline and
    opening."""
    person = pose.person
    top, accent, skin = (
        np.asarray(colour, np.float32).reshape(3, 1, 1, 1)
        for colour in (person.top, person.accent, person.skin)
    )
    length, wide = np.float32(_TORSO_BOTTOM - _TORSO_TOP), np.float32(half_width)
    sharp = np.float32(canvas.rows * float(pose.walk.size[0]))
    chest = np.float32(0.062 * person.girth * pose.across)  # where the middle of the chest appears

    def texture(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        aside, down = u * wide, v * length
        colour = top + (accent - top) * _pattern(person.pattern, person.period, aside, down, sharp)
        if pose.toward > 0.25:
            off = np.abs(aside - chest)
            if person.pattern in ("plain", "yoke"):
                colour = colour * (1 - np.float32(0.55) * _step(np.float32(0.007) - off, sharp))
            colour = colour + (skin - colour) * _step(
                (np.float32(0.085) - down - off * np.float32(1.6)) * np.float32(0.6), sharp
            )
        return colour * (1 - np.float32(0.30) * (u * u))

    return texture


def _pattern(
    kind: str, period: float, aside: np.ndarray, down: np.ndarray, sharp: np.float32
) -> np.ndarray:
    """Share of the accent colour, (F,h,w) or a shape that broadcasts to it; lengths in body
    heights."""
    if kind == "plain":
        return np.zeros((1, 1, 1), np.float32)
    if kind == "hoops":
        return _stripes(down, period, sharp)
    if kind == "stripes":
        return _stripes(aside, period, sharp)
    if kind == "checks":
        rows, columns = _stripes(down, period, sharp), _stripes(aside, period, sharp)
        return rows + columns - 2 * rows * columns
    return _step(down - np.float32(_YOKE), sharp)


def _stripes(place: np.ndarray, period: float, sharp: np.float32) -> np.ndarray:
    """1 in every other stripe of half a period, 0 between, smooth over a pixel."""
    turns = place / np.float32(period)
    turns = turns - np.floor(turns)
    return _step((np.float32(0.25) - np.abs(turns - np.float32(0.5))) * np.float32(period), sharp)


def _step(distance: np.ndarray, sharp: np.float32) -> np.ndarray:
    return np.minimum(np.maximum(distance * sharp + np.float32(0.5), 0), 1)


def _draw_skirt(canvas: Canvas, pose: Pose) -> None:
    """From the waist to the knees; the hem follows the thighs and spreads with the step."""
    person, size = pose.person, pose.walk.size
    left_knee, right_knee = (pose.at(*pose.legs[side][1])[0] for side in (LEFT, RIGHT))
    waist, hem = pose.trunk(0, 0, HIP - 0.035), pose.at(0, 0, HIP + 0.20)
    middle = hem[0] + 0.5 * ((left_knee + right_knee) * 0.5 - hem[0])
    spread = np.abs(left_knee - right_knee) * 0.36
    top, base = pose.width(0.088, 0.064) * person.girth, pose.width(0.115, 0.085) * person.girth
    low = size * base + spread
    folds = np.float32(0.18)

    def texture(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        pleat = u * np.float32(2.5)
        return cloth * (
            1
            - np.float32(0.25) * (u * u)
            - folds * v * np.abs(pleat - np.floor(pleat) - np.float32(0.5))
        )

    cloth = np.asarray(person.bottom, np.float32).reshape(3, 1, 1, 1)
    canvas.barrel(
        waist, (middle, hem[1]), (size * top, (size * top + low) * 0.53, low), size * 0.012, texture
    )
