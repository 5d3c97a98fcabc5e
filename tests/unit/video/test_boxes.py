"""tracks.csv, which anyone may have edited: read as it was written, or refused in one line."""

import numpy as np
import pandas as pd
import pytest

from dcct.errors import DataError
from dcct.video.boxes import KINDS, read_boxes, write_boxes

ROW = ["0007-000001", "1", "7", "10.5", "20", "30", "60", "0.9"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tracks.csv"


def _text(*rows, head=tuple(KINDS)):
    return "".join(",".join(row) + "\n" for row in (head, *rows))


def test_boxes_are_read_as_they_were_written(path):
    """Every kind and value, an unknown confidence too, and lines that a spreadsheet ended."""
    boxes = pd.DataFrame(
        [("0007-000001", 1, 7, 10.5, -20.25, 30, 60, np.nan), ("8", 10**9, 0, 0, 0, 1, 0, 1)],
        columns=list(KINDS),
    ).astype(KINDS)
    write_boxes(path, boxes)
    pd.testing.assert_frame_equal(read_boxes(path), boxes)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(read_boxes(path), boxes)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("frame", value) for value in ("0", "-5", "1.5", "nan", "", "abc", "9" * 20, "1e30")),
        *(("id", value) for value in ("-1", "0x10", "1_0", "9" * 20)),
        *(("x", value) for value in ("inf", "1e999", "ten")),
        ("width", "-3"),
        ("confidence", "inf"),
        ("tracklet", ""),
        ("tracklet", '"unclosed'),
        ("tracklet", "tür"),
    ],
)
def test_a_value_that_no_tracker_gives_is_refused(path, column, value, recwarn):
    """In one line that names the file; nothing wraps around, and nothing is warned of."""
    place = list(KINDS).index(column)
    path.write_text(_text([*ROW[:place], value, *ROW[place + 1 :]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"tracks\.csv: is not what `dcct crop` wrote") as refused:
        read_boxes(path)
    assert "\n" not in str(refused.value)
    assert not recwarn.list


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(range(256)) * 9,
        _text(ROW).encode("utf-16"),
        _text(ROW).replace(",", ";").encode(),
        _text(ROW[:-1], head=tuple(KINDS)[:-1]).encode(),
        _text(ROW[:4]).encode(),
        _text(["one more", *ROW]).encode(),
        _text(ROW, ROW).encode(),
    ],
    ids=["empty", "binary", "utf-16", "semicolons", "column gone", "row cut", "one more", "twice"],
)
def test_another_file_is_refused(path, content):
    """Of other bytes, columns or rows; also a box that stands there twice."""
    path.write_bytes(content)
    with pytest.raises(DataError, match="delete the camera's folder and run it again"):
        read_boxes(path)
