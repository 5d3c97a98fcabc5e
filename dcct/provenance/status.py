"""Where each data set stands: in place, verified, what is missing, and what to do next."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.errors import ConfigError, DataError
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.documents import read_record, read_report
from dcct.provenance.receipt import check_outputs


@dataclass(frozen=True, kw_only=True)
class Status:
    """One data set."""

    name: str
    """Of its configuration file."""
    title: str
    """Its name in tables."""
    state: str
    """How the data can be had."""
    here: str
    """Whether all that it needs lies in its folder, and what does not."""
    verified: str
    """When, or "no"."""
    counts: str
    """How many are as expected."""
    next: str
    """The next command, or what to do by hand."""


def status_of(pipeline: Pipeline, name: str) -> Status:
    """What the data folder and verification hold; nothing is read that takes time."""
    try:
        dataset, root = pipeline.dataset(name), pipeline.data / name
    except ConfigError as error:
        return Status(
            name=name, title="", state="", here="", verified="", counts="", next=str(error)
        )
    absent = [need for need in dataset.needs if not (root / need).exists()]
    in_place = root.is_dir() and any(root.iterdir()) and not absent
    verified, counts = (
        _verification(dataset, pipeline.job("verify", name)) if in_place else ("no", "")
    )
    if not in_place:
        then = _how(name, dataset, pipeline.archives)
    elif verified == "no":
        then = f"dcct verify {name}"
    else:
        then = "ready"
    here = "yes" if in_place else f"no {', '.join(absent)}" if root.is_dir() and absent else "no"
    return Status(
        name=name,
        title=dataset.title,
        state=dataset.state,
        here=here,
        verified=verified,
        counts=counts,
        next=then,
    )


def _verification(dataset: Dataset, verify: Job) -> tuple[str, str]:
    """When the set was verified, and how many of the counts that a source gives were found."""
    try:
        check_outputs(verify.receipt, verify.again)
        found = read_report(verify / "report.json", verify.again)
        started = read_record(verify.record, verify.again)["started"]
    except DataError:
        return "no", ""
    expected = {
        key: count for key, count in dataset.expected.model_dump().items() if count is not None
    }
    right = sum(set(found["counts"][key]) == {count} for key, count in expected.items())
    warned = f", {found['differences']:,} differences" if found["differences"] else ""
    when = f"{datetime.fromtimestamp(started, UTC):%Y-%m-%d %H:%M} UTC"
    return when, f"{right} of {len(expected)} as expected{warned}"


def _how(name: str, dataset: Dataset, archives: Path) -> str:
    if dataset.walkers or dataset.path:
        return f"dcct source {name}"
    if dataset.archives and not dataset.to_be_asked_for(archives):
        accept = "" if dataset.accept_license else "accept_license: true, then "
        return f"{accept}dcct source {name}"
    return " ".join(dataset.get.split())
