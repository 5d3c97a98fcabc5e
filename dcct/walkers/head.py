"""Heads: a face on the side that one looks at, hair, caps."""

import numpy as np

from dcct.walkers.canvas import Canvas, shaded
from dcct.walkers.portable import cosine, sine
from dcct.walkers.pose import HEAD, NECK, SHOULDER, Pose

_HEAD_RADII = 0.047, 0.062
# cosine of the angle between the face's middle and its edge
_HAIRLINE = {"short": 0.30, "long": 0.36, "bun": 0.26, "cap": 0.05}
_EYE_ANGLE = 0.42  # between the face's middle and an eye, around the head


def draw_neck(canvas: Canvas, pose: Pose) -> None:
    radius = pose.walk.size * 0.026 * min(1.15, pose.person.girth)
    canvas.capsule(
        pose.trunk(0, 0, SHOULDER),
        pose.trunk(0.01, 0, NECK - 0.03),
        radius,
        shaded(pose.person.skin, 0.85),
    )


def draw_head(canvas: Canvas, pose: Pose) -> None:
    person, size = pose.person, pose.walk.size
    x, y = pose.trunk(person.head_tilt, 0, HEAD)
    nod = 0.35  # the face's middle lies below the head's
    face = (pose.across * 0.937, nod, pose.toward * 0.937)
    eyes = [
        (float(cosine(angle)), float(sine(angle)))
        for angle in (pose.walk.heading - _EYE_ANGLE, pose.walk.heading + _EYE_ANGLE)
    ]
    top = person.accent if person.hair_shape == "cap" else person.hair
    skin, hair = (
        np.asarray(colour, np.float32).reshape(3, 1, 1, 1) for colour in (person.skin, top)
    )
    sharp = np.float32(0.06 * canvas.rows * float(size[0]))  # about a pixel from skin to hair
    hairline = np.float32(_HAIRLINE[person.hair_shape])

    def texture(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The head as a sphere: hair wherever the surface turns away from the face's direction."""
        depth = np.sqrt(np.maximum(1 - u * u - v * v, 0))
        facing = u * np.float32(face[0]) + v * np.float32(face[1]) + depth * np.float32(face[2])
        cover = np.minimum(np.maximum((hairline - facing) * sharp + np.float32(0.5), 0), 1)
        light = 1 - np.float32(0.12) * (u * u)
        for aside, ahead in eyes:
            if ahead > 0.15:
                spot = np.square(u - np.float32(aside * 0.95)) + np.square(v - np.float32(0.08))
                light = light - np.float32(0.6) * np.maximum(1 - spot * np.float32(28), 0)
        return (skin + (hair - skin) * cover) * (light + (1 - light) * cover)

    if abs(pose.across) > 0.35:  # the nose shows against the background
        reach = (1 if pose.across > 0 else -1) * 0.047 * size
        canvas.capsule(
            (x + reach, y + size * 0.008),
            (x + reach * 1.12, y + size * 0.016),
            size * 0.009,
            person.skin,
        )
    canvas.ellipse((x, y), (size * _HEAD_RADII[0], size * _HEAD_RADII[1]), texture)
    if person.hair_shape == "cap" and pose.toward > -0.5:
        canvas.capsule(
            pose.trunk(person.head_tilt + 0.02, 0, HEAD - 0.026),
            pose.trunk(person.head_tilt + 0.075, 0, HEAD - 0.018),
            size * 0.011,
            shaded(person.accent, 0.75),
        )


def draw_loose_hair(canvas: Canvas, pose: Pose) -> None:
    """What hangs or stands out behind the head: before the body of those who come, else after
    it."""
    person, size = pose.person, pose.walk.size
    if person.hair_shape == "long":
        canvas.capsule(
            pose.trunk(person.head_tilt - 0.014, 0, HEAD),
            pose.trunk(person.head_tilt - 0.030, 0, HEAD + 0.105),
            size * 0.046,
            person.hair,
            size * 0.040,
        )
    elif person.hair_shape == "bun":
        x, y = pose.trunk(person.head_tilt - 0.052, 0, HEAD - 0.028)
        canvas.ellipse((x, y), (size * 0.024, size * 0.024), person.hair)
