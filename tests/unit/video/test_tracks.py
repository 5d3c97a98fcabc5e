"""The door for trackers' files: boxes as they were written, or one line."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dcct.errors import DataError
from dcct.video import tracks as module
from dcct.video.tracks import COLUMNS, read_tracks

EXAMPLES = max(200, int(os.environ.get("DCCT_EXAMPLES", "0")))
GENERATED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SIZE = (480, 640)
PLACE = st.integers(-10_000, 10_000).map(lambda tenths: tenths / 16)
LENGTH = st.integers(0, 8000).map(lambda tenths: tenths / 16)
BOX = st.tuples(PLACE, PLACE, LENGTH, LENGTH, st.integers(1, 16).map(lambda part: part / 16))
FOUND = st.dictionaries(
    st.tuples(st.integers(1, 99), st.integers(0, 20)), BOX, min_size=1, max_size=12
)
"""(frame, id) → left, top, width, height, confidence: numbers that text holds exactly."""


def values(tracks) -> np.ndarray:
    return tracks.in_pixels(*SIZE)[COLUMNS].to_numpy(float)


def rows(found: dict) -> np.ndarray:
    return np.array([(*key, *found[key]) for key in sorted(found)])


@GENERATED
@given(
    found=FOUND,
    separator=st.sampled_from([",", ", ", ";", " ", "\t", " , "]),
    end=st.sampled_from(["\n", "\r\n", "\n\n", " \n"]),
    start=st.sampled_from(["", "\ufeff", "\n"]),
    more=st.sampled_from([[], ["-1", "-1", "-1"], ["1", "0.5"]]),
    style=st.sampled_from(["{:g}", "{:.6f}", "{:.6e}"]),
    shuffled=st.randoms(use_true_random=False),
)
def test_the_same_boxes_in_any_spelling(
    tmp_path, found, separator, end, start, more, style, shuffled
):
    """Commas, semicolons, blanks; ends of lines; a mark of Unicode; further columns; any order."""
    lines = [[style.format(cell) for cell in row] + more for row in rows(found)]
    shuffled.shuffle(lines)
    text = start + "".join(separator.join(line) + end for line in lines)
    (tmp_path / "t.txt").write_bytes(text.encode())
    assert np.allclose(values(read_tracks(tmp_path / "t.txt")), rows(found), rtol=1e-5)


@GENERATED
@given(found=FOUND, confidence=st.booleans(), others=st.booleans())
def test_ultralytics_folder_holds_the_same(tmp_path_factory, found, confidence, others):
    """With confidence or without; boxes of other classes, and those without an id, are counted."""
    folder = tmp_path_factory.mktemp("labels")
    for frame in {frame for frame, _ in found}:
        lines = ["2 0.5 0.5 0.1 0.1 0.9 3", "0 0.5 0.5 0.1 0.1 0.9"] * (others and confidence)
        for (when, pid), (x, y, width, height, sure) in found.items():
            if when == frame:
                middle = (x + width / 2) / SIZE[1], (y + height / 2) / SIZE[0]
                cells = [0, *middle, width / SIZE[1], height / SIZE[0], *[sure] * confidence, pid]
                lines.append(" ".join(map(repr, cells)))
        (folder / f"door_2_{frame}.txt").write_text("\n".join(lines))
    tracks = read_tracks(folder)
    expected = rows(found)
    if not confidence:
        expected[:, -1] = np.nan
    assert np.allclose(values(tracks), expected, atol=1e-6, equal_nan=True)
    frames = len({frame for frame, _ in found})
    counted = {"of other classes": frames, "without an id": frames}
    assert tracks.left_out == (counted if others and confidence else {})


@GENERATED
@given(
    cells=st.lists(
        st.lists(
            st.sampled_from(
                ["1", "2", "0", "-1", "3.5", "1e3", "9" * 30, "1e999", "nan", "inf", "", "x", "1_0"]
            )
            | st.text(max_size=5),
            max_size=9,
        ),
        max_size=6,
    ),
    junk=st.binary(max_size=40),
    place=st.integers(0, 200),
)
@example(cells=[["1", "1", "0", "0", "9", "9"]], junk=b"", place=0)
@example(cells=[], junk=b"\xff\xfe1\x00", place=0)
def test_any_bytes_are_read_or_refused(tmp_path, cells, junk, place):
    """Whatever comes, the answer is boxes in order or a DataError of one line."""
    text = "\n".join(",".join(line) for line in cells).encode("utf-8", "surrogatepass")
    path = tmp_path / "any.txt"
    path.write_bytes(text[:place] + junk + text[place:])
    try:
        said, boxes = "", read_tracks(path).boxes
    except DataError as error:
        said, boxes = str(error), None
    assert not said or (said.startswith(str(path)) and "\n" not in said)
    if boxes is not None:
        assert boxes["frame"].min() >= 1
        assert boxes[["frame", "id"]].value_counts().max() == 1
        assert np.isfinite(boxes[["x", "y", "width", "height"]]).all(axis=None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no box of a tracked person .it is empty"),
        ("\n \n", "no box of a tracked person"),
        ("1,-1,0,0,9,9\n", r"no box of a tracked person \(1 without an id\)"),
        ("1,2,0,0,9,9,0,1,0.5\n", r"no box of a tracked person \(1 to be ignored\)"),
        ("frame,id,x,y,w,h\n1,1,0,0,9,9\n", "line 1: column 1: 'frame' is no number.*heading"),
        ("1,1,0,0,9,9\n1,1,0,0,8,8\n", "line 2: a second box of id 1 in frame 1"),
        ("1,1,0,0,9,9\n0,1,0,0,9,9\n", r"line 2: frame 0: frames count from 1: .*`awk"),
        ("1.5,1,0,0,9,9\n", "line 1: frame 1.5: expected a whole number from 1"),
        ("-3,1,0,0,9,9\n", "line 1: frame -3: expected a whole number from 1"),
        ("1,1,0,0,-9,9\n", "line 1: a box of negative size"),
        ("1,1,0,nan,9,9\n", "line 1: column 4: 'nan' is no number"),
        ("1,1,0,1e99,9,9\n", r"line 1: 1e\+99 is beyond 1,000,000,000"),
        ("1;1;0,5;0;9;9\n", "line 1: column 3: '0,5' is no number"),
        ("1,1,0,0,9\n", "line 1: 5 columns, expected frame,id"),
        ("1,1,0,0,9,９\n", "is no plain text"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_wrong_is_named(text, complaint, tmp_path):
    """File, line, column, and what to do."""
    (tmp_path / "t.txt").write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_tracks(tmp_path / "t.txt")


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "holds no <video>_<frame>.txt"),
        ({"a_1.txt": "0 .5 .5 .1 .1 1", "b_1.txt": ""}, "are of several videos"),
        ({"a_1.txt": "0 .5 .5 .1 .1 1", "a_01.txt": ""}, "a second file of frame 1"),
        ({"a_0.txt": "0 .5 .5 .1 .1 1"}, "frame 0: expected a whole number from 1"),
        ({"a_1.txt": "0 .5 .5 .1 .1 .87"}, "id 0.87: expected a whole number"),
        ({"a_1.txt": "0 .5 .5 .1"}, "4 columns, expected class"),
        ({"a_1.txt": "0 .5 .5 .1 .1"}, "1 without an id"),
        ({"a_1.txt": "1 .5 .5 .1 .1 4"}, "1 of other classes"),
    ],
    ids=str,
)
def test_folders_that_are_none_are_named(files, complaint, tmp_path):
    """Of several videos, without ids, of detections alone."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_tracks(tmp_path)


