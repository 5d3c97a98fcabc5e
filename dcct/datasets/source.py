"""Where a data set comes from: drawn, linked, unpacked or fetched. Never without the right to it,
and never other data than its settings say."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dcct import walkers
from dcct.config.dataset import Dataset, WalkersSpec
from dcct.datasets.archives import check_terms, describe, get_archives, unpack_set
from dcct.datasets.contents import Contents
from dcct.datasets.pin import draw_again
from dcct.datasets.record import Record, fingerprint, read_record, record_file, write_record
from dcct.errors import DataError, DcctError
from dcct.files import cannot_write
from dcct.pipeline.code import code_in
from dcct.runtime.lock import only_one
from dcct.runtime.progress import Progress

Facts = dict[str, Any]
"""How a set came to be in place, and what it was unpacked from."""
FOUND: Facts = {"how": "found in place"}


def obtain(dataset: Dataset, root: Path, archives: Path, progress: Progress) -> Facts:
    """Make sure that the data set lies at `root`; return how it came there.

    What earlier settings have put there is replaced, and what an interrupted run has left is
    removed; what the user has put there is never touched. One process at a time: another one waits.
    archives: folder of archives, fetched or put there by the user; a record of what was put in
    place is kept there. Raises DataError saying how to get a set that is missing, which terms are
    to be accepted first, what is wrong with an archive, or what stands in the way.
    """
    if root == archives:
        raise DataError(f"{root}: is the folder of archives: give the data set another name")
    scratch, lock = root.with_name(f".{root.name}.partial"), record_file(archives, root).parent
    if scratch.exists():
        with only_one(lock, progress.say):
            shutil.rmtree(scratch, ignore_errors=True)
    if facts := _in_place(dataset, root, archives, progress):
        return facts
    if dataset.path is not None:
        _check_path(dataset, Path(dataset.path))
    elif dataset.walkers is None:
        check_terms(dataset, root, archives)
    with only_one(lock, progress.say):
        facts = _in_place(dataset, root, archives, progress)
        return facts or _put(dataset, root, archives, scratch, progress)


def changed_since(dataset: Dataset, root: Path, archives: Path) -> str:
    """What has changed since `obtain` put the set at `root`, its settings or an archive; empty
    where nothing has, or where the user put it there.

    An archive is read only where its file has changed after it was unpacked. Raises DataError where
    the record is damaged.
    """
    file = record_file(archives, root)
    known = read_record(file)
    if known is None:
        return ""
    if known.wanted != _wanted(dataset):
        return "put there under other settings"
    unpacked = file.stat().st_mtime_ns
    for name, found in known.archives.items():
        archive = archives / name
        touched = archive.is_file() and archive.stat().st_ctime_ns > unpacked
        if touched and describe(archive) != found:
            return f"unpacked from another {archive}"
    return ""


def _wanted(dataset: Dataset) -> Facts:
    """The settings that decide what lies in place, and the code where that is drawn."""
    if dataset.walkers:
        drawn = {"layout": dataset.layout, "walkers": dataset.walkers.model_dump(mode="json")}
        return {**drawn, "code": code_in(("walkers/layout.py",))}
    if dataset.path is not None:
        return {"path": os.path.realpath(dataset.path)}
    kept = [archive.model_dump(mode="json", exclude={"urls"}) for archive in dataset.archives]
    return {"archives": kept} if kept else {}


def _in_place(dataset: Dataset, root: Path, archives: Path, progress: Progress) -> Facts | None:
    """How what lies at `root` came there, None where it is to be made or made again.

    Raises DataError at what is not what the settings say and may be the user's own.
    """
    if root.exists() and not root.is_dir():
        raise DataError(f"{root}: is no folder: move it away, and run the same command again")
    if root.is_symlink() or not root.is_dir() or not any(root.iterdir()):
        facts = _linked(dataset, root, archives)
    else:
        facts = _lying(dataset, root, archives)
    if facts:
        progress.say(f"{root} is in place")
    return facts


def _linked(dataset: Dataset, root: Path, archives: Path) -> Facts | None:
    """The same for a link, which holds no data, and for nothing."""
    if not root.is_symlink():
        return None
    target = os.path.realpath(root)
    if dataset.path is not None:
        same = root.is_dir() and target == os.path.realpath(dataset.path)
        return {"how": f"linked to {dataset.path}"} if same else None
    known = read_record(record_file(archives, root))
    if known and known.wanted == {"path": target}:
        return None  # the link of a `path` that the config no longer names
    if not root.is_dir() or not any(root.iterdir()):
        raise DataError(
            f"{root}: is a link to {target}, where nothing lies: put the set there, or delete the"
            " link"
        )
    return _lying(dataset, root, archives)


def _lying(dataset: Dataset, root: Path, archives: Path) -> Facts | None:
    """The same for a folder with data."""
    file, wanted = record_file(archives, root), _wanted(dataset)
    known, now = read_record(file), fingerprint(root)
    meant = known is not None and known.wanted == wanted and _as_recorded(known, archives)
    if known and known.files == now:
        return known.facts if meant else None
    if dataset.walkers:
        with Contents(root) as contents:
            contents.add_others()
            draw_again(dataset.walkers, dataset.layout, contents)
        with suppress(DcctError):  # where nothing may be written, they are drawn again each time
            write_record(file, Record(wanted=wanted, how=FOUND["how"], files=now))
    elif known and not meant:
        raise DataError(
            f"{root}: was put there under other settings, and has been changed since: move it away"
            f" and run the same command again, or delete {file} if it is to stay"
        )
    elif dataset.path is not None and os.path.realpath(dataset.path) != os.path.realpath(root):
        raise DataError(
            f"{root}: holds data, but its config file names {dataset.path}: move it away, or take"
            " `path` out of the file"
        )
    return FOUND


def _as_recorded(known: Record, archives: Path) -> bool:
    """Whether the archives that are still there are those that were unpacked."""
    return all(
        describe(archives / name) == found
        for name, found in known.archives.items()
        if (archives / name).is_file()
    )


def _check_path(dataset: Dataset, path: Path) -> None:
    absent = [need for need in dataset.needs if not (path / need).exists()]
    if absent or not path.is_dir():
        raise DataError(
            f"{path}: is not {dataset.title}: no {', '.join(absent) or 'folder'}: put `path` right"
            " in its config file"
        )


def _put(dataset: Dataset, root: Path, archives: Path, scratch: Path, progress: Progress) -> Facts:
    """Make the set beside `root`, and put it in the place of what earlier settings put there."""
    with _emptied(scratch):
        made, old = scratch / "made", scratch / "old"
        facts: Facts = {"how": "drawn"}
        if dataset.walkers:
            _draw(dataset.walkers, dataset.layout, made, progress)
        elif dataset.path is not None:
            made.symlink_to(os.path.realpath(dataset.path), target_is_directory=True)
            facts = {"how": f"linked to {dataset.path}"}
        else:
            facts = {"how": "unpacked", "archives": get_archives(dataset, archives, progress)}
            made = unpack_set(dataset, archives, made, progress)
        files = "" if made.is_symlink() else fingerprint(made)
        replaces = root.is_symlink() or root.exists()
        if replaces:
            root.rename(old)
        try:
            record = Record(wanted=_wanted(dataset), files=files, **facts)
            write_record(record_file(archives, root), record)
            made.rename(root)
        except BaseException:
            if replaces:
                old.rename(root)
            raise
    why = ", for its settings have changed" if replaces else ""
    progress.say(f"{root} is {facts['how']}{why}")
    return facts


@contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """An empty folder, which is gone afterwards with all that is in it."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _draw(spec: WalkersSpec, layout: str, root: Path, progress: Progress) -> None:
    people = (spec.train_ids + spec.test_ids) * spec.cameras * spec.tracklets_per_camera
    total = (people + spec.distractors + spec.junk) * spec.frames
    walkers.write(root, spec, progress.counter(total, "frames drawn"), layout)
