"""Tracklets: a person on a camera's street, other people, things in between, moments of being
hidden."""

from dataclasses import dataclass, replace
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from dcct.walkers.cameras import Camera, camera_of, develop
from dcct.walkers.canvas import Canvas, Colour, shaded
from dcct.walkers.draws import Draws, Stream
from dcct.walkers.figure import draw_person
from dcct.walkers.people import Person, identity, stranger
from dcct.walkers.portable import cosine, exponential
from dcct.walkers.pose import Walk, ground_speed

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

JUNK, DISTRACTOR = -1, 0
_OFF = 2.0  # beyond any frame, for shapes that reach its edge
_JUNK_KINDS = ("nobody", "half", "close")


def draw_tracklet(spec: "WalkersSpec", pid: int, camera: int, number: int) -> np.ndarray:
    """Draw one tracklet: uint8 (F, H, W, 3), the frames that {pid:04d}C{camera}T{number:04d}F*.jpg
    hold.

    pid: an identity (1 ..), 0 for a distractor, -1 for junk; camera and number count from 1.
    Whatever else has been drawn, in whatever order, the same arguments give the same pixels.
    """
    view = camera_of(spec, camera)
    key = pid + 1, camera, number
    draws = Draws(spec.seed, Stream.TRACKLET, *key)
    person = identity(spec, pid) if pid > 0 else stranger(spec.seed, *key)
    walk = _walk(spec, draws, view, person)
    walk, present = _badly_cropped(draws, walk, number) if pid == JUNK else (walk, True)
    speed = float(cosine(walk.heading)) * ground_speed(person) * float(walk.size[0])
    canvas = Canvas(_street(view, draws, spec.frames, speed), left=-0.25)

    other = _draw_other(spec, draws) if draws.chance(0.35 * spec.difficulty) else None
    other_in_front = draws.chance(0.4)
    if other and not other_in_front:
        draw_person(canvas, *other)
    if present:
        draw_person(canvas, person, walk)
    if other and other_in_front:
        draw_person(canvas, *other)
    _draw_obstacle(spec, draws, canvas, speed)
    hidden = burst_of(spec, pid, camera, number)
    if hidden:
        _draw_burst(spec, hidden, canvas)

    gain = (1 + draws.bell(0.12 * spec.difficulty)) * (
        1 + draws.drift(spec.frames, 0.03 * spec.difficulty)
    )
    tint = np.array([exponential(draws.bell(0.05 * spec.difficulty)) for _ in range(3)])
    return develop(
        view, canvas.pixels, gain, tint, Draws(spec.seed, Stream.NOISE, *key), spec.height
    )


@dataclass(frozen=True, slots=True)
class Burst:
    """Consecutive frames in which the person is largely hidden."""

    first: int
    """0-based."""
    frames: int
    """How many."""
    draws: Draws
    """What hides the person is drawn from these."""


