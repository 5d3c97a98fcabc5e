"""Where each data set stands: in place, verified, what is missing, and what to do next."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.config.load import config_file
from dcct.datasets.readers import reader_of
from dcct.datasets.source import changed_since
from dcct.errors import DataError, DcctError
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.documents import read_record, read_report
from dcct.provenance.receipt import made_from, origin_of

ACCEPT = "accept_license: true, then "
"""How a next command begins that is only to be typed once terms are accepted."""


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
    """Whether all that it needs lies in its folder as its settings say, and what does not."""
    verified: str
    """When, or "no", also where settings have changed since."""
    counts: str
    """How many are as expected."""
    next: str
    """The next command, or what to do by hand."""


def status_of(pipeline: Pipeline, name: str) -> Status:
    """What the data folder and verification hold; nothing is read that takes time, but an archive
    that is another than was unpacked."""
    try:
        dataset, root = pipeline.dataset(name), pipeline.data / name
        reader_of(dataset.layout)
        here, then = _place(dataset, root, pipeline.job("source", name))
        verified, counts = "no", ""
        if not then:
            verified, counts, then = _verification(dataset, pipeline.job("verify", name))
    except (DcctError, OSError) as error:
        return Status(
            name=name, title="", state="", here="", verified="", counts="", next=str(error)
        )
    return Status(
        name=name,
        title=dataset.title,
        state=dataset.state,
        here=here,
        verified=verified,
        counts=counts,
        next=then,
    )


def _place(dataset: Dataset, root: Path, source: Job) -> tuple[str, str]:
    """Whether all of the set lies there as its settings say, and what to do where it does not."""
    archives = source.pipeline.archives
    absent = [need for need in dataset.needs if not (root / need).exists()]
    if not root.is_dir() or not any(root.iterdir()):
        return "no", _how(dataset, source)
    if absent:
        return f"no {', '.join(absent)}", _how(dataset, source)
    if changed := changed_since(dataset, root, archives):
        return changed, _command(source)
    return "yes", ""


def _verification(dataset: Dataset, verify: Job) -> tuple[str, str, str]:
    """When the set was verified, how many of the counts that a source gives were found, and what to
    do next."""
    source = verify.reads["source"]
    if not _made(source):
        return "no", "", _command(source)
    if not _made(verify):
        return "no", "", _command(verify)
    found = read_report(verify / "report.json", verify.again)
    started = read_record(verify.record, verify.again)["started"]
    expected = {
        key: count for key, count in dataset.expected.model_dump().items() if count is not None
    }
    right = sum(set(found["counts"][key]) == {count} for key, count in expected.items())
    warned = f", {found['differences']:,} differences" if found["differences"] else ""
    when = f"{datetime.fromtimestamp(started, UTC):%Y-%m-%d %H:%M} UTC"
    return when, f"{right} of {len(expected)} as expected{warned}", "ready"


def _made(job: Job) -> bool:
    """Whether it was made from what is there now, under the settings of now."""
    try:
        return made_from(job, origin_of(job))
    except DataError:
        return False


def _how(dataset: Dataset, source: Job) -> str:
    pipeline, name = source.pipeline, source["dataset"]
    root = pipeline.data / name
    if dataset.path and (lacks := dataset.absent_at(Path(dataset.path))):
        file = config_file("datasets", name, pipeline.configfile)
        return f"no {', '.join(lacks)} at {dataset.path}: put `path` right in {file}"
    if dataset.walkers or dataset.path:
        return _command(source)
    if root.is_symlink() and not root.is_dir():
        return f"{root} is a link to nothing: put the set where it leads, or delete it"
    if dataset.archives and not dataset.to_be_asked_for(source.pipeline.archives):
        accept = "" if dataset.accept_license else ACCEPT
        return f"{accept}{_command(source)}"
    return " ".join(dataset.get.split())


def _command(job: Job) -> str:
    """What makes it; a profile makes no set that it does not name."""
    named = job["dataset"] in job.pipeline.profile.tested
    return job.again if named else f"add it to datasets, then {job.again}"
