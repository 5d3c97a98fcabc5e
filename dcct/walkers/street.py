"""What a camera sees of its whole street: several people at once, who cross before each other.

A box is the frame that the embedded set has of a person: the body in its middle, half as wide as it
is high.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from math import pi
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dcct.walkers.cameras import Camera, camera_of, develop
from dcct.walkers.canvas import Canvas
from dcct.walkers.draws import Draws
from dcct.walkers.figure import draw_person
from dcct.walkers.people import Person, identity
from dcct.walkers.portable import cosine, exponential
from dcct.walkers.pose import Walk, ground_speed

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

HEIGHT, WIDTH = 360, 640
"""Of a picture, in pixels."""
TOGETHER = 10
"""Frames that are drawn at once: 28 MB."""
FAR, NEAR = (0.84, 0.42), (0.98, 0.56)
"""Where the furthest and the nearest walk: height of the ground in the picture, height of a box."""


class Thing(IntEnum):
    """What of a scene a generator is for: goes on from draws.Stream, which decides data sets and so
    is not touched for scenes."""

    PEOPLE = 101
    WALK = 102
    STREET = 103
    LIGHT = 104
    NOISE = 105
    TRACKER = 106


class SceneDraws(Draws):
    """Draws for one thing of the scene of a seed."""

    def __init__(self, seed: int, thing: Thing, *key: int):
        self._generator = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence([seed, int(thing), *key]))
        )


class Box(NamedTuple):
    """A person in a frame, in pixels."""

    frame: int
    """From 1."""
    pid: int
    x: float
    """Left edge."""
    y: float
    """Upper edge."""
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One person's way past a camera."""

    pid: int
    person: Person
    walk: Walk
    """In heights of the picture, for all frames."""
    scale: float
    """Height of the box."""


def people_of(spec: "WalkersSpec", number: int, seed: int) -> list[int]:
    """Numbers of so many test identities, none twice."""
    draws = SceneDraws(seed, Thing.PEOPLE)
    everyone = range(spec.train_ids + 1, spec.train_ids + spec.test_ids + 1)
    return sorted(sorted(everyone, key=lambda _: draws.between(0.0, 1.0))[:number])


def passages(
    spec: "WalkersSpec", camera: int, pids: list[int], frames: int, seed: int
) -> list[Passage]:
    """How each of these people passes a camera, the furthest first."""
    view = _view(spec, camera)
    found = [_passage(spec, view, pid, frames, (seed, camera)) for pid in pids]
    return sorted(found, key=lambda one: float(one.walk.ground[0]))


def _view(spec: "WalkersSpec", camera: int) -> Camera:
    """The camera of the set, with all the pixels of a video."""
    return camera_of(spec.model_copy(update={"height": HEIGHT}), camera)


def _passage(
    spec: "WalkersSpec", view: Camera, pid: int, frames: int, key: tuple[int, int]
) -> Passage:
    seed, camera = key
    draws, person, time = (
        SceneDraws(seed, Thing.WALK, camera, pid),
        identity(spec, pid),
        np.arange(frames),
    )
    depth = draws.between(0, 1)
    ground, scale = (far + depth * (near - far) for far, near in zip(FAR, NEAR, strict=True))
    heading = view.heading + draws.bell(0.1)
    if draws.chance(0.5):  # the other way along the street
        heading = pi - heading
    size = person.height * scale
    speed = float(cosine(heading)) * ground_speed(person) * size
    seen = draws.between(0.15, 0.85) * frames  # when the person is somewhere in the picture
    x = draws.between(-0.45, 0.45) * WIDTH / HEIGHT + speed * (time - seen)
    phase = draws.between(0, 2 * pi) + 2 * pi / person.gait * time
    walk = Walk(phase, heading, x, np.full(frames, ground), np.full(frames, size))
    return Passage(pid=pid, person=person, walk=walk, scale=scale)


def boxes_of(found: list[Passage], frames: int) -> list[Box]:
    """The boxes of all whose middle is in the picture: frame by frame, the furthest first."""
    return [
        Box(frame + 1, one.pid, *_box(one, frame))
        for frame in range(frames)
        for one in found
        if abs(float(one.walk.x[frame])) < WIDTH / HEIGHT / 2
    ]


def _box(one: Passage, frame: int) -> tuple[float, float, float, float]:
    height, walk = one.scale * HEIGHT, one.walk
    middle = float(walk.x[frame]) * HEIGHT + WIDTH / 2
    centre = float(walk.ground[frame] - walk.size[frame] / 2) * HEIGHT
    return middle - height / 4, centre - height / 2, height / 2, height


def draw_street(
    spec: "WalkersSpec", camera: int, found: list[Passage], frames: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield each frame, uint8 (HEIGHT, WIDTH, 3)."""
    view = _view(spec, camera)
    start = SceneDraws(seed, Thing.STREET, camera).below(view.period)
    street = view.panorama[:, :, (start + np.arange(WIDTH)) % view.period]
    light = SceneDraws(seed, Thing.LIGHT, camera)
    gain = 1 + light.drift(frames, 0.03 * spec.difficulty)
    tint = np.array([exponential(light.bell(0.05 * spec.difficulty)) for _ in range(3)])
    for first in range(0, frames, TOGETHER):
        part = slice(first, min(first + TOGETHER, frames))
        pixels = np.repeat(street[:, None], part.stop - first, axis=1)
        canvas = Canvas(pixels, left=-WIDTH / HEIGHT / 2)
        for one in found:
            draw_person(canvas, one.person, _during(one.walk, part))
        noise = SceneDraws(seed, Thing.NOISE, camera, first)
        yield from develop(view, pixels, gain[part], tint, noise, HEIGHT)


def _during(walk: Walk, part: slice) -> Walk:
    arrays = {name: getattr(walk, name)[part] for name in ("phase", "x", "ground", "size")}
    return replace(walk, **arrays)
