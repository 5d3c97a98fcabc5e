"""A data set's archives: fetched where that may be done, checked, unpacked, and found in what was
unpacked."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dcct.config.dataset import Archive, Dataset
from dcct.datasets.download import download
from dcct.datasets.unpack import unpack
from dcct.errors import DataError
from dcct.files import cannot_write, file_digest
from dcct.runtime.progress import Progress

DEEPEST = 3
"""Folders around a data set in an archive."""


def how_to_get(dataset: Dataset, where: Path, archives: Path) -> str:
    """One line: what is missing, its state, and what to do."""
    names = ", ".join(archive.name for archive in dataset.archives)
    put = f"; or put {names} into {archives}" if names else ""
    return (
        f"{where}: {dataset.title} is missing ({dataset.state}):"
        f" {' '.join(dataset.get.split())}{put}"
    )


def check_terms(dataset: Dataset, root: Path, archives: Path) -> None:
    """Raises DataError where there is nothing to unpack, or its terms are not accepted."""
    if not dataset.archives or dataset.to_be_asked_for(archives):
        raise DataError(how_to_get(dataset, root, archives))
    if not dataset.accept_license:
        raise DataError(
            f"{root}: {dataset.title} comes with terms: {' '.join(dataset.licence.split())} If you"
            " keep to them, set accept_license: true in its config file and run the same command"
            " again"
        )


def get_archives(dataset: Dataset, folder: Path, progress: Progress) -> dict[str, dict]:
    """Make sure that every archive is there and is what it should be: name → length and digests.

    Raises DataError saying what is wrong, or how to get one that is missing.
    """
    return {archive.name: _get(dataset, archive, folder, progress) for archive in dataset.archives}


def describe(path: Path) -> dict[str, int | str]:
    """Length and digests of an archive."""
    return {
        "bytes": path.stat().st_size,
        "md5": file_digest(path, "md5"),
        "sha256": file_digest(path),
    }


def unpack_set(dataset: Dataset, archives: Path, scratch: Path, progress: Progress) -> Path:
    """Unpack all archives below `scratch`; return the folder in which everything lies that the set
    needs, some of it copied from beside the archives."""
    for archive in dataset.archives:
        unpack(archives / archive.name, scratch, progress)
    inside = _where_it_lies(scratch, dataset, archives)
    for need in dataset.needs:
        beside, here = archives / need, inside / need
        if not here.exists() and beside.exists():
            try:
                here.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if beside.is_dir() else shutil.copy)(beside, here)
            except OSError as error:
                raise cannot_write(here, error) from error
    absent = [need for need in dataset.needs if not (inside / need).exists()]
    if absent:
        raise DataError(
            f"{archives}: the archives of {dataset.title} hold no {', '.join(absent)}: put it"
            " beside them"
        )
    return inside


def _get(dataset: Dataset, archive: Archive, folder: Path, progress: Progress) -> dict:
    path, failures = folder / archive.name, []
    length = archive.bytes if archive.claim == "published" else None
    for url in archive.urls:
        if not path.is_file():
            try:
                download(url, path, progress, length)
            except DataError as error:
                failures.append(str(error))
    if not path.is_file():
        raise DataError("; ".join([*failures, how_to_get(dataset, path, folder)]))
    for left in folder.glob(f"{archive.name}.partial*"):
        left.unlink()
    found = describe(path)
    for kind, claimed in (("bytes", archive.bytes), ("md5", archive.md5)):
        if claimed is not None and found[kind] != claimed:
            line = f"{path}: {kind} {found[kind]}, but {claimed} was expected ({archive.claim})"
            if archive.claim == "published":
                raise DataError(f"{line}: delete it and fetch it again")
            progress.say(f"warning: {line}: going on; ours is recorded")
    return found


def _where_it_lies(folder: Path, dataset: Dataset, archives: Path) -> Path:
    """The folder that holds most of what is needed, a few folders deep at most: archives differ in
    what they put around a set.

    Raises DataError where two hold as much.
    """
    needs = dataset.needs
    if not needs:
        inner = list(folder.iterdir())
        return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder
    best, most = [folder], 0
    for level in _levels(folder):
        for candidate in level:
            held = sum((candidate / need).exists() for need in needs)
            if held > most:
                best, most = [candidate], held
            elif held == most > 0 and best[0] in level:
                best.append(candidate)
        if most == len(needs):
            break
    if len(best) > 1:
        names = " and ".join(str(one.relative_to(folder)) for one in best[:2])
        raise DataError(
            f"{archives}: the archives of {dataset.title} hold it in parts or twice, in {names}:"
            " put it together by hand, and name its folder under `path` in its config file"
        )
    return best[0]


def _levels(folder: Path) -> Iterator[list[Path]]:
    level = [folder]
    for _ in range(DEEPEST + 1):
        yield level
        level = [inner for outer in level for inner in _folders_below(outer)]


def _folders_below(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(folder / entry.name for entry in entries if entry.is_dir())