def test_the_command_for_frames_from_zero_works(tmp_path, monkeypatch):
    """As it is printed: what it writes is read."""
    monkeypatch.chdir(tmp_path)
    for text in ("0,7,1,2,30,40,0.5\n1,7,1,2,30,40,0.5\n", "0 7 1 2 30 40 .5\n1 7 1 2 30 40 .5\n"):
        (tmp_path / "it's.txt").write_text(text)
        with pytest.raises(DataError) as error:
            read_tracks(tmp_path / "it's.txt")
        os.system(str(error.value).split("`")[1])
        assert read_tracks(tmp_path / "from1.txt").boxes["frame"].tolist() == [1, 2]


def test_one_long_file_among_many_is_read(tmp_path, monkeypatch):
    """All of a folder's text is bounded, not each file by an equal share; more is refused."""
    monkeypatch.setattr(module, "MOST_BYTES", 4000)
    for frame in range(1, 101):
        people = range(100 if frame == 7 else 1)
        lines = "".join(f"0 .5 .5 .1 .1 {pid}\n" for pid in people)
        (tmp_path / f"v_{frame}.txt").write_text(lines)
    assert len(read_tracks(tmp_path).boxes) == 199
    monkeypatch.setattr(module, "MOST_BYTES", 3000)
    with pytest.raises(DataError, match="more than 3,000 bytes"):
        read_tracks(tmp_path)
