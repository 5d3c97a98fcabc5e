"""Whether what a job made is still whole, told without reading it: a workflow sees that a file is
gone, not that it is emptied or cut."""

from pathlib import Path

from dcct.errors import DcctError
from dcct.files import read_json
from dcct.pipeline.pipeline import Job


def damage(job: Job) -> Path | None:
    """A file of a finished job that is empty, that has another length than it had, or, of receipt
    and run record, that cannot be read; None where all are whole, or one is gone."""
    if not all(path.is_file() for path in job.products):
        return None
    names = [path.relative_to(job.folder).as_posix() for path in job.outputs]
    if (outputs := _mapping(job.receipt, "outputs")) is None or outputs.keys() != set(names):
        return job.receipt
    if (lengths := _mapping(job.record, "bytes")) is None:
        return job.record
    for path, name in zip(job.outputs, names, strict=True):
        length = path.stat().st_size
        if not length or length != lengths.get(name, length):
            return path
    return None


def _mapping(path: Path, key: str) -> dict | None:
    """What stands below a key of a JSON file; {} where it has none (older run records know no
    lengths), None where the file cannot be read."""
    try:
        content = read_json(path, "")
        found = content.get(key, {})
    except (DcctError, AttributeError):
        return None
    return found if isinstance(found, dict) else None
