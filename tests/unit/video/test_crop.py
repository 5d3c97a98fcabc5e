"""Tracklets cut out of a video: every picture is of the frame that its name says, every box is
accounted for, and a folder is whole or not there."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dcct.datasets.images import decode
from dcct.errors import DataError, DcctError
from dcct.runtime.progress import Progress
from dcct.video.crop import Limits, crop
from dcct.video.tracks import read_tracks
from tests.unit.video.numbered import (
    HEIGHT,
    WIDTH,
    number_of,
    numbered,
    write_tracks,
    write_video,
)

FRAMES = 40
EVERYTHING = Limits(least_height=1, least_width=1, least_frames=1)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Its frames say their number, and refer to later ones."""
    folder = tmp_path_factory.mktemp("video")
    return write_video(folder / "door.mp4", map(numbered, range(1, FRAMES + 1)))


def cut(video, lines, folder, limits=EVERYTHING):
    """Crop by lines of MOTChallenge's text; return the receipt."""
    tracks = folder.with_suffix(".txt")
    tracks.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    crop(video, tracks, folder, limits, Progress())
    return json.loads((folder / "crop.json").read_text())


def pictures(folder):
    """tracklet/frame → pixels."""
    return {
        f"{path.parent.name}/{path.stem}": decode(path.read_bytes(), str(path))
        for path in sorted(folder.glob("*/*.jpg"))
    }


def test_a_picture_is_of_the_frame_that_it_is_named_by(video, tmp_path):
    """With some frames left out, and colours as they were."""
    frames = [number for number in range(2, FRAMES + 1) if number % 5]
    crop(video, write_tracks(tmp_path / "t.txt", frames), tmp_path / "out", Limits(), Progress())
    found = pictures(tmp_path / "out")
    assert list(found) == [f"0007-000002/{number:06d}" for number in frames]
    for name, pixels in found.items():
        number = int(name[-6:])
        assert number_of(pixels) == number
        assert np.abs(pixels - numbered(number)[: HEIGHT // 2].astype(int)).mean() < 3


def test_boxes_are_clipped_to_the_picture(video, tmp_path):
    """Over every edge; one wholly outside is dropped, and so is one that is small inside."""
    lines = [
        (1, 1, -10, -20, 42, 40),
        (1, 2, 100.4, 40.6, 1e6, 1e6),
        (1, 3, WIDTH, 0, 50, 50),
        (1, 4, -95, 0, 100, 50),
        (1, 5, 0, 0, 50, 0),
    ]
    receipt = cut(video, lines, tmp_path / "out", Limits(least_frames=1, least_height=10))
    shapes = {name: pixels.shape[:2] for name, pixels in pictures(tmp_path / "out").items()}
    assert shapes == {"0001-000001/000001": (20, 32), "0002-000001/000001": (23, 28)}
    assert receipt["dropped"]["boxes"] == {"outside": 2, "small": 1}


def test_an_id_that_returns_after_a_gap_is_another_tracklet(video, tmp_path):
    """After one that is too long; what is short is dropped, and the receipt says so."""
    frames = [*range(1, 6), *range(9, 12), *range(20, 22), *range(26, 30)]
    lines = [(frame, 7, 0, 0, 50, 50) for frame in frames]
    limits = Limits(least_frames=3, largest_gap=3)
    receipt = cut(video, lines, tmp_path / "out", limits)
    spans = [
        {name: one[name] for name in ("tracklet", "first", "last", "frames")}
        for one in receipt["tracklets"]
    ]
    assert spans == [
        {"tracklet": "0007-000001", "first": 1, "last": 11, "frames": 8},
        {"tracklet": "0007-000026", "first": 26, "last": 29, "frames": 4},
    ]
    (short,) = receipt["dropped"]["short"]
    assert (short["id"], short["first"], short["last"], short["frames"]) == (7, 20, 21, 2)


def test_the_boxes_that_were_cut_can_be_read_again(video, tmp_path):
    """tracks.csv holds them as the tracker gave them, with the tracklet of each."""
    lines = [(frame, 7, -3.25, 0.5, 50, 60.125, 0.75) for frame in (1, 2, 5)]
    cut(video, [*lines, (3, 8, 500, 0, 9, 9, 0.5)], tmp_path / "out")
    written = pd.read_csv(tmp_path / "out/tracks.csv")
    assert set(written.pop("tracklet")) == {"0007-000001"}
    assert written.to_numpy().tolist() == [list(map(float, line)) for line in lines]
    text = written.to_csv(header=False, index=False)
    (tmp_path / "again.txt").write_text(text)
    assert read_tracks(tmp_path / "again.txt").boxes.equals(written)


def test_frames_in_a_folder_and_labels_in_a_folder_are_cut_alike(video, tmp_path):
    """As a video with MOTChallenge's text is."""
    frames, labels = tmp_path / "frames", tmp_path / "labels"
    frames.mkdir()
    labels.mkdir()
    for number in range(1, FRAMES + 1):
        Image.fromarray(numbered(number)).save(frames / f"{number:04d}.png")
        (labels / f"{number:04d}.txt").write_text("0 0.5 0.25 1 0.5 7\n")
    crop(frames, labels, tmp_path / "out", Limits(), Progress())
    tracks = write_tracks(tmp_path / "t.txt", range(1, FRAMES + 1))
    crop(video, tracks, tmp_path / "same", Limits(), Progress())
    found = pictures(tmp_path / "out")
    assert list(found) == list(pictures(tmp_path / "same"))
    assert [number_of(pixels) for pixels in found.values()] == list(range(1, FRAMES + 1))


def test_nothing_half_written_is_left(video, tmp_path):
    """By a video that ends too early, tracks of nobody, or a folder that is there."""
    tracks = write_tracks(tmp_path / "t.txt", [*range(1, 10), FRAMES + 1])
    with pytest.raises(DataError, match="has 40 frames, and a box is in frame 41"):
        crop(video, tracks, tmp_path / "out/door", Limits(), Progress())
    with pytest.raises(DataError, match=r"no tracklet is left: 1 boxes small, 1 short tracklets"):
        cut(video, [(1, 1, 0, 0, 9, 9), (1, 2, 0, 0, 50, 50)], tmp_path / "out/door", Limits())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["door.txt"]
    (tmp_path / "there").mkdir()
    with pytest.raises(DcctError, match="there: is there already: delete it, or name another"):
        crop(video, tracks, tmp_path / "there", Limits(), Progress())


def test_a_verb_of_one_line(video, tmp_path, root):
    """A camera is called as its video unless it is named; what cannot be a folder is refused."""
    tracks = write_tracks(tmp_path / "t.txt", range(1, 10))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}

    def dcct(*words):
        command = [sys.executable, "-m", "dcct", "crop", *map(str, words), "--out", tmp_path / "o"]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    assert dcct(video, tracks).returncode == 0
    assert dcct(video, tracks, "--camera", "yard").returncode == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["door", "yard"]
    for words in ((video, tracks), (video, tracks, "--camera", "a/b"), (tracks, tracks)):
        done = dcct(*words)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
