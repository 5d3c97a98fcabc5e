"""The folder of a search: its page, tables, and what was linked."""

import os
import shutil
from pathlib import Path

from dcct.datasets.tracklet_folders import found_in
from dcct.errors import DcctError
from dcct.files import write_json, write_text
from dcct.find.findings import Findings
from dcct.find.page import page_of
from dcct.find.search import Wish, searched
from dcct.find.tables import boxes_of_people, matches_table, people_table
from dcct.inference.model import Model
from dcct.runtime.lock import only_one
from dcct.runtime.progress import Progress
from dcct.video.boxes import write_mot

SAID, PAGE, MATCHES = "search.json", "index.html", "matches.csv"
WORK = ".search.work"
"""Its lock: of two searches into one folder the second waits, or their tables would be mixed."""
LINKED = "linked"
"""Folder of people.csv, and of each camera's boxes as MOTChallenge's text."""


def write_search(
    model: Model, query: Path, gallery: Path, wish: Wish, folder: Path, progress: Progress
) -> Findings:
    """Search, and write all that was found into `folder`, in place of an earlier search, which
    stays while this one has not found everything.

    Raises DcctError where anything else lies there, or where it lies in what is searched.
    """
    _refuse(folder, query, gallery)
    write_json(folder / SAID, {"query": str(query), "gallery": str(gallery)})
    with only_one(folder / WORK, progress.say):
        try:
            found = searched(model, query, gallery, wish, folder, progress)
            _write(found, page_of(found, progress), folder)
        finally:
            shutil.rmtree(folder / WORK, ignore_errors=True)
    return found


def _write(found: Findings, page: str, folder: Path) -> None:
    """All of it, in place of an earlier search; the page last, since it says that this is whole."""
    _remove_earlier(folder)
    write_text(folder / MATCHES, matches_table(found).to_csv(index=False))
    if found.people is not None:
        write_text(folder / LINKED / "people.csv", people_table(found).to_csv(index=False))
        for camera, boxes in boxes_of_people(found):
            write_mot(folder / LINKED / f"{camera}.txt", boxes)
    write_text(folder / PAGE, page)


def _refuse(folder: Path, query: Path, gallery: Path) -> None:
    """A folder that is no search's, whose parts are links or of another kind, or that would be
    taken for a camera by the next search."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SAID).is_file():
        raise DcctError(f"{folder}: holds other things than a search: name another folder")
    for root in (found_in(side)[0] for side in (query, gallery)):
        if folder.resolve().is_relative_to(root.resolve()):
            raise DcctError(
                f"{folder}: lies in {root}, among the cameras that are searched: name a folder"
                " elsewhere"
            )
    for name, kind in {PAGE: Path.is_file, MATCHES: Path.is_file, LINKED: Path.is_dir}.items():
        path = folder / name
        if os.path.lexists(path) and (path.is_symlink() or not kind(path)):
            raise DcctError(f"{path}: is not what a search wrote: move it elsewhere")


def _remove_earlier(folder: Path) -> None:
    """What an earlier search found, but not its features."""
    for name in (PAGE, MATCHES):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / LINKED, ignore_errors=True)
