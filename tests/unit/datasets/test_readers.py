"""Every benchmark's reader, on the drawn people written in its layout, and on copies that are wrong
in one place."""

import json
import os
import shutil

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from dcct.config.dataset import Protocol
from dcct.datasets import read_tracklets
from dcct.datasets.readers import reader_of
from dcct.datasets.tracklet import checked, count
from dcct.errors import DataError

IDS = 3
PROTOCOL = Protocol(
    gallery_includes_queries=False, drop_same_camera=True, clip_cap=200, first_half="test"
)


@pytest.mark.parametrize("layout", ["mars", "dukemtmc-videoreid", "ls-vid"])
def test_many_camera_layouts_say_the_same(drawn, layout):
    """One set of people in three layouts: the same counts, every frame on disk, identities and
    cameras as drawn."""
    tracklets = list(checked(read_tracklets(layout, drawn / layout)))
    found = count(tracklets)
    assert found["train_ids"] == found["query_ids"] == IDS
    assert found["train_tracklets"] == IDS * 4
    assert (found["query_tracklets"], found["gallery_tracklets"]) == (IDS * 2, IDS * 2 + 2)
    assert {len(tracklet.frames) for tracklet in tracklets} == {4}
    assert all(
        (drawn / layout / frame).is_file() for tracklet in tracklets for frame in tracklet.frames
    )
    assert {
        (tracklet.pid, tracklet.camid) for tracklet in tracklets if tracklet.split == "query"
    } == {(pid, camid) for pid in (4, 5, 6) for camid in (0, 1)}


@pytest.mark.parametrize("layout", ["ilids-vid", "prid-2011"])
def test_two_camera_layouts_have_ten_splits(drawn, layout):
    """Each split halves the people; query is the first camera, gallery the second; splits
    differ."""
    halves = set()
    for split in range(10):
        tracklets = list(checked(read_tracklets(layout, drawn / layout, split=split)))
        by_split = {
            part: {(t.pid, t.camid) for t in tracklets if t.split == part}
            for part in ("train", "query", "gallery")
        }
        test = {pid for pid, _ in by_split["query"]}
        assert len(test) == IDS
        assert by_split["query"] == {(pid, 0) for pid in test}
        assert by_split["gallery"] == {(pid, 1) for pid in test}
        assert by_split["train"] == {
            (pid, camid) for pid in set(range(1, 7)) - test for camid in (0, 1)
        }
        halves.add(frozenset(test))
    assert len(halves) > 3
    with pytest.raises(DataError, match="no split 10; it has 10, counted from 0"):
        list(read_tracklets(layout, drawn / layout, split=10))


def test_the_two_readings_of_ilids_are_opposite(drawn):
    """What is test when the first half is test, is training when the first half is training."""
    parts = []
    for first_half in ("test", "train"):
        protocol = PROTOCOL.model_copy(update={"first_half": first_half})
        tracklets = list(reader_of("ilids-vid", 3, protocol)(drawn / "ilids-vid"))
        train = {tracklet.pid for tracklet in tracklets if tracklet.split == "train"}
        parts.append({"train": train, "test": {tracklet.pid for tracklet in tracklets} - train})
    assert parts[0]["train"] == parts[1]["test"]
    assert parts[0]["test"] == parts[1]["train"]


@pytest.mark.parametrize(("behind", "count"), [("kept", 3), ("lost", 2)])
def test_duke_frames_behind_a_gap(drawn, tmp_path, behind, count):
    """Of frames 1, 2 and 5: all of them, or those numbered 1 to 3, as the field looks for them."""
    folder = tmp_path / "train/0001/0001"
    folder.mkdir(parents=True)
    for number in (1, 2, 5):
        (folder / f"0001_C6_F{number:04}_X{number:05}.jpg").touch()
    for part in ("query", "gallery"):
        shutil.copytree(drawn / "dukemtmc-videoreid" / part, tmp_path / part)
    protocol = PROTOCOL.model_copy(update={"frames_behind_gaps": behind})
    tracklet = next(reader_of("dukemtmc-videoreid", 0, protocol)(tmp_path))
    assert len(tracklet.frames) == count


DUKE_FRAME = "train/0001/0001/{}_F0001_X00012.jpg"
ILIDS = "i-LIDS-VID/sequences"


@pytest.mark.parametrize(
    ("layout", "old", "new", "complaint"),
    [
        (
            "dukemtmc-videoreid",
            DUKE_FRAME.format("0001_C1"),
            DUKE_FRAME.format("0001_C2"),
            r"cameras \[1, 2\]",
        ),
        (
            "dukemtmc-videoreid",
            DUKE_FRAME.format("0001_C1"),
            DUKE_FRAME.format("0002_C1"),
            "not named like a frame",
        ),
        ("dukemtmc-videoreid", "query", "queries", "query: missing"),
        ("ilids-vid", f"{ILIDS}/cam2/person003", f"{ILIDS}/cam2/person009", "different people"),
        (
            "ilids-vid",
            "train-test people splits",
            "splits",
            "train_test_splits_ilidsvid.mat: missing",
        ),
        (
            "prid-2011",
            "multi_shot/cam_b/person_0002",
            "multi_shot/cam_b/person_0200",
            "person_0002: missing",
        ),
        ("prid-2011", "splits_prid2011.json", "splits.json", "splits_prid2011.json: missing"),
        ("ls-vid", "tracklet_train/0001", "tracklet_train/0009", "tracklet_train/0001: missing"),
        ("ls-vid", "test/data/info_test.mat", "test/data/info.mat", "info_test.mat: missing"),
    ],
)
def test_what_is_wrong_is_named(copied, layout, old, new, complaint):
    """A file that has moved, or is named for another person or camera, is found and named."""
    root = copied(layout)
    (root / old).rename(root / new)
    with pytest.raises(DataError, match=complaint):
        list(read_tracklets(layout, root))


def test_split_file_of_other_people_is_refused(copied):
    """An iLIDS split file that does not list everyone once is not about these people."""
    root = copied("ilids-vid")
    path = root / "train-test people splits/train_test_splits_ilidsvid.mat"
    orders = loadmat(path)["ls_set"]
    orders[0, 0] = orders[0, 1]
    savemat(path, {"ls_set": orders.astype(np.uint16)})
    with pytest.raises(DataError, match="does not list each of 6 people once in 10 splits"):
        list(read_tracklets("ilids-vid", root))


@pytest.mark.skipif(
    "DCCT_PRID_SPLITS" not in os.environ, reason="set DCCT_PRID_SPLITS to splits_prid2011.json"
)
def test_real_splits_of_prid(tmp_path):
    """The real file gives ten splits of 89 and 89 people, 178 in all."""
    shutil.copy(os.environ["DCCT_PRID_SPLITS"], tmp_path / "splits_prid2011.json")
    splits = json.loads((tmp_path / "splits_prid2011.json").read_text())
    people = {name for split in splits for part in split.values() for name in part}
    assert len(people) == 178
    for camera in ("cam_a", "cam_b"):
        for person in people:
            (tmp_path / "multi_shot" / camera / person).mkdir(parents=True)
            (tmp_path / "multi_shot" / camera / person / "0001.png").touch()
    for split in range(10):
        found = count(checked(read_tracklets("prid-2011", tmp_path, split=split)))
        assert (found["train_ids"], found["query_tracklets"], found["gallery_tracklets"]) == (
            89,
            89,
            89,
        )
        assert found["train_tracklets"] == 178
