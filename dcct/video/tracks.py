"""The door for what a tracker wrote: boxes of people by frame and identity.

Two kinds are read. MOTChallenge's text, a line a box: `frame,id,x,y,width,height[,confidence,…]`,
in pixels (https://motchallenge.net/instructions). And Ultralytics' folder, a file a frame, named
`<video>_<frame>.txt`, with lines `class x y width height [confidence] id`: the middle of a box and
its size as shares of the picture. Both count frames from 1.
"""

import codecs
import math
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dcct.datasets.folders import PRINTED, entries_in
from dcct.errors import DataError
from dcct.video.boxes import COLUMNS, MOST_NUMBER

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
"""What is a number in such files: no NaN, no infinity, nothing that Python alone would read."""
FRAME = re.compile(r"(.*?)(\d+)\.txt")
"""The name of a file of Ultralytics': of which video, of which frame."""
MOST_BYTES = 1 << 27
"""Of all text: two million boxes."""
PERSON = 0
"""Class of people among those that Ultralytics' networks know."""


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Boxes as a tracker gave them."""

    boxes: pd.DataFrame
    """COLUMNS: frame (from 1) and id as int64; left, top, width and height as float64; confidence,
    NaN where none is given. In order of frames, then ids."""
    shares: bool
    """Whether boxes are in shares of the picture, not in pixels."""
    left_out: dict[str, int]
    """Why boxes were passed over → how many."""

    def in_pixels(self, height: int, width: int) -> pd.DataFrame:
        """The boxes in pixels of a picture of this size."""
        if not self.shares:
            return self.boxes
        scale = {"x": width, "y": height, "width": width, "height": height}
        return self.boxes.assign(**{name: self.boxes[name] * by for name, by in scale.items()})


@dataclass(kw_only=True)
class _Found:
    """What is collected while lines are read."""

    rows: dict[tuple[int, int], tuple[float, ...]] = field(default_factory=dict)
    """(frame, id) → left, top, width, height, confidence."""
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, where: str, frame: int, pid: int, box: tuple[float, ...]) -> None:
        if box[2] < 0 or box[3] < 0:
            raise DataError(f"{where}: a box of negative size: {REPAIR}")
        if (frame, pid) in self.rows:
            raise DataError(f"{where}: a second box of id {pid} in frame {frame:,}: {REPAIR}")
        self.rows[frame, pid] = box


REPAIR = "run the tracker again, or put that line right"


def read_tracks(path: Path) -> Tracks:
    """Read either kind. Boxes without an id, those that ground truth says to ignore (confidence 0)
    and other classes than people are left out and counted.

    Raises DataError that names file and line where something is not as the format has it, or where
    no box is left.
    """
    found = _Found()
    if folder := path.is_dir():
        _read_folder(path, found)
    else:
        for where, cells in _lines(path, MOST_BYTES):
            _read_mot(path, where, cells, found)
    if not found.rows:
        why = ", ".join(f"{number:,} {reason}" for reason, number in found.left_out.items())
        raise DataError(f"{path}: no box of a tracked person ({why or 'it is empty'}): is it this?")
    rows = [(*key, *found.rows[key]) for key in sorted(found.rows)]
    boxes = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[2:], "float64"))
    return Tracks(boxes=boxes, shares=folder, left_out=dict(found.left_out))


def _read_mot(path: Path, where: str, cells: list[str], found: _Found) -> None:
    if len(cells) < 6:
        raise DataError(
            f"{where}: {len(cells)} columns, expected frame,id,x,y,width,height and what else there"
            " is: name a file in MOTChallenge's format"
        )
    frame, pid, *box = _numbers(where, cells[:7])
    if frame == 0:
        shift = f"awk -F'[,; \\t]+' -v OFS=, '{{$1 += 1}} 1' {shlex.quote(str(path))} > from1.txt"
        raise DataError(f"{where}: frame 0: frames count from 1: where all are one less, `{shift}`")
    confidence = box.pop() if len(box) == 5 else math.nan
    if pid < 0:
        found.left_out["without an id"] += 1
    elif confidence == 0:
        found.left_out["to be ignored"] += 1
    else:
        key = _whole(where, "frame", frame, 1), _whole(where, "id", pid, 0)
        found.add(where, *key, (*box, confidence))


def _read_folder(folder: Path, found: _Found) -> None:
    files = _by_frame(folder)
    if sum(path.stat().st_size for path in files.values() if path.is_file()) > MOST_BYTES:
        raise DataError(
            f"{folder}: more than {MOST_BYTES:,} bytes: cut video and tracks into parts"
        )
    lines = [
        (frame, where, cells)
        for frame, path in sorted(files.items())
        for where, cells in _lines(path, MOST_BYTES)
    ]
    with_confidence = any(len(cells) == 7 for _, _, cells in lines)
    for frame, where, cells in lines:
        if not 5 <= len(cells) <= 7:
            raise DataError(
                f"{where}: {len(cells)} columns, expected class x y width height [confidence] id:"
                " name the folder `labels` of a tracker of boxes"
            )
        kind, x, y, width, height, *rest = _numbers(where, cells)
        if kind != PERSON:
            found.left_out["of other classes"] += 1
        elif len(rest) <= with_confidence:
            found.left_out["without an id"] += 1
        else:
            box = x - width / 2, y - height / 2, width, height
            confidence = rest[0] if with_confidence else math.nan
            found.add(where, frame, _whole(where, "id", rest[-1], 0), (*box, confidence))


def _by_frame(folder: Path) -> dict[int, Path]:
    """Frame → its file."""
    names = sorted(one.name for one in entries_in(folder) if one.name.endswith(".txt"))
    found = [(name, match) for name in names if (match := FRAME.fullmatch(name))]
    videos = sorted({match[1] for _, match in found})
    if not found:
        raise DataError(
            f"{folder}: holds no <video>_<frame>.txt: name the folder `labels` of a track"
        )
    if len(videos) > 1:
        raise DataError(
            f"{folder}: {videos[0]}….txt and {videos[1]}….txt are of several videos: move the files"
            " of each into a folder of its own"
        )
    files: dict[int, Path] = {}
    for name, match in found:
        where = f"{folder / name}"
        frame = _whole(where, "frame", float(match[2][:20]), 1)
        if frame in files:
            raise DataError(f"{where}: a second file of frame {frame:,}: delete one")
        files[frame] = folder / name
    return files


def _lines(path: Path, most: int) -> Iterator[tuple[str, list[str]]]:
    """Place and cells of each line that is not blank. Cells are parted as in the first one: by
    semicolons, else by commas, else by blanks."""
    text, part = _text(path, most), None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if part is None:
            part = next((one for one in ";," if one in line), None) or " "
        cells = line.split() if part == " " else line.strip().rstrip(part).split(part)
        yield f"{path}: line {number:,}", [cell.strip() for cell in cells]


def _text(path: Path, most: int) -> str:
    """Raises DataError at what is no text of at most so many bytes."""
    try:
        if not path.is_file():
            raise DataError(f"{path}: no such file or folder: name what the tracker wrote")
        if path.stat().st_size > most:
            raise DataError(f"{path}: more than {most:,} bytes: cut video and tracks into parts")
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read: {error.strerror}: put its permissions right"
        ) from None
    if content.translate(None, PRINTED + b"\r"):
        raise DataError(f"{path}: is no plain text: name what the tracker wrote")
    return content.decode("ascii")


def _numbers(where: str, cells: list[str]) -> list[float]:
    for place, cell in enumerate(cells, 1):
        if not NUMBER.fullmatch(cell):
            raise DataError(
                f"{where}: column {place}: {cell[:40]!r} is no number: {REPAIR}, or delete it if it"
                " is a heading"
            )
    found = [float(cell) for cell in cells]
    if far := [value for value in found if abs(value) > MOST_NUMBER]:
        raise DataError(f"{where}: {far[0]:g} is beyond {MOST_NUMBER:,}: {REPAIR}")
    return found


def _whole(where: str, what: str, value: float, least: int) -> int:
    if value != int(value) or not least <= value <= MOST_NUMBER:
        raise DataError(
            f"{where}: {what} {value:g}: expected a whole number from {least}: {REPAIR}"
        )
    return int(value)
