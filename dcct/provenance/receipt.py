"""What stands beside every artefact, in two files.

A receipt says WHAT was made: digests of outputs, and nothing else, so that what is made again with
the same bytes changes nothing downstream. A run record says HOW it came to be: digests of inputs,
settings and code, and command, seconds, versions, device.
"""

import contextlib
import platform
import resource
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

from dcct.errors import DataError
from dcct.files import file_digest, settings_digest, write_json
from dcct.pipeline.pipeline import Job
from dcct.provenance.documents import read_receipt, read_record
from dcct.provenance.git import revision

SCHEMA = 2
ORIGIN = ("inputs", "given", "settings", "code")
"""Keys of a run record that say what the artefact was made from."""


def check_outputs(receipt: Path, command: str) -> dict:
    """Read a receipt and hold every output that it names against the disk.

    Returns {file name: sha256}. Raises DataError naming the file that is missing or no longer what
    was written.
    """
    outputs = read_receipt(receipt, command)["outputs"]
    for name, expected in outputs.items():
        path = receipt.parent / name
        if not path.is_file():
            raise DataError(f"{path}: missing although {receipt} names it: run `{command}` again")
        if file_digest(path) != expected:
            raise DataError(
                f"{path}: damaged: its SHA-256 is not the one in {receipt}: delete it and run"
                f" `{command}` again"
            )
    return outputs


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What an artefact is made from."""

    inputs: dict[str, str]
    """File → SHA-256."""
    settings: str
    """Digest of the configuration that decides its numbers."""
    code: str
    """Digest of the code that makes it."""
    given: dict[str, str] = field(default_factory=dict)
    """The user's own files → SHA-256."""

    @property
    def parts(self) -> dict[str, str]:
        """One digest each of config, data and code."""
        data = settings_digest({**self.inputs, **self.given})
        return {"config": self.settings, "data": data, "code": self.code}


def origin_of(job: Job) -> Origin:
    """Check everything that a job reads against its receipts and against the settings of now; where
    a step may have gaps, only what is there."""
    digests: dict[str, str] = {}
    for other in job.reads.values():
        if other.receipt.is_file() or not job.step.gaps:
            outputs = check_outputs(other.receipt, other.again)
            _check_settings(other)
            digests |= {f"{other.folder.as_posix()}/{name}": one for name, one in outputs.items()}
    given = job.given_digests
    return Origin(inputs=digests, settings=job.settings_digest, code=job.code, given=given)


def _check_settings(job: Job) -> None:
    """Raises DataError where what lies there was made under other settings: what is made from it
    would be recorded under those of now."""
    now = job.settings_digest
    if job.record.is_file() and read_record(job.record, job.again)["settings"] not in ("", now):
        raise DataError(
            f"{job.receipt}: was made under other settings than {job.pipeline.configfile} names"
            f" now: run `{job.again}` first"
        )


@contextlib.contextmanager
def recorded(job: Job, origin: Origin) -> Iterator[dict]:
    """Do a job's work inside; receipt and run record are written after it.

    The yielded dict takes what else the run record should hold. A body that fails leaves no
    receipt.
    """
    job.receipt.unlink(missing_ok=True)
    facts: dict = {}
    started, clock = time.time(), time.perf_counter()
    yield facts
    seconds = time.perf_counter() - clock
    write_json(
        job.record,
        {
            "command": shlex.join(["dcct", *sys.argv[1:]]),
            "started": round(started),
            "seconds": round(seconds, 3),
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "git": revision(),
            "versions": _versions(),
            "machine": platform.machine(),
            "system": platform.system(),
            **facts,
            "bytes": {_name(path, job): path.stat().st_size for path in job.outputs},
            **{name: part for name, part in asdict(origin).items() if part or name != "given"},
        },
    )
    outputs = {_name(path, job): file_digest(path) for path in job.outputs}
    write_json(job.receipt, {"schema": SCHEMA, "outputs": outputs})


def _name(output: Path, job: Job) -> str:
    """As a receipt names it."""
    return output.relative_to(job.folder).as_posix()


def made_from(job: Job, origin: Origin) -> bool:
    """Whether a whole artefact with exactly this origin is there."""
    try:
        check_outputs(job.receipt, job.again)
        record = read_record(job.record, job.again)
    except DataError:
        return False
    return all(record.get(name) == value for name, value in asdict(origin).items())


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("dcct", "numpy", "pillow", "pyarrow", "timm", "torch"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
