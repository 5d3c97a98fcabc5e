"""The MARS reader: on a set that we draw, on the real metadata where they are at hand, and on
damaged ones."""

import os
import shutil
from pathlib import Path

import pytest
from scipy.io import loadmat

from dcct.datasets.manifest import write_manifest
from dcct.datasets.mars import count_junk, read_tracklets
from dcct.datasets.tracklet import checked, count
from dcct.errors import DataError


def test_drawn_set_is_read_whole(tiny):
    """All that was drawn is found; junk is dropped; there is one query per identity and camera."""
    found = count(checked(read_tracklets(tiny.data)))
    spec = tiny.spec
    assert found["train_tracklets"] == spec.train_ids * spec.cameras * spec.tracklets_per_camera
    assert found["train_frames"] == found["train_tracklets"] * spec.frames
    assert found["query_tracklets"] == spec.test_ids * spec.cameras
    assert (
        found["gallery_tracklets"]
        == spec.test_ids * spec.cameras * (spec.tracklets_per_camera - 1) + spec.distractors
    )
    assert (found["distractor_tracklets"], count_junk(tiny.data)) == (spec.distractors, spec.junk)


def test_manifest_has_the_same_bytes_twice(tiny, tmp_path):
    """Writing the manifest again gives an identical file."""
    write_manifest(read_tracklets(tiny.data), tiny.listing, tmp_path)
    assert (tmp_path / "tracklets.parquet").read_bytes() == (
        tiny.manifest / "tracklets.parquet"
    ).read_bytes()


def test_swapped_label_is_named(tiny, tmp_path):
    """Metadata that disagree with a frame's name are refused with row and name."""
    shutil.copytree(tiny.data / "info", tmp_path / "info")
    names = (
        (tmp_path / "info/train_name.txt").read_text().replace("0003C1T0001F001", "0004C1T0001F001")
    )
    (tmp_path / "info/train_name.txt").write_text(names)
    with pytest.raises(
        DataError,
        match=r"row 13 says identity 3, camera 1, but its frame is named 0004C1T0001F001\.jpg",
    ):
        list(read_tracklets(tmp_path))


def test_frames_listed_as_text_are_put_in_order(tiny, tmp_path):
    """A list that was sorted as text, F1, F10, F2, gives frames in time order all the same."""
    shutil.copytree(tiny.data / "info", tmp_path / "info")
    path = tmp_path / "info/train_name.txt"
    lines = path.read_text().splitlines()
    first = [f"0001C1T0001F{number}.jpg" for number in (1, 10, 2, 3, 4, 5, 6, 7)]
    path.write_text("\n".join(first + lines[len(first) :]))
    frames = next(read_tracklets(tmp_path)).frames
    assert [frame.split("F")[-1] for frame in frames[-2:]] == ["7.jpg", "10.jpg"]


@pytest.mark.parametrize(
    ("name", "complaint"), [("query_IDX.mat", "missing"), ("train_name.txt", "missing")]
)
def test_missing_metadata_is_named(tiny, tmp_path, name, complaint):
    """A file of info/ that is not there is named with its path."""
    shutil.copytree(tiny.data / "info", tmp_path / "info")
    (tmp_path / "info" / name).unlink()
    with pytest.raises(DataError, match=f"{name}: {complaint}"):
        list(read_tracklets(tmp_path))


@pytest.mark.skipif(
    "DCCT_MARS_INFO" not in os.environ,
    reason="set DCCT_MARS_INFO to a folder with MARS' three .mat files",
)
def test_real_metadata_have_the_published_counts(tmp_path):
    """The real files give 8,298 train tracklets, 1,980 queries and 9,330 gallery tracklets; 870
    junk are dropped."""
    (tmp_path / "info").mkdir()
    for file in Path(os.environ["DCCT_MARS_INFO"]).glob("*.mat"):
        shutil.copy(file, tmp_path / "info")
    for part in ("train", "test"):
        rows = loadmat(tmp_path / f"info/tracks_{part}_info.mat")[f"track_{part}_info"].tolist()
        names = [
            f"{'00-1' if pid == -1 else f'{pid:04d}'}C{cam}T{number:04d}F{frame:03d}.jpg"
            for number, (first, last, pid, cam) in enumerate(rows)
            for frame in range(last - first + 1)
        ]
        (tmp_path / f"info/{part}_name.txt").write_text("\n".join(names))
    found = count(checked(read_tracklets(tmp_path)))
    assert found == {
        "train_ids": 625,
        "train_tracklets": 8298,
        "train_frames": 509914,
        "query_ids": 626,
        "query_tracklets": 1980,
        "gallery_tracklets": 9330,
        "test_tracklets": 11310,
        "distractor_tracklets": 3248,
        "cameras": 6,
        "frames": 1167623,
    }
    assert count_junk(tmp_path) == 870
