"""Who walks: outfits, builds and gaits, drawn from small palettes so that identities share single
traits."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dcct.walkers.canvas import Colour
from dcct.walkers.draws import Draws, Stream

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

SKIN = ((0.95, 0.78, 0.66), (0.80, 0.60, 0.45), (0.55, 0.38, 0.27), (0.36, 0.25, 0.18))
HAIR = ((0.08, 0.07, 0.06), (0.35, 0.22, 0.12), (0.75, 0.60, 0.32), (0.55, 0.55, 0.55))
TOP = (
    (0.75, 0.12, 0.12),
    (0.12, 0.25, 0.65),
    (0.15, 0.50, 0.22),
    (0.90, 0.88, 0.84),
    (0.12, 0.12, 0.13),
    (0.85, 0.70, 0.15),
    (0.50, 0.50, 0.52),
    (0.45, 0.20, 0.50),
)
BOTTOM = (
    (0.10, 0.10, 0.12),
    (0.18, 0.25, 0.42),
    (0.62, 0.55, 0.42),
    (0.40, 0.40, 0.42),
    (0.32, 0.22, 0.15),
)
BAG = ((0.60, 0.10, 0.10), (0.10, 0.10, 0.10), (0.20, 0.35, 0.25), (0.55, 0.40, 0.22))
SHOE = ((0.08, 0.08, 0.08), (0.85, 0.85, 0.85), (0.45, 0.28, 0.15))

HAIR_SHAPES = {"short": 0.5, "long": 0.3, "bun": 0.1, "cap": 0.1}
PATTERNS = ("plain", "hoops", "stripes", "checks", "yoke")
LEGWEAR = {"trousers": 0.6, "shorts": 0.2, "skirt": 0.2}
BAGS = {"none": 0.3, "backpack": 0.3, "handbag": 0.2, "satchel": 0.2}
FASTEST, SLOWEST = 5.5, 15.0
"""Frames per two steps of lookalikes by cadence: every other one of 16 frames shows each of them in
all phases of a step, so that which poses occur says little, and their order much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Lengths are in body heights, angles in radians, times in frames."""

    skin: Colour
    """Of face, hands and bare legs."""
    hair: Colour
    """Of the hair."""
    hair_shape: str
    """One of HAIR_SHAPES."""
    top: Colour
    """Of the shirt."""
    accent: Colour
    """Of the shirt's pattern, and of a cap."""
    pattern: str
    """One of PATTERNS, on the shirt."""
    period: float
    """Length of one repeat of the pattern."""
    long_sleeves: bool
    """Whether the sleeves reach the wrists."""
    legwear: str
    """One of LEGWEAR."""
    bottom: Colour
    """Of the legwear."""
    shoe: Colour
    """Of the shoes."""
    bag: str
    """One of BAGS."""
    bag_colour: Colour
    """Of the bag."""
    height: float
    """Share of the frame's height."""
    girth: float
    """Widths relative to an average person's."""
    lean: float
    """How far the trunk leans forward, per length above the hip."""
    head_tilt: float
    """How far the head is ahead of the trunk."""
    gait: float
    """Frames per two steps."""
    stride: float
    """Largest angle of the thigh."""
    arm_swing: float
    """Largest angle of the upper arm."""
    elbow: float
    """How far the elbow is bent."""
    knee: float
    """How far the knee is bent while its leg swings forward."""
    limp: float
    """How much further one leg swings than the other, as a share of the stride."""
    bob: float
    """How far the trunk moves up and down."""
    bag_swing: float
    """How far the bag swings."""


def identity(spec: "WalkersSpec", pid: int) -> Person:
    """The person with this number: 1 .. train_ids are for training, test_ids more for testing.

    Groups of `share` numbers wear one outfit. Lookalikes by build have a body, a gait, shoes and,
    half of them, a bag of their own; lookalikes by cadence differ in nothing but the time of a
    step. No group spans both splits.
    """
    if pid <= spec.train_ids:
        group, place = divmod(pid - 1, spec.share)
    else:
        group, place = divmod(pid - 1 - spec.train_ids, spec.share)
        group += -(-spec.train_ids // spec.share)
    outfit = _outfit(Draws(spec.seed, Stream.OUTFIT, group))
    if spec.lookalikes == "cadence":
        twin = _build(outfit, Draws(spec.seed, Stream.BUILD, group))
        return replace(twin, gait=_cadence(place / max(1, spec.share - 1)))
    person = _build(outfit, draws := Draws(spec.seed, Stream.BUILD, pid))
    if spec.share > 1:
        person = replace(person, shoe=draws.pick(SHOE))
        if draws.chance(0.5):
            person = replace(person, bag=draws.weighted(BAGS))
    return person


def _cadence(place: float) -> float:
    """Frames per two steps: steps per frame go evenly from the slowest (0) to the fastest (1)."""
    return 1 / (1 / SLOWEST + place * (1 / FASTEST - 1 / SLOWEST))


def stranger(seed: int, *key: int) -> Person:
    """Somebody who is no identity: a passer-by, a distractor."""
    draws = Draws(seed, Stream.STRANGER, *key)
    return _build(_outfit(draws), draws)


def _outfit(draws: Draws) -> dict:
    return {
        "skin": draws.pick(SKIN),
        "hair": draws.pick(HAIR),
        "hair_shape": draws.weighted(HAIR_SHAPES),
        "top": draws.pick(TOP),
        "accent": draws.pick(TOP),
        "pattern": draws.pick(PATTERNS),
        "period": draws.pick((0.055, 0.08, 0.12)),
        "long_sleeves": draws.chance(0.6),
        "bottom": draws.pick(BOTTOM),
        "legwear": draws.weighted(LEGWEAR),
        "shoe": draws.pick(SHOE),
        "bag": draws.weighted(BAGS),
        "bag_colour": draws.pick(BAG),
    }


def _build(outfit: dict, draws: Draws) -> Person:
    return Person(
        **outfit,
        height=draws.between(0.78, 0.92),
        girth=draws.between(0.75, 1.35),
        gait=draws.between(9.0, 30.0),
        stride=draws.between(0.15, 0.70),
        arm_swing=draws.between(0.02, 0.95),
        knee=draws.between(0.5, 1.1),
        lean=draws.between(-0.04, 0.12),
        bob=draws.between(0.0, 0.022),
        bag_swing=draws.between(0.05, 0.6),
        limp=draws.between(-0.3, 0.3),
        elbow=draws.between(0.05, 0.9),
        head_tilt=draws.between(-0.02, 0.04),
    )
