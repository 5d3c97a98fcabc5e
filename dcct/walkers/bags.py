"""Backpacks, handbags and satchels."""

from dcct.walkers.canvas import Canvas, Point, shaded
from dcct.walkers.portable import cosine, sine
from dcct.walkers.pose import SHOULDER, Pose


def draw_backpack(canvas: Canvas, pose: Pose) -> None:
    """The pack itself; the body hides it from those who see the person come."""
    person, size = pose.person, pose.walk.size
    bounce = person.bag_swing * 0.02 * sine(2 * pose.walk.phase - 0.6)
    half = pose.width(0.075, 0.045)
    top, bottom = (
        pose.trunk(-0.095, 0, SHOULDER + 0.005 + bounce),
        pose.trunk(-0.095, 0, SHOULDER + 0.215 + bounce),
    )
    canvas.barrel(
        top,
        bottom,
        (size * half * 0.85, size * half * 1.08, size * half),
        size * half * 0.6,
        person.bag_colour,
    )
    pocket_top, pocket_bottom = (
        pose.trunk(-0.10, 0, SHOULDER + 0.125 + bounce),
        pose.trunk(-0.10, 0, SHOULDER + 0.195 + bounce),
    )
    canvas.barrel(
        pocket_top,
        pocket_bottom,
        [size * half * 0.7] * 3,
        size * 0.012,
        shaded(person.bag_colour, 0.7),
    )


def draw_straps(canvas: Canvas, pose: Pose) -> None:
    """A backpack's straps, which show from the front and from the side."""
    size, colour = pose.walk.size, shaded(pose.person.bag_colour, 0.8)
    for side in (-1, 1):
        if side * pose.across < 0.5:  # the other strap is behind the body
            left = side * 0.055 * pose.person.girth
            canvas.capsule(
                pose.trunk(0.015, left, SHOULDER - 0.005),
                pose.trunk(0.05, left, SHOULDER + 0.15),
                size * 0.011,
                colour,
            )


def draw_handbag(canvas: Canvas, pose: Pose, wrist: Point) -> None:
    """Hangs from the near hand (frame coordinates) and swings with the step."""
    person, size = pose.person, pose.walk.size
    swing = person.bag_swing * sine(pose.walk.phase - 0.8)
    x, y = wrist
    handle_x, handle_y = (
        x + size * 0.075 * pose.across * sine(swing),
        y + size * 0.075 * cosine(swing),
    )
    canvas.capsule((x, y), (handle_x, handle_y), size * 0.007, shaded(person.bag_colour, 0.7))
    half = pose.width(0.03, 0.055)
    canvas.barrel(
        (handle_x, handle_y - size * 0.01),
        (handle_x, handle_y + size * 0.075),
        (size * half * 0.8, size * half, size * half * 1.1),
        size * 0.015,
        person.bag_colour,
    )


def draw_satchel(canvas: Canvas, pose: Pose) -> None:
    """A bag on the near hip with its strap over the other shoulder."""
    person, size = pose.person, pose.walk.size
    swing = 0.04 * sine(person.bag_swing * 0.5 * sine(pose.walk.phase - 0.5))
    side = pose.near * person.girth
    x, y = pose.at(-0.01 + 2 * swing, side * 0.085, 0.475)
    shoulder = pose.trunk(0.0, -side * 0.06, SHOULDER - 0.01)
    canvas.capsule(shoulder, (x, y), size * 0.009, shaded(person.bag_colour, 0.7))
    half = pose.width(0.04, 0.06)
    canvas.barrel(
        (x, y - size * 0.01),
        (x, y + size * 0.085),
        [size * half] * 3,
        size * 0.014,
        person.bag_colour,
    )
    canvas.barrel(
        (x, y - size * 0.01),
        (x, y + size * 0.035),
        [size * half] * 3,
        size * 0.014,
        shaded(person.bag_colour, 0.8),
    )
