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
from dcct.datasets.folders import folders_in
from dcct.datasets.readers import reader_of
from dcct.datasets.tracklet import checked, count
from dcct.errors import DataError

IDS = 3
PROTOCOL = Protocol(
    gallery_includes_queries=False, drop_same_camera=True, clip_cap=200, first_half="test"
)


@pytest.mark.parametrize("layout", ["mars", "dukemtmc-videoreid", "ls-vid", "folders"])
def test_many_camera_layouts_say_the_same(drawn, layout):
    """One set of people in four layouts: the same counts, every frame on disk, identities and
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


FRAMES = {
    "dukemtmc-videoreid": ("train/0001/0001", "0001_C1_F{0}_X{0}.jpg"),
    "ilids-vid": (f"{ILIDS}/cam1/person001", "cam1_person001_{0}.png"),
    "prid-2011": ("multi_shot/cam_a/person_0001", "{0}.png"),
    "ls-vid": ("tracklet_train/0001", "0001_01_01_0001_{0}.jpg"),
    "folders": ("train/0001/camera1/0001", "{0}.jpg"),
}
"""Layout → a tracklet's folder, and the name of its frames."""


def renumbered(root, layout, change=str) -> None:
    """Name the four frames of a tracklet 1, 2, 10, 100."""
    folder, name = FRAMES[layout]
    four = sorted((root / folder).iterdir())[:4]
    for number, path in zip((1, 2, 10, 100), four, strict=True):
        path.rename(path.with_name(change(name.format(number))))


def frames_of(root, layout):
    """Names of that tracklet's frames, as they are read."""
    folder, _ = FRAMES[layout]
    read = (tracklet.frames for tracklet in read_tracklets(layout, root))
    return next(
        [frame.split("/")[-1] for frame in frames] for frames in read if folder in frames[0]
    )


@pytest.mark.parametrize("layout", FRAMES)
@pytest.mark.parametrize("change", [str, lambda name: name[:-4] + name[-4:].upper()])
def test_frames_are_in_the_order_of_their_numbers(copied, layout, change):
    """Without leading zeros 10 comes after 2, and endings may be in upper case."""
    root = copied(layout)
    renumbered(root, layout, change)
    names = [change(FRAMES[layout][1].format(number)) for number in (1, 2, 10, 100)]
    assert frames_of(root, layout) == names


@pytest.mark.parametrize("layout", FRAMES)
def test_hidden_files_are_no_frames(copied, layout):
    """What macOS, Windows and network disks add is no frame, person or tracklet."""
    root = copied(layout)
    folder, _ = FRAMES[layout]
    before = frames_of(root, layout)
    for place in (root / folder, (root / folder).parent):
        (place / f"._{before[0]}").write_bytes(b"x")
        (place / ".DS_Store").write_bytes(b"x")
        (place / "Thumbs.db").write_bytes(b"x")
        (place / "@eaDir").mkdir()
        (place / ".hidden").mkdir()
    assert frames_of(root, layout) == before


def spoil_by_a_folder(folder, name):
    (folder / name.format(7)).mkdir()


def spoil_by_a_twin(folder, name):
    first = min(folder.iterdir())
    shutil.copy(first, first.with_suffix(".JPEG"))


def spoil_by_a_link(folder, name):
    (folder / name.format(7)).symlink_to("nowhere")


def spoil_by_bytes(folder, name):
    os.rename(min(folder.iterdir()), os.fsencode(folder / name.format("7\udcff")))


@pytest.mark.parametrize("layout", FRAMES)
@pytest.mark.parametrize(
    "spoil", [spoil_by_a_folder, spoil_by_a_twin, spoil_by_a_link, spoil_by_bytes]
)
def test_what_cannot_be_a_frame_is_refused(copied, layout, spoil):
    """A folder named like a frame, one frame in two files, a link to nothing, a name in no known
    letters."""
    root = copied(layout)
    folder, name = FRAMES[layout]
    spoil(root / folder, name)
    with pytest.raises(DataError, match=r"^[^\n\ud800-\udfff]*$"):
        list(read_tracklets(layout, root))


def test_names_are_compared_whole(tmp_path):
    """Only an image's ending is none of its name: a.1, a.2 and a.10 are three folders, in order."""
    for name in ("a.10", "a.2", "a.1"):
        (tmp_path / name).mkdir()
    assert folders_in(tmp_path) == ["a.1", "a.2", "a.10"]


METADATA = {
    "mars": ["info/train_name.txt", "info/tracks_test_info.mat", "info/query_IDX.mat"],
    "ilids-vid": ["train-test people splits/train_test_splits_ilidsvid.mat"],
    "prid-2011": ["splits_prid2011.json"],
    "ls-vid": ["list_sequence/list_seq_test.txt", "test/data/info_test.mat"],
}


def as_pipe(path):
    path.unlink()
    os.mkfifo(path)


def as_endless(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def as_folder(path):
    path.unlink()
    path.mkdir()


def as_numbers(path):
    savemat(path, {name: [[0.5]] for name in ("track_test_info", "query_IDX", "ls_set")})


SPOILS = {
    "pipe": as_pipe,
    "endless": as_endless,
    "folder": as_folder,
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(bytes(range(256))),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "huge": lambda path: os.truncate(path, 1 << 40),
    "numbers": as_numbers,
}


@pytest.mark.parametrize(
    ("layout", "file"), [(layout, file) for layout, files in METADATA.items() for file in files]
)
@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_metadata_that_are_none_are_refused(copied, layout, file, spoil):
    """At once, in one line, whatever stands in their place."""
    root = copied(layout)
    spoil(root / file)
    with pytest.raises(DataError, match=r"^[^\n]*$"):
        list(read_tracklets(layout, root))


def test_a_list_cannot_lead_out_of_the_folder(copied):
    """Frames are below the data set's folder, whatever its lists say."""
    root = copied("ls-vid")
    path = root / "list_sequence/list_seq_train.txt"
    path.write_text("../other/0001_01_01_0001_ 1\n" + path.read_text())
    with pytest.raises(DataError, match="leads out of the data set's folder"):
        list(read_tracklets("ls-vid", root))


SPLITS = [
    *([], {}, 1, None, "x", [1], [None], [[]], ["x"], [{}], [{"train": []}]),
    *([{"train": 1, "test": 2}], [{"train": "ab", "test": "cd"}], [{"train": [1], "test": [2]}]),
    [{"train": ["person_1\n"], "test": ["person_2"]}],
    [{"train": ["person_1", "person_01"], "test": ["person_2"]}],
    [{"train": ["../person_1"], "test": ["person_\ud800"]}],
    [{"train": ["person_99999999999"], "test": ["person_0002"]}],
]


@pytest.mark.parametrize("content", SPLITS)
def test_splits_of_any_shape_are_refused(copied, content):
    """Whatever JSON can say that is no list of splits of people."""
    root = copied("prid-2011")
    (root / "splits_prid2011.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"^[^\n\ud800-\udfff]*$"):
        list(checked(read_tracklets("prid-2011", root)))


@pytest.mark.parametrize("column", [2, 3])
@pytest.mark.parametrize("value", [-5, 0, 2**40])
def test_impossible_numbers_of_mars_are_refused(copied, column, value):
    """An identity or camera that cannot be one, even where frames are named after it."""
    root = copied("mars")
    rows = loadmat(root / "info/tracks_train_info.mat")["track_train_info"].astype(np.int64)
    rows[0, column] = value
    savemat(root / "info/tracks_train_info.mat", {"track_train_info": rows})
    with pytest.raises(DataError, match=r"^[^\n]*$"):
        list(checked(read_tracklets("mars", root)))


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
