"""What a model's distances mean: false-match rates that were measured on its own test set, or on a
labelled sample of somebody's own."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcct.config.label import CHECKPOINT
from dcct.errors import DataError
from dcct.evaluation.calibration import Point
from dcct.inference.model import Model
from dcct.pipeline.pipeline import command_of
from dcct.pipeline.steps import STEPS, made_by
from dcct.provenance.documents import read_calibration, read_distances, read_metrics

CALIBRATE, DISTANCES = "dcct calibrate", "distances.json"


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """Distances whose false-match rates are known."""

    points: Sequence[Point]
    """Nearest first."""
    measured_on: str
    """Whom, in words."""

    def of(self, distance: float) -> Point | None:
        """The nearest known distance that is no smaller: as a threshold it accepts this distance,
        and no fewer false pairs than this distance would. None beyond all of them."""
        place = self.place(distance)
        return None if place is None else self.points[place]

    def place(self, distance: float) -> int | None:
        """Which of the points that is."""
        reached = (place for place, one in enumerate(self.points) if distance <= one.distance)
        return next(reached, None)

    def distance(self, rate: float) -> float | None:
        """The largest known distance that accepts at most this share of false pairs."""
        return max((one.distance for one in self.points if one.allowed <= rate), default=None)


def meaning_for(model: Model, sampler: str, calibration: Path | None) -> Meaning | None:
    """What `dcct calibrate` wrote into a file; without one, what the workflow measured of the same
    weights on their own test set; None where neither is there.

    Raises DataError where a file is not as it was written, or of another model or sampler.
    """
    if calibration is None:
        return _by_the_workflow(model, sampler)
    said = read_calibration(calibration, CALIBRATE)
    if said["weights"] not in model.config.weights.values():
        raise DataError(
            f"{calibration}: was measured with other weights than this model's: run `{CALIBRATE}`"
            " with this model"
        )
    found = meaning_in(said["rows"], model, sampler, said["measured_on"])
    if found is None:
        raise DataError(
            f"{calibration}: was not measured on {sampler} clips: run `{CALIBRATE}` with --sampler"
            f" {sampler}"
        )
    return found


def _by_the_workflow(model: Model, sampler: str) -> Meaning | None:
    folder = Path(os.path.abspath(model.folder))
    below = Path(*folder.parts[-5:])
    step, key, _ = made_by(below / CHECKPOINT) or (None, {}, "")
    if step is not STEPS["train"]:
        return None
    measured = folder.parents[4] / "metrics" / below.relative_to("checkpoints")
    if not (measured / DISTANCES).exists():
        return None
    again = command_of(STEPS["rank"], key)
    made = read_metrics(measured / "metrics.json", again)
    if made["digests"]["checkpoint"] not in model.config.weights.values():
        return None
    rows = read_distances(measured / DISTANCES, again)["rows"]
    people = f"{rows[0]['identities']} test people of {key['dataset']}"
    return meaning_in(rows, model, sampler, people)


def meaning_in(
    rows: Sequence[Mapping], model: Model, sampler: str, measured_on: str
) -> Meaning | None:
    """Of the feature set that a search compares, from rows of distances.json; None where they have
    none of it, or know no distance."""
    for row in rows:
        if (row["sampler"], row["feature"]) == (sampler, model.config.best) and row["points"]:
            points = [Point(**point) for point in row["points"]]
            return Meaning(points=points, measured_on=measured_on)
    return None
