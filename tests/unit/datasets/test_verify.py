"""Verification names what is wrong; where the config says so, it goes on without it and says so."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from scipy.io import loadmat, savemat

from dcct.clips.frames import pack
from dcct.config.dataset import Expected
from dcct.config.load import load_dataset
from dcct.config.profile import Clips
from dcct.datasets.contents import Contents
from dcct.datasets.manifest import read_manifest, verification_of, write_manifest
from dcct.datasets.readers import reader_of
from dcct.datasets.verification import readable_report
from dcct.datasets.verify import verify
from dcct.errors import DataError, DcctError
from dcct.runtime.progress import Progress

CONFIGS = {
    "mars": "walkers-test",
    "dukemtmc-videoreid": "walkers-duke",
    "prid-2011": "walkers-prid",
}
FRAME = "bbox_train/0002/0002C1T0001F003.jpg"


@pytest.fixture
def config(root):
    """config(layout, **changes): a drawn set's config without expected counts."""

    def make(layout, **changes):
        dataset = load_dataset(CONFIGS[layout], root / "config/test.yaml")
        unknown = {"expected": Expected(**dict.fromkeys(Expected.model_fields))}
        return dataset.model_copy(update=unknown | changes)

    return make


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def delete(path: Path) -> None:
    path.unlink()


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE = [
    (truncate, "frame cannot be decoded"),
    (empty, "frame is an empty file"),
    (delete, "frame missing"),
    (make_a_folder, "frame cannot be read"),
]


@pytest.mark.parametrize(("damage", "complaint"), DAMAGE)
def test_strict_names_the_first_bad_frame(config, copied, tmp_path, damage, complaint):
    """A frame that cannot be used stops verification; its path is named, and no list of frames is
    left."""
    root = copied("mars")
    damage(root / FRAME)
    with pytest.raises(DataError, match=f"{FRAME}: {complaint}"):
        verify(config("mars"), root, tmp_path / "frames.parquet", Progress())
    assert not list(tmp_path.glob("*.parquet"))


@pytest.mark.parametrize("damage", [truncate, delete])
def test_warn_leaves_out_bad_frames_and_marks_what_follows(config, copied, tmp_path, damage):
    """The report names the frame; list, manifest and frame store go on without it; the manifest
    carries the mark."""
    root, listing = copied("mars"), tmp_path / "frames.parquet"
    dataset = config("mars", verification="warn")
    whole = verify(dataset, root, listing, Progress())
    for frame in sorted((root / "bbox_train/0001").glob("0001C1T0001*")):
        damage(frame)  # a whole tracklet
    damage(root / FRAME)
    found = verify(dataset, root, listing, Progress())
    assert (found.as_dict()["verification"], found.differences.number) == ("warned", 5)
    assert found.frames == whole.frames - 5
    assert FRAME in readable_report(dataset, root, found)
    write_manifest(reader_of("mars")(root), listing, tmp_path, "warned")
    table = read_manifest(tmp_path)
    assert verification_of(table) == "warned"
    assert sum(table["frames"].to_pylist()) == found.frames
    assert table["frames"].to_pylist().count(3) == 1
    clips = Clips(length=4, height=48, width=24, decoded=False)
    pack(listing, root, tmp_path / "store", tmp_path / "work", clips, Progress())
    assert (tmp_path / "store/frames.bin").stat().st_size == sum(
        pq.read_table(listing)["bytes"].to_pylist()
    )


def test_wrong_counts_stop_or_are_recorded(config, drawn, tmp_path):
    """The count, what was found and what was expected are named; under warn the same line is in the
    report."""
    expected = Expected(**dict.fromkeys(Expected.model_fields) | {"train_ids": 625, "cameras": 2})
    with pytest.raises(DataError, match=r"train_ids 3 instead of 625$"):
        verify(
            config("mars", expected=expected),
            drawn / "mars",
            tmp_path / "frames.parquet",
            Progress(),
        )
    lenient = config("mars", expected=expected, verification="warn")
    found = verify(lenient, drawn / "mars", tmp_path / "frames.parquet", Progress())
    assert "train_ids 3 instead of 625" in found.differences.lines[0]


