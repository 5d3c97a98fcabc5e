"""Copying what a finished run made for people into the folder of published results, all at once.

Git keeps what is published for ever, so files are small and stand once: pictures that consist of
frames become WebP, and what the folder above has already is left out.
"""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from dcct.errors import DataError
from dcct.files import cannot_write, file_digest, write_json
from dcct.pipeline.figures import FIGURES, FRAMES
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.step import RECEIPT
from dcct.provenance.documents import read_receipt
from dcct.provenance.receipt import SCHEMA, check_outputs
from dcct.provenance.scores import FILE, QUERIES, TRIAL, write_queries, write_scores, write_trial

LIMIT = 500_000
"""Bytes of a published picture: fewer."""
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
            f"{absent[0]}: one of {len(absent)} files that are missing: finish the run with"
            f" `{pipeline.again}`"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            new, old = Path(folder, "new"), Path(folder, "old")
            shutil.copytree(target, new) if target.exists() else new.mkdir()
            _take_away(pipeline, new)
            written = list(_copied(pipeline, new, _published_in(pipeline, target.parent)))
            _swap(new, target, old)
    except OSError as error:
        raise cannot_write(target, error) from error
    return sorted(path.relative_to(new) for path in written)


def _copied(pipeline: Pipeline, new: Path, above: set[str]) -> Iterator[Path]:
    """Copy what people read, and what of every seed others reckon with (see scores.py); metrics are
    named by their receipts alone."""
    yield from _scores(pipeline, new)
    for job in pipeline.jobs():
        if job.step.verb == "rank":
            path = new / job.receipt.relative_to(pipeline.results)
            path.parent.mkdir(parents=True, exist_ok=True)
            yield Path(shutil.copyfile(job.receipt, path))
        elif job.step.verb in ("tabulate", "cost", "draw"):
            originals = check_outputs(job.receipt, job.again)
            if not above.issuperset(originals.values()):
                copy = _pictures if job.step.verb == "draw" else _files
                yield from copy(job, _place(job, new), originals)


def _scores(pipeline: Pipeline, folder: Path) -> Iterator[Path]:
    """The scores of every seed, what drawn features are worth, and the results of every query, each
    with a receipt."""
    for name, write in ((FILE, write_scores), (TRIAL, write_trial), (QUERIES, write_queries)):
        path = folder / name
        write(pipeline, path)
        yield path
        receipt = path.with_suffix(f".{RECEIPT}")
        write_json(receipt, {"schema": SCHEMA, "outputs": {path.name: file_digest(path)}})
        yield receipt


def _files(job: Job, folder: Path, originals: dict[str, str]) -> Iterator[Path]:
    """The files of a job and its receipt, as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*(job.folder / name for name in originals), job.receipt):
        yield Path(shutil.copyfile(path, folder / path.name))


def _pictures(job: Job, folder: Path, originals: dict[str, str]) -> Iterator[Path]:
    """The files of a figure, small, and a receipt that says what they are and were."""
    folder.mkdir(parents=True, exist_ok=True)
    of_frames, outputs = FIGURES[job["figure"]].formats == FRAMES, {}
    for path in job.outputs:
        large = path.stat().st_size >= LIMIT
        if large and path.suffix != ".png":
            continue  # a drawing with frames in it: the same figure's PNG stands for it
        copy = folder / path.name
        if large or of_frames:
            copy = copy.with_suffix(".webp")
            copy.write_bytes(_as_webp(path))
        else:
            shutil.copyfile(path, copy)
        outputs[copy.name] = file_digest(copy)
        yield copy
    receipt = folder / job.receipt.name
    changed = {} if outputs == originals else {"originals": originals}
    write_json(receipt, {"schema": SCHEMA, "outputs": outputs, **changed})
    yield receipt


def _as_webp(path: Path) -> bytes:
    """A PNG at the best quality that is below the limit."""
    image = Image.open(path).convert("RGB")
    for quality in QUALITIES:
        file = io.BytesIO()
        image.save(file, "WEBP", quality=quality, method=6)
        if file.tell() < LIMIT:
            return file.getvalue()
    raise DataError(f"{path}: more than {LIMIT} bytes at every quality: publish a smaller figure")


def _place(job: Job, folder: Path) -> Path:
    """Where a job's files lie in a publication: a data set has a folder where there are several."""
    several = len(job.pipeline.profile.datasets) > 1
    return folder / job["dataset"] if several and "dataset" in job.step.key else folder


def _receipts(pipeline: Pipeline, folder: Path) -> list[Path]:
    """Of what is published in a folder, but those of metrics."""
    places = (folder, *(folder / name for name in pipeline.profile.datasets))
    return [receipt for place in places for receipt in place.glob(f"*.{RECEIPT}")]


def _published_in(pipeline: Pipeline, folder: Path) -> set[str]:
    """Digests of what is published in a folder, as it was before it was made small."""
    contents = (read_receipt(one, "dcct publish") for one in _receipts(pipeline, folder))
    return {
        digest
        for content in contents
        for digest in (content["originals"] or content["outputs"]).values()
    }


def _take_away(pipeline: Pipeline, folder: Path) -> None:
    """Remove what was published before: what receipts name, and those."""
    shutil.rmtree(folder / "metrics", ignore_errors=True)
    for receipt in _receipts(pipeline, folder):
        for name in read_receipt(receipt, "dcct publish")["outputs"]:
            (receipt.parent / name).unlink(missing_ok=True)
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
