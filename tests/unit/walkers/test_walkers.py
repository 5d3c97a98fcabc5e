"""Walkers: what other parts rely on, and what its pictures must show."""

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from scipy.io import loadmat

from dcct.config.dataset import WalkersSpec
from dcct.errors import DcctError
from dcct.walkers import draw_tracklet, write
from dcct.walkers.canvas import Canvas
from dcct.walkers.entries import test_entries as list_test_entries
from dcct.walkers.entries import train_entries as list_train_entries
from dcct.walkers.figure import draw_person
from dcct.walkers.people import identity
from dcct.walkers.pose import Walk
from dcct.walkers.scene import burst_of

ROOT = Path(__file__).parents[3]
# of the tracklets in `pixel_hash`: it changes only when the pictures are meant to change
PIXEL_HASH = "b378ab99df4dcdb808a81c77bd985321f90038e8aaeb19b9de8dbd8f6b415255"


def make_spec(**changes) -> WalkersSpec:
    values = {
        "seed": 7,
        "train_ids": 3,
        "test_ids": 2,
        "cameras": 2,
        "tracklets_per_camera": 2,
        "frames": 4,
        "height": 32,
        "difficulty": 0.5,
        "share": 2,
        "burst": 0.5,
        "background_saturation": 0.4,
        "jpeg_quality": 90,
        "distractors": 3,
        "junk": 2,
    }
    return WalkersSpec(**{**values, **changes})


