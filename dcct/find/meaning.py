"""What a model's distances mean: false-match rates that were measured on its own test set, or on a
labelled sample of somebody's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcct.errors import DataError
from dcct.evaluation.calibration import Point
from dcct.inference.model import Model
from dcct.models.beside import metrics_of
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
        """The largest known distance that accepts at most this share of false pairs; where so few
        were measured that none does, the smallest. None where none is known."""
        first = self.points[0].distance if self.points else None
        return max((one.distance for one in self.points if one.allowed <= rate), default=first)


def meaning_for(model: Model, sampler: str, calibration: Path | None) -> Meaning | None:
    """What `dcct calibrate` wrote into a file; without one, what the workflow measured of the same
    weights on their own test set; None where neither is there.

    Raises DataError where a file is not as it was written, or of another model or sampler.
    """
    if calibration is None:
        return _by_the_workflow(model, sampler)
    said = read_calibration(calibration, f"{CALIBRATE} --help")
    if said["weights"] not in model.config.weights.values():
        raise DataError(
            f"{calibration}: was measured with other weights than this model's: calibrate"
            f" this one: `{CALIBRATE} --help` says how"
        )
    found = meaning_in(said["rows"], model, sampler, said["measured_on"])
    if found is None:
        raise DataError(
            f"{calibration}: was not measured on {sampler} clips: calibrate with"
            f" --sampler {sampler}: `{CALIBRATE} --help` says how"
        )
    return found


def _by_the_workflow(model: Model, sampler: str) -> Meaning | None:
    found = metrics_of(model.folder)
    if found is None:
        return None
    if not (found.folder / DISTANCES).exists():
        return None
    made = read_metrics(found.folder / "metrics.json", found.command)
    if made["digests"]["checkpoint"] not in model.config.weights.values():
        return None
    rows = read_distances(found.folder / DISTANCES, found.command)["rows"]
    whom = f"{rows[0]['identities']} test people of {found.dataset}"
    return meaning_in(rows, model, sampler, whom)


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
