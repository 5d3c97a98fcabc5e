"""The door for our own JSON files: receipts, run records, metrics, reports of verification.

They lie in folders that anyone may edit, copy in part, or fill with another version. Each is held
against its shape where it is read; what reads it may rely on that. Further keys are kept.
"""

from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from dcct.config.metric import METRICS
from dcct.errors import DataError
from dcct.evaluation.thresholds import BINS
from dcct.files import read_json


def _below(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or not name.isprintable():
        raise ValueError("names no file below its folder")
    return name


Name = Annotated[str, AfterValidator(_below)]
"""A file below the folder of the receipt that names it: verbs hash, copy and remove what is
named."""


UNKNOWN = "unknown"
LAST_SECOND = 253_402_300_799
"""Of the year 9999: later ones are no date."""
Seconds = Annotated[float, Field(ge=0, le=LAST_SECOND)]
Share = Annotated[float, Field(ge=0, le=1)]
Whole = Annotated[int, Field(ge=0, lt=2**53)]
"""Counts, and what numbers a split or a run."""


class Document(BaseModel):
    """Base of all shapes."""

    model_config = ConfigDict(extra="allow", strict=True)


class ReceiptShape(Document):
    outputs: dict[Name, str]
    originals: dict[str, str] = {}


class RunShape(Document):
    """What a record does not say is unknown: an artefact may outlive a part of its history."""

    command: str = UNKNOWN
    started: float = Field(default=0, ge=0, le=LAST_SECOND)
    seconds: Seconds = 0
    train_seconds: Seconds | None = None
    git: str = UNKNOWN
    machine: str = UNKNOWN
    versions: dict[str, str] = {}
    inputs: dict[str, str] = {}
    given: dict[str, str] = {}
    settings: str = ""
    code: str = ""
    bytes: dict[str, Whole] = {}


class ResultShape(Document):
    """A row of metrics.json."""

    sampler: str
    feature: str
    dimensions: Whole
    queries: Whole
    chance: dict[str, Share]
    mAP: Share  # noqa: N815 - the field's name
    rank1: Share

    @model_validator(mode="after")
    def _metrics_are_shares(self) -> Self:
        """The other metrics, which are the profile's choice, and ends of intervals."""
        for name, value in (self.model_extra or {}).items():
            if name.split("_")[0] in METRICS and not (
                type(value) in (int, float) and 0 <= value <= 1
            ):
                raise ValueError(f"{name} is no share from 0 to 1")
        return self


class Digests(Document):
    data: str
    features: str
    checkpoint: str


class MetricsShape(Document):
    dataset: str
    split: Whole
    variant: str
    seed: Whole
    trained_on: str
    verification: str
    parameters: Whole | None
    precision: str
    device: str
    versions: dict[str, str]
    digests: Digests
    headline: ResultShape
    rows: list[ResultShape] = Field(min_length=1)


class PointShape(Document):
    allowed: Share
    distance: float
    false_rate: Share
    low: Share
    high: Share
    true_rate: Share


Histogram = Annotated[list[Whole], Field(min_length=BINS, max_length=BINS)]


class MeaningShape(Document):
    """A row of distances.json."""

    sampler: str
    feature: str
    identities: Whole
    true_pairs: Whole
    false_pairs: Whole
    points: list[PointShape]
    histograms: dict[Literal["true", "false"], Histogram]

    @model_validator(mode="after")
    def _nearest_first(self) -> Self:
        for near, far in pairwise(self.points):
            if not (near.distance < far.distance and near.allowed < far.allowed):
                raise ValueError("points that are not in order, nearest first")
        return self


class DistancesShape(Document):
    rows: list[MeaningShape] = Field(min_length=1)


class CalibrationShape(DistancesShape):
    model: str
    weights: str
    measured_on: str


class ReportShape(Document):
    verification: str
    counts: dict[str, Annotated[list[Whole], Field(min_length=1)]]
    tracklets: list[str] = Field(min_length=1)
    frames: Whole
    files: Whole
    digest: str
    pin: str
    differences: Whole


def read_receipt(path: Path, command: str) -> dict[str, Any]:
    """A receipt. Raises DataError, one line that names `command`, which makes it again."""
    return _read(path, command, ReceiptShape)


def read_record(path: Path, command: str) -> dict[str, Any]:
    """A run record. Raises as read_receipt."""
    return _read(path, command, RunShape)


def read_metrics(path: Path, command: str) -> dict[str, Any]:
    """What `dcct rank` wrote of one run. Raises as read_receipt."""
    return _read(path, command, MetricsShape)


def read_distances(path: Path, command: str) -> dict[str, Any]:
    """What `dcct rank` wrote of the distances of one run. Raises as read_receipt."""
    return _read(path, command, DistancesShape)


def read_calibration(path: Path, command: str) -> dict[str, Any]:
    """What `dcct calibrate` wrote. Raises as read_receipt."""
    return _read(path, command, CalibrationShape)


def read_report(path: Path, command: str) -> dict[str, Any]:
    """What `dcct verify` wrote of a data set. Raises as read_receipt."""
    return _read(path, command, ReportShape)


def _read(path: Path, command: str, shape: type[Document]) -> dict[str, Any]:
    content = read_json(path, command)
    try:
        return shape.model_validate(content).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "all of it"
        raise DataError(
            f"{path}: is not what this version writes ({key}: {first['msg']}): delete it and run"
            f" `{command}` again"
        ) from None
