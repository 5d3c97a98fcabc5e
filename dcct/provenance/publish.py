"""Copying what a finished run made for people into the folder of published results, all at once.

Git keeps what is published for ever, so pictures are small and stand once: what consists of frames
becomes a WebP, and what the folder above has already is left out.
"""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from dcct.errors import DataError
from dcct.files import cannot_write, file_digest, read_json, write_json
from dcct.pipeline.figures import FIGURES, FRAMES
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.step import RECEIPT
from dcct.provenance.receipt import SCHEMA, check_outputs

LIMIT = 500_000
"""Bytes of a published picture, at most."""
QUALITIES = range(90, 0, -10)
"""Of a WebP: the first that stays below the limit is taken."""


def publish(pipeline: Pipeline, target: Path) -> list[Path]:
    """Replace what `target` holds of an earlier publication by tables and figures of a finished
    run, with their receipts and those of its metrics; everything else in it stays.

    Returns what was written, relative to `target`. Raises DataError at a run that is not finished,
    or an artefact that is not what its receipt says.
    """
    absent = [path for path in pipeline.products() if not path.is_file()]
    if absent:
        raise DataError(
            f"{absent[0]}: missing, and {len(absent) - 1} others: finish the run with"
            f" `snakemake --cores --configfile {pipeline.configfile}`"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            shutil.copytree(target, new) if target.exists() else new.mkdir()
            _take_away(pipeline, new)
            written = list(_copied(pipeline, new, _published_above(target)))
            _swap(new, target, old)
    except OSError as error:
        raise cannot_write(target, error) from error
    return sorted(path.relative_to(new) for path in written)


def place_of(job: Job) -> Path:
    """Folder below a publication where a job's files lie; a data set has one of its own where there
    are several."""
    several = len(job.pipeline.profile.datasets) > 1
    return Path(job["dataset"]) if several and "dataset" in job.step.key else Path()


def _copied(pipeline: Pipeline, new: Path, above: set[str]) -> Iterator[Path]:
    for job in pipeline.jobs():
        if job.step.verb == "rank":
            path = new / job.receipt.relative_to(pipeline.results)
            path.parent.mkdir(parents=True, exist_ok=True)
            yield Path(shutil.copyfile(job.receipt, path))
        elif job.step.verb in ("tabulate", "cost"):
            check_outputs(job.receipt, job.again)
            for path in (*job.outputs, job.receipt):
                yield Path(shutil.copyfile(path, new / path.name))
        elif job.step.verb == "draw":
            yield from _pictures(job, new / place_of(job), above)


def _pictures(job: Job, folder: Path, above: set[str]) -> Iterator[Path]:
    """The files of a figure, and a receipt of what lies there and of what it was before."""
    originals = check_outputs(job.receipt, job.again)
    if set(originals.values()) <= above:
        return
    folder.mkdir(parents=True, exist_ok=True)
    outputs = {}
    for path in job.outputs:
        small = FIGURES[job["figure"]].formats == FRAMES
        copy = folder / (f"{path.stem}.webp" if small else path.name)
        copy.write_bytes(_as_webp(path) if small else path.read_bytes())
        outputs[copy.name] = file_digest(copy)
        yield copy
    receipt = folder / job.receipt.name
    write_json(receipt, {"schema": SCHEMA, "outputs": outputs, "originals": originals})
    yield receipt


def _as_webp(path: Path) -> bytes:
    image = Image.open(path).convert("RGB")
    for quality in QUALITIES:
        file = io.BytesIO()
        image.save(file, "WEBP", quality=quality, method=6)
        if file.tell() < LIMIT:
            break
    return file.getvalue()


def _published_above(target: Path) -> set[str]:
    """Digests of originals of the pictures in the folder that holds this publication."""
    receipts = target.parent.glob(f"*.{RECEIPT}")
    return {
        digest
        for receipt in receipts
        for digest in read_json(receipt, "dcct publish").get("originals", {}).values()
    }


def _take_away(pipeline: Pipeline, folder: Path) -> None:
    """Remove what was published before: what receipts name, and those."""
    shutil.rmtree(folder / "metrics", ignore_errors=True)
    for place in (folder, *(folder / name for name in pipeline.profile.datasets)):
        for receipt in place.glob(f"*.{RECEIPT}"):
            for name in read_json(receipt, "dcct publish")["outputs"]:
                (place / name).unlink(missing_ok=True)
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