def pixel_hash() -> str:
    spec = make_spec(cameras=6, frames=8, height=64, difficulty=1.0, burst=0.4)
    digest = hashlib.sha256()
    for pid in range(-1, 4):
        for camera in range(1, 7):
            digest.update(draw_tracklet(spec, pid, camera, camera).tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("walkers") / "set"
    write(root, make_spec())
    return root


def test_pixels_are_pinned():
    """The same specification gives the same pixels on every machine and with every library
    version."""
    assert pixel_hash() == PIXEL_HASH


def test_pixels_do_not_depend_on_the_simd_level():
    """Without the processor's vector extensions the pixels are still the pinned ones."""
    found = subprocess.run(
        [sys.executable, "-c", "import numpy; numpy.show_runtime()"], capture_output=True, text=True
    )
    features = re.findall(r"'(\w+)'", re.search(r"'found': \[([^]]*)\]", found.stdout).group(1))
    if not features:
        pytest.skip("numpy found no vector extensions here that could be switched off")
    environment = os.environ | {
        "NPY_DISABLE_CPU_FEATURES": " ".join(features),
        "PYTHONPATH": str(ROOT),
    }
    code = f"import runpy; print(runpy.run_path({str(Path(__file__))!r})['pixel_hash']())"
    plain = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert plain.stdout.strip() == PIXEL_HASH, plain.stderr


def test_a_tracklet_can_be_drawn_alone():
    """What has been drawn before, and how large the data set is, changes no tracklet."""
    alone = draw_tracklet(make_spec(), 2, 1, 1)
    draw_tracklet(make_spec(), 1, 2, 3)
    assert_array_equal(draw_tracklet(make_spec(junk=9, distractors=0, train_ids=4), 2, 1, 1), alone)


def test_tracklets_differ():
    """No two tracklets of a data set are the same, nor those of two seeds."""
    spec = make_spec()
    entries = [*list_train_entries(spec), *list_test_entries(spec)]
    seen = {
        draw_tracklet(make_spec(seed=seed), *entry).tobytes()
        for seed in (7, 8)
        for entry in entries
    }
    assert len(seen) == 2 * len(entries)


def test_lookalikes_by_cadence_differ_in_the_time_of_a_step_alone():
    """One outfit's people are the same in all that a frame shows, no two of them in their
    cadence; another outfit's are others."""
    spec = make_spec(train_ids=6, share=3, lookalikes="cadence")
    people = [identity(spec, pid) for pid in range(1, 7)]
    for group in (people[:3], people[3:]):
        assert len({replace(one, gait=0) for one in group}) == 1
        assert len({one.gait for one in group}) == 3
    assert replace(people[0], gait=0) != replace(people[3], gait=0)


def test_shape_and_type():
    """Frames are uint8 (F, H, H//2, 3) at every camera, even a single one of odd height."""
    for camera in range(1, 7):
        tracklet = draw_tracklet(make_spec(cameras=6, frames=1, height=49), 1, camera, 1)
        assert tracklet.shape == (1, 49, 24, 3)
        assert tracklet.dtype == np.uint8


def test_sharing_identities_wear_the_same_outfit():
    """`share` identities wear one outfit and differ in build; no outfit is shared between the
    splits."""
    spec = make_spec(train_ids=3, test_ids=4, share=2)
    first, second, third, *test = (identity(spec, pid) for pid in range(1, 8))
    keep = {"shoe": first.shoe, "bag": first.bag}
    names = "height girth gait stride arm_swing elbow knee lean head_tilt limp bob bag_swing"
    build = {name: getattr(first, name) for name in names.split()}
    assert replace(second, **keep, **build) == first
    assert second.gait != first.gait
    assert all(
        replace(third, **keep, **build) != replace(person, **keep, **build) for person in test
    )


def test_bursts_hide_the_person_and_nothing_else():
    """A burst lasts a quarter to a half of the frames, covers most of them, and leaves the others
    alone."""
    clear, hidden = make_spec(burst=0, frames=16), make_spec(burst=1, frames=16)
    for pid in range(1, 13):
        before, after = draw_tracklet(clear, pid, 1, 1), draw_tracklet(hidden, pid, 1, 1)
        burst = burst_of(hidden, pid, 1, 1)
        inside = slice(burst.first, burst.first + burst.frames)
        changed = np.abs(before.astype(int) - after).max(axis=3) > 8
        assert 4 <= burst.frames <= 8
        assert changed[inside].mean(axis=(1, 2)).min() > 0.35
        assert changed[inside, 8:28, 6:10].mean() > 0.7
        assert not np.delete(changed, np.r_[inside], axis=0).any()


def test_a_share_of_tracklets_has_a_burst():
    """At burst = .2, between 15 and 25 % of the default data set's tracklets have one."""
    spec = make_spec(train_ids=100, test_ids=100, cameras=4, burst=0.2)
    bursts = [burst_of(spec, *entry) is not None for entry in list_train_entries(spec)]
    assert 0.15 < np.mean(bursts) < 0.25


def test_feet_stand_on_the_ground():
    """In every frame the lowest part of a person is at the ground, whatever the pose and the
    view."""
    frames, ground = np.arange(12), 0.9
    for pid in range(1, 9):
        person = identity(make_spec(train_ids=8), pid)
        walk = Walk(
            2 * np.pi * frames / 12, pid * 0.8, np.zeros(12), np.full(12, ground), np.full(12, 0.8)
        )
        canvas = Canvas(np.full((3, 12, 128, 64), 2.0, np.float32), left=-0.25)
        canvas.shadow = lambda *_: None
        draw_person(canvas, person, walk)
        lowest = [
            np.flatnonzero((canvas.pixels[0, frame] < 1.5).any(axis=1)).max() for frame in frames
        ]
        assert np.abs((np.array(lowest) + 0.5) / 128 - ground).max() < 0.03


def test_faces_show_from_the_front_only():
    """A head shows skin when its owner comes towards the camera, hair alone when they go."""
    person = replace(
        identity(make_spec(), 1), hair_shape="short", hair=(0, 0, 1), skin=(1, 0, 0), bag="none"
    )
    heads = []
    for heading in (np.pi / 2, -np.pi / 2):
        canvas = Canvas(np.zeros((3, 1, 128, 64), np.float32), left=-0.25)
        draw_person(
            canvas,
            person,
            Walk(np.zeros(1), heading, np.zeros(1), np.array([0.95]), np.array([0.9])),
        )
        y = round((0.95 - 0.9 * (1 - 0.075)) * 128)
        heads.append(canvas.pixels[:, 0, y - 3 : y + 3, 30:34].mean(axis=(1, 2)))
    coming, going = heads
    assert coming[0] > 0.5 > coming[2]
    assert going[2] > 0.5 > going[0]


def test_layout_is_that_of_mars(written):
    """Frame lists, tracklet rows and queries have the names, types and meaning of the published
    files."""
    spec = make_spec()
    for part, key in (("train", "track_train_info"), ("test", "track_test_info")):
        names = (written / "info" / f"{part}_name.txt").read_text().split()
        rows = loadmat(written / "info" / f"tracks_{part}_info.mat")[key]
        assert rows.dtype == np.int32
        assert rows[0, 0] == 1
        assert rows[-1, 1] == len(names)
        assert_array_equal(rows[1:, 0], rows[:-1, 1] + 1)
        for first, last, pid, camera in rows.tolist():
            label = "00-1" if pid == -1 else f"{pid:04d}"
            number = names[first - 1].split("T")[1][:4]
            expected = [
                f"{label}C{camera}T{number}F{frame:03d}.jpg" for frame in range(1, spec.frames + 1)
            ]
            assert names[first - 1 : last] == expected
            assert all((written / f"bbox_{part}" / label / name).is_file() for name in expected)
        assert len(set(names)) == len(names) == len(list((written / f"bbox_{part}").rglob("*.jpg")))
    queries = loadmat(written / "info" / "query_IDX.mat")["query_IDX"]
    assert queries.shape == (1, spec.test_ids * spec.cameras)
    assert queries.dtype == np.uint16
    assert_array_equal(
        rows[queries[0] - 1, 2:], [[pid, camera] for pid in (4, 5) for camera in (1, 2)]
    )
    assert list(dict.fromkeys(rows[:, 2].tolist())) == [-1, 0, 4, 5]
    assert (rows[:, 2] == -1).sum() == spec.junk
    assert (rows[:, 2] == 0).sum() == spec.distractors


def test_files_hold_what_their_names_say(written):
    """0004C2T0003F002.jpg is the second frame of draw_tracklet(spec, 4, 2, 3)."""
    with Image.open(written / "bbox_test" / "0004" / "0004C2T0003F002.jpg") as image:
        difference = np.asarray(image).astype(int) - draw_tracklet(make_spec(), 4, 2, 3)[1]
    assert np.abs(difference).mean() < 8


def test_writing_again_gives_the_same_bytes(written, tmp_path):
    """Every file, the .mat files with their headers included, is the same in a second run."""
    write(tmp_path / "again", make_spec())
    files = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "again")
        for path in (tmp_path / "again").rglob("*")
        if path.is_file()
    )
    assert all(
        (written / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in files
    )


def test_an_interrupted_run_leaves_no_data_set(tmp_path):
    """The folder appears only when complete; the next run clears what an interrupted one left."""

    class InterruptError(Exception):
        pass

    def interrupt(frames):
        raise InterruptError

    spec = make_spec(train_ids=1, test_ids=1)
    with pytest.raises(InterruptError):
        write(tmp_path / "set", spec, interrupt)
    assert not (tmp_path / "set").exists()
    (tmp_path / "set.partial" / "stray").touch()
    counts = []
    write(tmp_path / "set", spec, counts.append)
    assert sum(counts) == len(list((tmp_path / "set").rglob("*.jpg")))
    assert not (tmp_path / "set.partial").exists()
    assert not (tmp_path / "set" / "stray").exists()


def test_a_folder_in_use_is_refused(tmp_path):
    """Nothing is written over somebody's files; an empty folder is taken."""
    spec = make_spec(train_ids=1, test_ids=1, cameras=1, distractors=0, junk=0)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DcctError, match="not empty"):
        write(tmp_path, spec)
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", spec)
    assert (tmp_path / "empty" / "info").is_dir()
