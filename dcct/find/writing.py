"""The folder of a search: its page, tables, and what was linked."""

import shutil
from pathlib import Path

from dcct.errors import DcctError
from dcct.files import write_json, write_text
from dcct.find.findings import Findings
from dcct.find.page import write_page
from dcct.find.search import Wish, searched
from dcct.find.tables import boxes_of_people, matches_table, people_table
from dcct.inference.model import Model
from dcct.runtime.progress import Progress
from dcct.video.boxes import write_mot

SAID, PAGE, MATCHES = "search.json", "index.html", "matches.csv"
LINKED = "linked"
"""Folder of people.csv, and of each camera's boxes as MOTChallenge's text."""


def write_search(
    model: Model, query: Path, gallery: Path, wish: Wish, folder: Path, progress: Progress
) -> Findings:
    """Search, and write all that was found into `folder`, in place of an earlier search.

    Raises DcctError where anything else lies there.
    """
    _take(folder)
    write_json(folder / SAID, {"query": str(query), "gallery": str(gallery)})
    found = searched(model, query, gallery, wish, folder, progress)
    write_text(folder / MATCHES, matches_table(found).to_csv(index=False))
    if found.people is not None:
        write_text(folder / LINKED / "people.csv", people_table(found).to_csv(index=False))
        for camera, boxes in boxes_of_people(found):
            write_mot(folder / LINKED / f"{camera}.txt", boxes)
    write_page(found, folder / PAGE, progress)
    return found


def _take(folder: Path) -> None:
    """Remove what an earlier search found, but not its features."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SAID).is_file():
        raise DcctError(f"{folder}: holds other things than a search: name another folder")
    for name in (PAGE, MATCHES):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / LINKED, ignore_errors=True)
