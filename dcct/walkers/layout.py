"""Writes the drawn people as files, in any on-disk layout that is read."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dcct.errors import DcctError
from dcct.walkers import duke_layout, folder_layout, lsvid_layout, mars_layout, two_camera_layouts

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

LAYOUTS: dict[str, Callable[["WalkersSpec"], Iterator[tuple[str, bytes]]]] = {
    "mars": mars_layout.files,
    "dukemtmc-videoreid": duke_layout.files,
    "ilids-vid": two_camera_layouts.ilids_files,
    "prid-2011": two_camera_layouts.prid_files,
    "ls-vid": lsvid_layout.files,
    "folders": folder_layout.files,
}
"""Layout → every file of the set: path relative to its root, and content."""
IMAGES = (".jpg", ".png")


def write(
    root: Path,
    spec: "WalkersSpec",
    advance: Callable[[int], object] | None = None,
    layout: str = "mars",
) -> None:
    """Write the whole data set to `root`, which appears only when it is complete.

    advance: called with the number of frames just written. What a killed run left in `root`.partial
    is removed. Raises DcctError when `root` holds anything, or cannot be written.
    """
    root = Path(root)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DcctError(
            f"{root}: exists and is not empty: remove it or name another folder to write walkers to"
        )
    partial = root.with_name(root.name + ".partial")
    try:
        if partial.exists():
            shutil.rmtree(partial)
        folders = set()
        for name, content in files(spec, layout):
            path = partial / name
            if path.parent not in folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                folders.add(path.parent)
            path.write_bytes(content)
            if advance and name.endswith(IMAGES):
                advance(1)
        partial.replace(root)
    except OSError as error:
        raise DcctError(
            f"{error.filename or root}: cannot be written: {error.strerror}: free the disk or put"
            " the permissions right, then run the same command again"
        ) from error


def files(spec: "WalkersSpec", layout: str = "mars") -> Iterator[tuple[str, bytes]]:
    """Every file of the data set in a layout: path relative to its root, and content.

    Raises DcctError for a layout in which nobody is drawn.
    """
    if layout not in LAYOUTS:
        raise DcctError(f"layout {layout}: nobody is drawn in it; known: {', '.join(LAYOUTS)}")
    return LAYOUTS[layout](spec)