def test_contradictory_metadata_always_stop(config, copied, tmp_path):
    """A frame of another camera in a tracklet has no right label: warn does not let it pass
    either."""
    root = copied("dukemtmc-videoreid")
    frame = root / "train/0001/0001/0001_C1_F0001_X00012.jpg"
    frame.rename(frame.with_name(frame.name.replace("_C1_", "_C2_")))
    with pytest.raises(DataError, match=r"train/0001/0001: frames of cameras \[1, 2\]"):
        verify(
            config("dukemtmc-videoreid", verification="warn"),
            root,
            tmp_path / "frames.parquet",
            Progress(),
        )


def test_either_reading_of_a_count_will_do_and_is_named(config, copied, tmp_path):
    """A count that sources give of two things: the report says of which it holds; of neither, an
    error."""
    root, listing = copied("dukemtmc-videoreid"), tmp_path / "frames.parquet"
    found = verify(config("dukemtmc-videoreid"), root, listing, Progress()).counts
    gallery, test = (found[name][0] for name in ("gallery_tracklets", "test_tracklets"))
    for number, held in ((gallery, "gallery tracklets"), (test, "test tracklets")):
        readings = [Expected(test_tracklets=number), Expected(gallery_tracklets=number)]
        dataset = config("dukemtmc-videoreid", either=readings)
        report = readable_report(dataset, root, verify(dataset, root, listing, Progress()))
        assert f"Found: {held} {number}." in report
    readings = [Expected(test_tracklets=1), Expected(gallery_tracklets=2)]
    with pytest.raises(DataError, match=r"instead of test tracklets 1 or gallery tracklets 2"):
        verify(config("dukemtmc-videoreid", either=readings), root, listing, Progress())


def test_person_named_twice_in_a_split_is_refused(config, copied, tmp_path):
    """A split that names one person twice would count its frames twice."""
    root = copied("prid-2011")
    splits = json.loads((root / "splits_prid2011.json").read_text())
    splits[4]["train"][0] = splits[4]["train"][1]
    (root / "splits_prid2011.json").write_text(json.dumps(splits))
    with pytest.raises(DataError, match="begins two tracklets"):
        verify(config("prid-2011"), root, tmp_path / "frames.parquet", Progress())


def test_overlapping_tracklets_are_refused(config, copied, tmp_path):
    """A frame that stands in two tracklets is named."""
    root = copied("mars")
    rows = loadmat(root / "info/tracks_train_info.mat")["track_train_info"]
    rows[0, 1] += 1
    savemat(root / "info/tracks_train_info.mat", {"track_train_info": rows})
    with pytest.raises(DataError, match=r"0001C1T0002F001\.jpg: belongs to two tracklets"):
        verify(config("mars"), root, tmp_path / "frames.parquet", Progress())


def test_all_splits_share_one_list_of_frames(config, drawn, copied, tmp_path):
    """Frames stand once in the list whatever the number of splits; people outside all splits are
    not decoded."""
    root, listing = copied("prid-2011"), tmp_path / "frames.parquet"
    for camera in ("cam_a", "cam_b"):
        stranger = root / f"multi_shot/{camera}/person_0300"
        stranger.mkdir()
        (stranger / "0001.png").write_bytes(b"not looked at")
    found = verify(config("prid-2011"), root, listing, Progress())
    assert found.counts["train_ids"] == [3] * 10
    paths = pq.read_table(listing)["path"].to_pylist()
    assert len(set(paths)) == len(paths) == 6 * 2 * 4
    assert found.files == len(paths) + 2 + 1
    for split in range(10):
        write_manifest(reader_of("prid-2011", split)(root), listing, tmp_path / str(split))
        table = read_manifest(tmp_path / str(split)).to_pylist()
        assert all(f"person_{row['pid']:04d}" in paths[row["first_frame"]] for row in table)


