"""Where a data set comes from: drawn, linked, unpacked or fetched. Never without the right to
it."""

import shutil
from pathlib import Path

from dcct import walkers
from dcct.config.dataset import Archive, Dataset, WalkersSpec
from dcct.datasets.download import download
from dcct.datasets.unpack import unpack
from dcct.errors import DataError
from dcct.files import cannot_write, file_digest
from dcct.runtime.progress import Progress


def obtain(dataset: Dataset, root: Path, archives: Path, progress: Progress) -> dict:
    """Make sure that the data set lies at `root`; return how it came there. What is there is never
    written to.

    archives: folder of archives, fetched or put there by the user. Raises DataError saying how to
    get a set that is missing, which terms are to be accepted first, or what is wrong with an
    archive.
    """
    if root.is_dir() and any(root.iterdir()):
        progress.say(f"{root} is in place")
        return {"how": "found in place"}
    if dataset.walkers:
        return _draw(dataset.walkers, dataset.layout, root, progress)
    if dataset.path:
        return _link(dataset, root, Path(dataset.path), progress)
    if not dataset.archives or dataset.to_be_asked_for(archives):
        raise DataError(how_to_get(dataset, root, archives))
    if not dataset.accept_license:
        raise DataError(
            f"{root}: {dataset.title} comes with terms: {' '.join(dataset.licence.split())} If you"
            " keep to them, set accept_license: true in its config file and run the same command"
            " again"
        )
    found = {
        archive.name: _archive(dataset, archive, archives, progress) for archive in dataset.archives
    }
    _unpack_all(dataset, root, archives, progress)
    return {"how": "unpacked", "archives": found}


def how_to_get(dataset: Dataset, where: Path, archives: Path) -> str:
    """One line: what is missing, its state, and what to do."""
    names = ", ".join(archive.name for archive in dataset.archives)
    put = f"; or put {names} into {archives}" if names else ""
    return (
        f"{where}: {dataset.title} is missing ({dataset.state}):"
        f" {' '.join(dataset.get.split())}{put}"
    )


def _draw(spec: WalkersSpec, layout: str, root: Path, progress: Progress) -> dict:
    people = (spec.train_ids + spec.test_ids) * spec.cameras * spec.tracklets_per_camera
    total = (people + spec.distractors + spec.junk) * spec.frames
    walkers.write(root, spec, progress.counter(total, "frames drawn"), layout)
    return {"how": "drawn"}


def _link(dataset: Dataset, root: Path, path: Path, progress: Progress) -> dict:
    absent = [need for need in dataset.needs if not (path / need).exists()]
    if absent:
        raise DataError(
            f"{path}: is not {dataset.title}: no {', '.join(absent)}: put `path` right in its"
            " config file"
        )
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        root.symlink_to(path.resolve(), target_is_directory=True)
    except OSError as error:
        raise cannot_write(root, error) from error
    progress.say(f"{root} is a link to {path}")
    return {"how": f"linked to {path}"}


def _archive(dataset: Dataset, archive: Archive, folder: Path, progress: Progress) -> dict:
    """Make sure that one archive is there and is what it should be; return its length and
    digests."""
    path, failures = folder / archive.name, []
    for url in archive.urls:
        if not path.is_file():
            try:
                download(url, path, progress)
            except DataError as error:
                failures.append(str(error))
    if not path.is_file():
        raise DataError("; ".join([*failures, how_to_get(dataset, path, folder)]))
    found = {
        "bytes": path.stat().st_size,
        "md5": file_digest(path, "md5"),
        "sha256": file_digest(path),
    }
    for kind, claimed in (("bytes", archive.bytes), ("md5", archive.md5)):
        if claimed is not None and found[kind] != claimed:
            line = f"{path}: {kind} {found[kind]}, but {claimed} was expected ({archive.claim})"
            if archive.claim == "published":
                raise DataError(f"{line}: delete it and fetch it again")
            progress.say(f"warning: {line}: going on; ours is recorded")
    return found


def _unpack_all(dataset: Dataset, root: Path, archives: Path, progress: Progress) -> None:
    """Unpack to `root`, which appears only when everything that the set needs is in it."""
    partial = root.with_name(root.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for archive in dataset.archives:
            unpack(archives / archive.name, partial, progress)
        inside = _where_it_lies(partial, dataset.needs)
        for need in dataset.needs:
            if not (inside / need).exists() and (archives / need).exists():
                shutil.copytree(archives / need, inside / need)
        absent = [need for need in dataset.needs if not (inside / need).exists()]
        if absent:
            raise DataError(
                f"{archives}: the archives of {dataset.title} hold no {', '.join(absent)}: put it"
                " beside them"
            )
        inside.replace(root)
    except OSError as error:
        raise cannot_write(root, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _where_it_lies(folder: Path, needs: list[str]) -> Path:
    """The folder itself, or the one folder in it if that holds what is needed: archives differ in
    this."""
    inner = list(folder.iterdir())
    if (
        len(inner) == 1
        and inner[0].is_dir()
        and not any((folder / need).exists() for need in needs)
    ):
        return inner[0]
    return folder