def burst_of(spec: "WalkersSpec", pid: int, camera: int, number: int) -> Burst | None:
    """The burst of occlusion of a tracklet, if it has one: a quarter to a half of its frames."""
    draws = Draws(spec.seed, Stream.BURST, pid + 1, camera, number)
    if not draws.chance(spec.burst):
        return None
    shortest, longest = max(1, spec.frames // 4), max(1, spec.frames // 2)
    frames = shortest + draws.below(longest - shortest + 1)
    return Burst(draws.below(spec.frames - frames + 1), frames, draws)


def _walk(spec: "WalkersSpec", draws: Draws, view: Camera, person: Person) -> Walk:
    """How the person crosses the frame: a tracker follows, so the middle only jitters."""
    frames, hard = spec.frames, spec.difficulty
    heading = view.heading + draws.bell(0.15)
    if draws.chance(0.5):  # the other way along the street, or across it
        heading = pi - heading if draws.chance(0.7) else heading + pi
    beat = 2 * pi / person.gait * (1 + draws.bell(0.05))
    phase = draws.between(0, 2 * pi) + beat * np.arange(frames)
    size = person.height * (1 + draws.bell(0.05 * hard)) * (1 + draws.drift(frames, 0.02 * hard))
    x = draws.bell(0.025 * hard) + draws.drift(frames, 0.015 * hard)
    ground = 0.5 + size * 0.5 + draws.bell(0.03 * hard) + draws.drift(frames, 0.012 * hard)
    return Walk(phase, heading, x, ground, size)


def _badly_cropped(draws: Draws, walk: Walk, number: int) -> tuple[Walk, bool]:
    """Junk: a box that holds nobody, half a person, or a part. Returns the walk and whether to draw
    it."""
    kind = _JUNK_KINDS[number % len(_JUNK_KINDS)]
    if kind == "half":
        walk = replace(walk, x=walk.x + draws.pick((-1, 1)) * draws.between(0.17, 0.25))
    elif kind == "close":
        scale = draws.between(1.7, 2.4)
        walk = replace(
            walk, size=walk.size * scale, ground=walk.ground + draws.between(-0.1, scale - 0.9)
        )
    return walk, kind != "nobody"


def _street(view: Camera, draws: Draws, frames: int, speed: float) -> np.ndarray:
    """The backdrop going by at `speed` (heights per frame, to the left), float32 (3, F, rows,
    columns)."""
    pixels = np.empty((3, frames, view.rows, view.columns), np.float32)
    start = draws.between(0, view.period)
    for frame in range(frames):
        x = int(start + speed * view.rows * frame + view.period * frames) % view.period
        pixels[:, frame] = view.panorama[:, :, x : x + view.columns]
    return pixels


def _draw_other(spec: "WalkersSpec", draws: Draws) -> tuple[Person, Walk]:
    """Another pedestrian, who crosses the frame from one side."""
    person = stranger(spec.seed, draws.below(1 << 30))
    time = np.arange(spec.frames)
    side = draws.pick((-1, 1))
    x = side * (draws.between(-0.45, -0.1) + time * draws.between(0.01, 0.05))
    size = np.full(spec.frames, person.height * draws.between(0.8, 1.05))
    phase = draws.between(0, 2 * pi) + 2 * pi / person.gait * time
    return person, Walk(phase, 0.0 if side > 0 else pi, x, np.full(spec.frames, 0.985), size)


def _draw_obstacle(spec: "WalkersSpec", draws: Draws, canvas: Canvas, speed: float) -> None:
    """Some tracklets are seen past a pole that goes by, over something low, or past a corner."""
    kind, hard = draws.between(0, 1), spec.difficulty
    if kind < 0.18 * hard:
        x = draws.between(-0.2, 0.2) - speed * np.arange(spec.frames)
        half, colour = draws.between(0.015, 0.05), _dull_colour(draws)
        canvas.rectangle(x - half, x + half, -_OFF, _OFF, colour)
        canvas.rectangle(x + half * 0.3, x + half, -_OFF, _OFF, shaded(colour, 0.75))
    elif kind < 0.40 * hard:
        _draw_barrier(canvas, draws.between(0.55, 0.85), _dull_colour(draws))
    elif kind < 0.48 * hard:
        edge, side, colour = draws.between(0.02, 0.15), draws.pick((-1, 1)), _dull_colour(draws)
        canvas.rectangle(
            edge if side > 0 else -_OFF, _OFF if side > 0 else -edge, -_OFF, _OFF, colour
        )


def _dull_colour(draws: Draws) -> tuple[float, float, float]:
    """Things in between are as muted as backdrops usually are."""
    red, green, blue = draws.colour(0.1, 0.8)
    grey = (red + green + blue) / 3
    return (red + grey) / 2, (green + grey) / 2, (blue + grey) / 2


def _draw_barrier(canvas: Canvas, top: float, colour: Colour) -> None:
    """A low wall with a coping, up to height `top`."""
    canvas.rectangle(-_OFF, _OFF, top, _OFF, colour)
    canvas.rectangle(-_OFF, _OFF, top, top + 0.025, shaded(colour, 1.2))
    canvas.rectangle(-_OFF, _OFF, top + 0.025, top + 0.04, shaded(colour, 0.7))


def _draw_burst(spec: "WalkersSpec", burst: Burst, canvas: Canvas) -> None:
    """Somebody close to the camera passes before the person, or a van or a wall hides all but the
    head."""
    draws, frames = burst.draws, burst.frames
    canvas = canvas.during(slice(burst.first, burst.first + frames))
    time = np.arange(frames) / max(1, frames - 1) - 0.5  # from -.5 to .5
    side = draws.pick((-1, 1))
    if draws.chance(0.6):
        person = stranger(spec.seed, draws.below(1 << 30))
        size = person.height * draws.between(1.7, 2.1)
        walk = Walk(
            draws.between(0, 2 * pi) + 2 * pi / person.gait * np.arange(frames),
            draws.between(-pi, pi),
            side * time * draws.between(0.05, 0.2),
            np.full(frames, 0.1 + size * 0.88),
            np.full(frames, size),
        )
        draw_person(canvas, replace(person, girth=1.15 + 0.2 * (person.girth - 0.75)), walk)
    elif draws.chance(0.5):
        _draw_barrier(canvas, draws.between(0.1, 0.3), _dull_colour(draws))
    else:
        _draw_van(
            canvas,
            side * time * draws.between(0.2, 0.6),
            draws.between(0.08, 0.2),
            _dull_colour(draws),
        )


def _draw_van(canvas: Canvas, x: np.ndarray, top: float, colour: Colour) -> None:
    """The side of a van that rolls by: wider than the frame, a dark window strip, a wheel."""
    canvas.barrel((x, top), (x, 1.15), [1.2] * 3, 0.06, colour)
    canvas.barrel((x, top + 0.08), (x, top + 0.26), [0.18] * 3, 0.03, (0.12, 0.15, 0.19))
    canvas.rectangle(-_OFF, _OFF, top + 0.42, top + 0.45, shaded(colour, 0.75))
    canvas.ellipse((x + 0.22, 0.95), (0.14, 0.14), (0.08, 0.08, 0.09))