def test_metadata_that_change_after_verification_are_refused(config, copied, tmp_path):
    """Two identities swapped in the metadata, with every frame in its place: no manifest is made
    of what was not verified."""
    root, listing = copied("prid-2011"), tmp_path / "frames.parquet"
    found = verify(config("prid-2011"), root, listing, Progress())
    splits = json.loads((root / "splits_prid2011.json").read_text())
    splits[2]["train"], splits[2]["test"] = splits[2]["test"], splits[2]["train"]
    (root / "splits_prid2011.json").write_text(json.dumps(splits))
    for split, digest in enumerate(found.tracklets[:3]):
        tracklets, folder = reader_of("prid-2011", split)(root), tmp_path / str(split)
        if split == 2:
            with pytest.raises(DataError, match="metadata have changed since they were verified"):
                write_manifest(tracklets, listing, folder, expected=digest)
            assert not folder.exists()
        else:
            write_manifest(tracklets, listing, folder, expected=digest)


def test_digest_is_that_of_dvc(drawn, tmp_path):
    """The folder's digest is the one that `dvc add` pins."""
    shutil.copytree(drawn / "ilids-vid", tmp_path / "data")
    for command in (["dvc", "init", "--no-scm", "--quiet"], ["dvc", "add", "--quiet", "data"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    with Contents(tmp_path / "data") as contents:
        contents.add_others()
        ours = contents.digest()
    assert ours == yaml.safe_load((tmp_path / "data.dvc").read_text())["outs"][0]["md5"]


def test_what_a_link_leads_to_is_part_of_the_digest(copied):
    """Metadata in another folder count; a link back into the set does not end in a loop."""
    root = copied("mars")
    (root / "info").rename(root.parent / "elsewhere")
    (root / "info").symlink_to(root.parent / "elsewhere")
    (root / "info/loop").symlink_to(root)

    def digest() -> str:
        with Contents(root) as contents:
            contents.add_others()
            return contents.digest()

    before = digest()
    (root.parent / "elsewhere/query_IDX.mat").write_bytes(b"other")
    assert digest() != before


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_cannot_be_digested_is_refused(copied, make):
    """A pipe, or a link to nothing, anywhere in the folder: no digest without it."""
    root = copied("prid-2011")
    make(root / "odd")
    with Contents(root) as contents, pytest.raises(DataError, match="odd: is no file"):
        contents.add_others()


@contextlib.contextmanager
def without_rights():
    """Do something as a user who may read what everyone may, and no more."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_unreadable_frame_and_folder_are_named(config, drawn):
    """No permission to read a frame, or to list a folder: the path is named."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        root = shutil.copytree(drawn / "mars", Path(place) / "mars")
        (root / FRAME).chmod(0)
        with (
            without_rights(),
            pytest.raises(DataError, match=f"{FRAME}: frame cannot be read: Permission denied"),
        ):
            verify(config("mars"), root, Path(place) / "frames.parquet", Progress())
        (root / FRAME).chmod(0o644)
        (root / "info").chmod(0)
        with (
            without_rights(),
            pytest.raises(
                DcctError, match=r"info/train_name.txt: cannot be read: Permission denied"
            ),
        ):
            verify(config("mars"), root, Path(place) / "frames.parquet", Progress())


def test_full_disk_keeps_the_old_list(config, drawn, small_disk):
    """Where the new list of frames does not fit, the old one stays and the path is named."""
    listing = small_disk.folder / "frames.parquet"
    listing.write_bytes(b"old" * 21_000)
    with pytest.raises(
        DcctError, match=r"frames\.parquet: cannot be written: .*No space left on device"
    ):
        verify(config("mars"), drawn / "mars", listing, Progress())
    assert [path.name for path in small_disk.folder.iterdir()] == ["frames.parquet"]
    assert listing.read_bytes() == b"old" * 21_000


def test_full_temporary_disk_is_one_line(tmp_path, small_disk):
    """Files that are no frames are noted on disk too: a full one is named, and the variable that
    names another."""
    for number in range(12_000):
        (tmp_path / f"{'x' * 200}{number}").touch()
    code = f"""
from pathlib import Path
from dcct.datasets.contents import Contents
with Contents(Path({str(tmp_path)!r})) as contents:
    contents.add_others()
"""
    environment = os.environ | {"SQLITE_TMPDIR": str(small_disk.folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stderr.splitlines()[-1].startswith("dcct.errors.DcctError: temporary folder: ")
    assert "TMPDIR" in done.stderr
