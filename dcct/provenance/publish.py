"""Copying what a finished run made for people into the folder of published results, all at once."""

import os
import shutil
import tempfile
from pathlib import Path

from dcct.files import cannot_write, read_json
from dcct.pipeline.step import RECEIPT
from dcct.provenance.receipt import check_outputs

METRICS = "metrics"


def publish(
    receipts: dict[Path, Path], metrics: list[Path], results: Path, target: Path
) -> list[Path]:
    """Replace what `target` holds of an earlier publication; everything else in it stays.

    receipts: of tables and figures → folder below `target`. metrics: receipts of metrics, copied
    alone. Returns what was written, relative to `target`. Raises DataError at an artefact that is
    not what its receipt says.
    """
    copies = {receipt.relative_to(results): receipt for receipt in metrics}
    for receipt, folder in receipts.items():
        for name in (*check_outputs(receipt, "snakemake --cores"), receipt.name):
            copies[folder / name] = receipt.parent / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            shutil.copytree(target, new) if target.exists() else new.mkdir()
            for place in dict.fromkeys(receipts.values()):
                _take_away(new / place)
            shutil.rmtree(new / METRICS, ignore_errors=True)
            for name, source in copies.items():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, new / name)
            _swap(new, target, old)
    except OSError as error:
        raise cannot_write(target, error) from error
    return sorted(copies)


def _take_away(folder: Path) -> None:
    """Remove what was published into a folder before: what its receipts name, and those."""
    for receipt in folder.glob(f"*.{RECEIPT}"):
        for name in read_json(receipt, "dcct publish")["outputs"]:
            (folder / name).unlink(missing_ok=True)
        receipt.unlink()


def _swap(new: Path, target: Path, old: Path) -> None:
    """Put a folder in another's place; the other comes back if that fails."""
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise
