"""Atomic writes, digests, and the small JSON that stands beside every artefact.

A receipt says WHAT was made from what: digests of outputs, inputs, settings and code. It holds
nothing that changes between two equal runs, so that workflows compare receipts instead of
gigabytes. A run record says HOW: command, seconds, versions, device. Nothing depends on run
records.
"""

import contextlib
import hashlib
import json
import platform
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from dcct.errors import DataError
from dcct.files import file_digest, read_json, write_json

RECEIPT = "receipt.json"
SCHEMA = 1


def settings_digest(settings: dict) -> str:
    """Digest of JSON-able settings, independent of key order."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def code_digest(files: list[Path]) -> str:
    """Digest of source files in the order given."""
    return hashlib.sha256("".join(file_digest(file) for file in files).encode()).hexdigest()[:16]


def check_outputs(receipt: Path, made_by: str) -> dict:
    """Read a receipt and hold every output that it names against the disk.

    Returns {file name: sha256}. Raises DataError naming the file that is missing or no longer what
    was written.
    """
    outputs = read_json(receipt, made_by)["outputs"]
    for name, expected in outputs.items():
        path = receipt.parent / name
        if not path.is_file():
            raise DataError(
                f"{path}: missing although {receipt} names it: run `dcct {made_by}` again"
            )
        if file_digest(path) != expected:
            raise DataError(
                f"{path}: damaged: its SHA-256 is not the one in {receipt}: delete it and run `dcct"
                f" {made_by}` again"
            )
    return outputs


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What an artefact is made from: digests of its inputs' files, of its settings, and of the code
    that makes it."""

    inputs: dict[str, str]
    settings: str
    code: str

    @property
    def parts(self) -> dict[str, str]:
        """One digest each of config, data and code."""
        return {"config": self.settings, "data": settings_digest(self.inputs), "code": self.code}


def origin_of(inputs: dict[Path, str], settings: dict, code: list[Path]) -> Origin:
    """Check every input against its receipt. inputs: receipt → verb that makes it, for the message
    if it is missing."""
    digests = {
        f"{receipt.parent.as_posix()}/{name}": digest
        for receipt, verb in inputs.items()
        for name, digest in check_outputs(receipt, verb).items()
    }
    return Origin(inputs=digests, settings=settings_digest(settings), code=code_digest(code))


@contextlib.contextmanager
def recorded(receipt: Path, run: Path, outputs: list[Path], origin: Origin) -> Iterator[dict]:
    """Do a step's work inside; receipt and run record are written after it.

    outputs: files that the body writes, in the receipt's folder. The yielded dict takes what else
    the run record should hold. A body that fails leaves no receipt.
    """
    receipt.unlink(missing_ok=True)
    facts: dict = {}
    started, clock = time.time(), time.perf_counter()
    yield facts
    seconds = time.perf_counter() - clock
    write_json(
        run,
        {
            "command": shlex.join(["dcct", *sys.argv[1:]]),
            "started": round(started),
            "seconds": round(seconds, 3),
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "git": _git_revision(),
            "versions": _versions(),
            "machine": platform.machine(),
            "system": platform.system(),
            **facts,
        },
    )
    digests = {path.relative_to(receipt.parent).as_posix(): file_digest(path) for path in outputs}
    write_json(receipt, {"schema": SCHEMA, "outputs": digests, **asdict(origin)})


def made_from(receipt: Path, origin: Origin) -> bool:
    """Whether a whole artefact with exactly this origin is there."""
    try:
        check_outputs(receipt, "")
    except DataError:
        return False
    content = json.loads(receipt.read_text(encoding="utf-8"))
    return all(content.get(name) == value for name, value in asdict(origin).items())


def _git_revision() -> str:
    """`git describe` of the checkout, or "not a git checkout"."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
            cwd=Path(__file__).parent,
        )
        return done.stdout.strip() or "not a git checkout"
    except (OSError, subprocess.TimeoutExpired):
        return "not a git checkout"


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("dcct", "numpy", "pillow", "pyarrow", "timm", "torch"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
