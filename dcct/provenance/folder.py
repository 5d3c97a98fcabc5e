"""All receipts of one results folder: which one names a file, and what each says of files now and
then."""

import os
import shlex
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from dcct.errors import DataError
from dcct.files import file_digest
from dcct.pipeline.pipeline import DEFAULT, command_of
from dcct.pipeline.step import RECEIPT, REFERENCE, RUNS, Step, record_of
from dcct.pipeline.steps import STEPS, made_by
from dcct.provenance.documents import UNKNOWN, read_receipt, read_record
from dcct.runtime.progress import Progress

KINDS = {step.at.split("/")[0] for step in STEPS.values()}
"""Folders below the results that steps fill."""
PROFILE = "--configfile"
AS_RECORDED, CHANGED, MISSING, NOT_HASHED = "as recorded", "changed", "missing", "not hashed"


def results_folder(path: Path) -> Path:
    """The nearest folder above `path` that holds run records. Raises DataError where there is
    none."""
    for folder in path.parents:
        if (folder / RUNS).is_dir():
            return folder
    raise DataError(
        f"{path}: in no results folder: none above it holds {RUNS}/: name a file that a step has"
        " made"
    )


class Receipts:
    """Receipts below `root`, each read once."""

    def __init__(self, root: Path):
        self.root = root
        self._read: dict[Path, dict] = {}

    def all(self) -> Iterator[Path]:
        """Every receipt of this folder's runs; not published ones, nor those of other results
        folders inside it."""
        for path in sorted(self.root.rglob(f"*{RECEIPT}")):
            if (
                path.relative_to(self.root).parts[0] != REFERENCE
                and results_folder(path) == self.root
            ):
                yield path

    def read(self, receipt: Path) -> dict:
        """A receipt and what its run record adds; without outputs and inputs where there is
        none."""
        if receipt not in self._read:
            found: dict = {"outputs": {}, "inputs": {}, "given": {}, "settings": "", "code": ""}
            if receipt.is_file():
                found |= self.run(receipt) or {}
                found["outputs"] = read_receipt(receipt, self._command(receipt))["outputs"]
            self._read[receipt] = found
        return self._read[receipt]

    def outputs(self, receipt: Path) -> dict[Path, str]:
        """Files that a receipt names → SHA-256."""
        return {
            receipt.parent / name: digest for name, digest in self.read(receipt)["outputs"].items()
        }

    def inputs(self, receipt: Path) -> dict[Path, str]:
        """Files that an artefact was made from, as they lie below this root → SHA-256 that they
        then had."""
        return {self._here(name): digest for name, digest in self.read(receipt)["inputs"].items()}

    def naming(self, file: Path) -> Path | None:
        """The receipt that names a file, a folder's own receipt, or `file` itself if it is one;
        None without any."""
        if file.name.endswith(RECEIPT) and file.is_file():
            return file
        if (file / RECEIPT).is_file():
            return file / RECEIPT
        for folder in file.parents:
            for receipt in (folder / RECEIPT, *sorted(folder.glob(f"*.{RECEIPT}"))):
                if file in self.outputs(receipt):
                    return receipt
            if folder == self.root:
                return None
        return None

    def sources(self, receipt: Path) -> dict[Path, Path | None]:
        """Inputs of an artefact → the receipt that names each now; None where no receipt does."""
        return {file: self.naming(file) for file in self.inputs(receipt)}

    def stale(self, receipt: Path) -> list[Path]:
        """Inputs whose receipts say another digest now than when this artefact was made, or that
        have none."""
        recorded = self.inputs(receipt)
        return [
            file
            for file, source in self.sources(receipt).items()
            if source is None or self.outputs(source)[file] != recorded[file]
        ]

    def is_of_a_step(self, receipt: Path) -> bool:
        """Whether it lies where a step's receipt does."""
        found = made_by(receipt.relative_to(self.root))
        return found is not None and found[2] == RECEIPT

    def verb(self, receipt: Path) -> str:
        """The verb that made the artefact with this receipt."""
        return self._made_by(receipt)[0].verb

    def record(self, receipt: Path) -> Path:
        """Where the run record of an artefact lies."""
        return self.root / record_of(*self._made_by(receipt))

    def run(self, receipt: Path) -> dict | None:
        """The run record of an artefact; None where it is gone."""
        record = self.record(receipt)
        return read_record(record, self._command(receipt)) if record.is_file() else None

    def again(self, receipt: Path) -> str:
        """The command line that made an artefact, with the profile's name where that is known."""
        recorded = (self.run(receipt) or {}).get("command", UNKNOWN)
        return self._command(receipt) if recorded == UNKNOWN else recorded

    def _command(self, receipt: Path) -> str:
        """The command line of its step, with the profile of the others here."""
        return f"{command_of(*self._made_by(receipt))}{self._profile}"

    @cached_property
    def _profile(self) -> str:
        """What names the profile in the commands that filled this folder."""
        for record in sorted((self.root / RUNS).rglob("*.json")):
            with suppress(DataError, ValueError):
                words = shlex.split(read_record(record, "")["command"])
                if PROFILE in words[:-1]:
                    file = words[words.index(PROFILE) + 1]
                    return "" if Path(file) == DEFAULT else f" {PROFILE} {shlex.quote(file)}"
        return ""

    def _made_by(self, receipt: Path) -> tuple[Step, dict]:
        found = made_by(receipt.relative_to(self.root))
        if found is None or found[2] != RECEIPT:
            raise DataError(
                f"{receipt}: is of no step, perhaps published from another folder: name a file of a"
                f" run of your own; if it is in the way, move its folder out of {self.root}"
            )
        return found[:2]

    def _here(self, recorded: str) -> Path:
        """An input as its receipt names it (seen from where the step ran) → the same below this
        root."""
        parts = Path(recorded).parts
        places = [place for place, part in enumerate(parts) if part in KINDS]
        below = (Path(*parts[place:]) for place in places)  # a name may be that of a kind, too
        made = next((path for path in below if made_by(path)), None)
        return self.root / made if made else Path(recorded)


def states(files: dict[Path, str], progress: Progress) -> dict[Path, str]:
    """Files with the SHA-256 that each should have → what each is now. Files are streamed, several
    at once."""

    def state(file: Path) -> str:
        if not file.is_file():
            return MISSING
        return AS_RECORDED if file_digest(file) == files[file] else CHANGED

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(state, files)
        return dict(zip(files, progress.track(found, len(files), "files"), strict=True))


def unique(items: Iterable[Path | None]) -> list[Path]:
    """Each once, in order, without None."""
    return [item for item in dict.fromkeys(items) if item]
