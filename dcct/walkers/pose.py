"""Where a walking person's joints are, frame by frame, as a camera sees them.

Body coordinates, in body heights: forward along the walk, left, and down from the crown (0) to the
soles (about 1). A heading of 0 walks to the right of the image, pi/2 towards the camera. Arrays are
float64 (F,).
"""

import math
from dataclasses import dataclass

import numpy as np

from dcct.walkers.canvas import Measure, Point
from dcct.walkers.people import Person
from dcct.walkers.portable import cosine, sine

HIP, SHOULDER, NECK, HEAD = 0.50, 0.185, 0.155, 0.075  # down from the crown
THIGH, SHIN, UPPER_ARM, FOREARM = 0.23, 0.22, 0.155, 0.145
SOLE = 0.024  # radius of a shoe
_CAMERA_TILT = 0.10  # cameras look down: a point nearer by one unit appears this much lower
LEFT, RIGHT = 1, -1
Joint = tuple[Measure, Measure, Measure]
"""Forward, left, down."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A person's way through the frame: arrays (F,) in frame heights, angles in radians."""

    phase: np.ndarray
    """Of the legs' swing: two steps are 2 pi."""
    heading: float
    """Direction of the walk: 0 to the right of the image, pi/2 towards the camera."""
    x: np.ndarray
    """Middle of the body, from the middle of the frame."""
    ground: np.ndarray
    """Height in the frame of the ground below the body."""
    size: np.ndarray
    """Body height."""


def ground_speed(person: Person) -> float:
    """Body heights walked per frame: the feet stay put while they bear the body."""
    return 4 * (THIGH + SHIN) * float(sine(person.stride)) / person.gait


class Pose:
    """Joints of one person on one walk."""

    def __init__(self, person: Person, walk: Walk):
        self.person, self.walk = person, walk
        self.across = float(cosine(walk.heading))
        self.toward = float(sine(walk.heading))
        self.near = RIGHT if self.across >= 0 else LEFT
        self._bounce = person.bob * cosine(2 * walk.phase)
        self.legs = {side: self._leg(side) for side in (LEFT, RIGHT)}
        # the body is as high above the ground as its lower foot demands: feet neither float nor
        # sink
        lowest = [np.maximum(ankle[2], toe[2]) for _, _, ankle, toe in self.legs.values()]
        self._top = walk.ground - walk.size * (np.maximum(*lowest) + SOLE)

    def at(self, forward: Measure, left: Measure, down: Measure) -> Point:
        """Frame coordinates (x, y) of a body point."""
        nearness = forward * self.toward - left * self.across
        return (
            self.walk.x + self.walk.size * (forward * self.across + left * self.toward),
            self._top + self.walk.size * (down + _CAMERA_TILT * nearness),
        )

    def trunk(self, forward: Measure, left: Measure, down: Measure) -> Point:
        """Frame coordinates of a point of the upper body, which leans and bobs."""
        return self.at(forward + self.person.lean * (HIP - down), left, down + self._bounce)

    def width(self, broad: float, deep: float) -> float:
        """Half-width in the image of something this `broad` from side to side and `deep` to the
        back."""
        broad, deep = broad * self.toward, deep * self.across
        return math.sqrt(broad * broad + deep * deep)

    def _leg(self, side: int) -> tuple[Joint, Joint, Joint, Joint]:
        """Hip, knee, ankle and toe as (forward, left, down)."""
        person = self.person
        phase = self.walk.phase + (0 if side == LEFT else np.pi)
        left = side * 0.045 * person.girth
        thigh = person.stride * (1 + side * person.limp) * sine(phase)
        bend = (
            person.knee * np.maximum(sine(phase + 2.67), 0) * 0.9 + 0.05
        )  # most while the leg swings to the front
        shin = thigh - bend
        knee = THIGH * sine(thigh), left, HIP + THIGH * cosine(thigh)
        ankle = knee[0] + SHIN * sine(shin), left, knee[2] + SHIN * cosine(shin)
        drop = 0.012 + 0.045 * np.maximum(-shin, 0)  # the heel lifts behind the body
        toe = ankle[0] + 0.055, left, ankle[2] + drop
        return (0.0 * thigh, left, HIP), knee, ankle, toe

    def arm(self, side: int) -> tuple[Joint, Joint, Joint]:
        """Shoulder, elbow and wrist as (forward, left, down) of the trunk; arms swing against the
        legs."""
        person = self.person
        beat = sine(self.walk.phase + (np.pi if side == LEFT else 0))
        upper = person.arm_swing * beat + 0.03
        fore = upper + person.elbow * (0.6 + 0.4 * beat) + 0.05
        breadth = side * person.girth
        elbow = (
            UPPER_ARM * sine(upper),
            breadth * 0.108,
            SHOULDER + 0.012 + UPPER_ARM * cosine(upper),
        )
        wrist = elbow[0] + FOREARM * sine(fore), breadth * 0.108, elbow[2] + FOREARM * cosine(fore)
        return (0.0 * upper, breadth * 0.088, SHOULDER + 0.012), elbow, wrist
