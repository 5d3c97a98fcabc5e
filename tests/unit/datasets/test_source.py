"""Getting a data set: only under accepted terms, only from where it may be had, whole or not at
all."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from dcct.config.dataset import Archive, Dataset
from dcct.config.load import load_dataset
from dcct.datasets.record import record_file
from dcct.datasets.source import changed_since, obtain
from dcct.errors import DataError, DcctError
from dcct.runtime.lock import only_one
from dcct.runtime.progress import Progress


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def served(drawn, tmp_path):
    """The address of a server that has iLIDS.zip, with the drawn people in that layout inside a
    folder."""
    (tmp_path / "www").mkdir()
    shutil.make_archive(str(tmp_path / "www/iLIDS"), "zip", drawn, "ilids-vid")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "www"))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/iLIDS.zip"
    server.shutdown()
    server.server_close()


@pytest.fixture
def ilids(served, root):
    """make(**changes of the archive): iLIDS-VID's config with that server as its source and its
    terms accepted."""

    def make(**changes) -> Dataset:
        archive = {
            "name": "iLIDS.zip",
            "urls": [served],
            "bytes": None,
            "md5": None,
            "claim": "published",
        }
        dataset = load_dataset("ilids-vid", root / "config/paper.yaml")
        return dataset.model_copy(
            update={"archives": [Archive(**archive | changes)], "accept_license": True}
        )

    return make


def get(dataset, tmp_path):
    return obtain(dataset, tmp_path / "data/set", tmp_path / "data/archives", Progress())


def test_archive_is_fetched_and_unpacked(ilids, drawn, tmp_path):
    """What was served lies in the set's folder, file by file, and its digests are recorded."""
    facts = get(ilids(), tmp_path)
    expected = {path.relative_to(drawn / "ilids-vid") for path in (drawn / "ilids-vid").rglob("*")}
    assert {
        path.relative_to(tmp_path / "data/set") for path in (tmp_path / "data/set").rglob("*")
    } == expected
    content = (tmp_path / "data/archives/iLIDS.zip").read_bytes()
    assert facts["archives"]["iLIDS.zip"]["sha256"] == hashlib.sha256(content).hexdigest()


def test_nothing_is_fetched_before_the_terms_are_accepted(ilids, tmp_path):
    """The terms are shown, with what to do, and no byte was fetched."""
    with pytest.raises(
        DataError, match=r"comes with terms: No licence text .* set accept_license: true"
    ):
        get(ilids().model_copy(update={"accept_license": False}), tmp_path)
    assert not (tmp_path / "data").exists()


def test_archive_put_there_by_hand_is_used(ilids, served, tmp_path):
    """Without an address, an archive in the archives folder is unpacked; without one, a line says
    where to put it."""
    with pytest.raises(
        DataError, match=r"iLIDS-VID is missing .*; or put iLIDS.zip into .*archives"
    ):
        get(ilids(urls=[]), tmp_path)
    (tmp_path / "data/archives").mkdir(parents=True)
    shutil.copy(tmp_path / "www/iLIDS.zip", tmp_path / "data/archives")
    assert get(ilids(urls=[]), tmp_path)["how"] == "unpacked"


def test_wrong_digest_of_its_publisher_stops(ilids, tmp_path):
    """A published digest that does not match stops before anything is unpacked."""
    with pytest.raises(DataError, match=r"md5 .*, but 1234 was expected"):
        get(ilids(md5="1234"), tmp_path)
    assert not (tmp_path / "data/set").exists()


def test_wrong_digest_of_a_single_source_warns(ilids, tmp_path, capsys):
    """A claim of one source that does not match is said, and ours is recorded."""
    dataset = ilids(md5="1234", claim="single source")
    facts = obtain(
        dataset, tmp_path / "data/set", tmp_path / "data/archives", Progress("source", Console())
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "but 1234 was expected (single source): going on; ours is recorded" in said
    assert len(facts["archives"]["iLIDS.zip"]["md5"]) == 32


def test_incomplete_archive_leaves_nothing(ilids, served, drawn, tmp_path):
    """An archive without what the set needs is named, and no half of it stays."""
    shutil.make_archive(str(tmp_path / "www/iLIDS"), "zip", drawn / "ilids-vid/i-LIDS-VID")
    with pytest.raises(DataError, match="hold no i-LIDS-VID/sequences, train-test people splits"):
        get(ilids(), tmp_path)
    assert os.listdir(tmp_path / "data") == ["archives"]


def test_copy_elsewhere_is_linked(root, drawn, tmp_path):
    """`path` points to an unpacked copy; one that is something else is refused."""
    dataset = load_dataset("dukemtmc-videoreid", root / "config/paper.yaml")
    with pytest.raises(DataError, match="is not DukeMTMC-VideoReID: no train, query, gallery"):
        get(dataset.model_copy(update={"path": str(drawn / "mars")}), tmp_path)
    get(dataset.model_copy(update={"path": str(drawn / "dukemtmc-videoreid")}), tmp_path)
    assert (tmp_path / "data/set/train").is_dir()


def test_withdrawn_set_can_have_no_address(root):
    """A config that would fetch DukeMTMC-VideoReID is not a config."""
    content = load_dataset("dukemtmc-videoreid", root / "config/paper.yaml").model_dump()
    archive = {
        "name": "a.zip",
        "urls": ["http://x/a.zip"],
        "bytes": None,
        "md5": None,
        "claim": "published",
    }
    with pytest.raises(
        ValueError, match="withdrawn: archives must have no urls: such a set is never fetched"
    ):
        Dataset.model_validate(content | {"archives": [archive]})


def test_full_disk_leaves_no_half_drawn_set(root, small_disk):
    """A drawn set that does not fit: the path is named and no folder stands where a set should
    be."""
    dataset = load_dataset("walkers-duke", root / "config/paper.yaml")
    with pytest.raises(DcctError, match=r"cannot be written: .*No space left on device"):
        obtain(dataset, small_disk.folder / "set", small_disk.folder / "archives", Progress())
    assert not (small_disk.folder / "set").exists()


def test_full_disk_leaves_no_half_unpacked_set(ilids, tmp_path, small_disk):
    """An archive whose contents do not fit is refused before it is unpacked: it stays, no
    half-unpacked set."""
    with pytest.raises(
        DcctError,
        match=r"iLIDS.zip: unpacks to .* bytes, but the disk has only 65,536 free: make room",
    ):
        obtain(ilids(), small_disk.folder / "set", tmp_path / "archives", Progress())
    assert not list(small_disk.folder.iterdir())
    assert (tmp_path / "archives/iLIDS.zip").is_file()


def contents(folder: Path) -> dict[str, bytes]:
    """Path below a folder → content, of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def walking(root):
    """walking(**changes): three people and what is to be drawn otherwise."""

    def make(layout="mars", **changes) -> Dataset:
        dataset = load_dataset("walkers-test", root / "config/test.yaml")
        few = {"train_ids": 2, "test_ids": 1, "cameras": 2, "frames": 2, "distractors": 0}
        spec = dataset.walkers.model_copy(update={**few, "junk": 0, **changes})
        return dataset.model_copy(update={"walkers": spec, "layout": layout})

    return make


def changed(dataset, tmp_path) -> str:
    return changed_since(dataset, tmp_path / "data/set", tmp_path / "data/archives")


def fresh(dataset, folder) -> dict[str, bytes]:
    obtain(dataset, folder / "set", folder / "archives", Progress())
    return contents(folder / "set")


@pytest.mark.parametrize(
    "change",
    [
        *({"seed": 8}, {"difficulty": 3.0}, {"jpeg_quality": 91}, {"frames": 3}),
        *({"train_ids": 1}, {"layout": "prid-2011"}),
    ],
)
def test_edited_settings_are_drawn_again(walking, tmp_path, change):
    """Any setting: what lies there is what is drawn afresh, and nothing of the old set is left."""
    get(walking(), tmp_path)
    assert changed(walking(), tmp_path) == ""
    assert changed(walking(**change), tmp_path) == "put there under other settings"
    assert get(walking(**change), tmp_path)["how"] == "drawn"
    assert contents(tmp_path / "data/set") == fresh(walking(**change), tmp_path / "fresh")
    assert sorted(os.listdir(tmp_path / "data")) == ["archives", "set"]


def test_settings_that_stay_draw_nothing(walking, tmp_path):
    """The same settings: not a file is written again, and the run record says the same."""
    first = get(walking(), tmp_path)
    before = {path: path.stat().st_ino for path in (tmp_path / "data/set").rglob("*")}
    assert get(walking(), tmp_path) == first
    assert {path: path.stat().st_ino for path in (tmp_path / "data/set").rglob("*")} == before


def test_another_drawing_is_drawn_again(walking, tmp_path):
    """The code that draws is edited: the old pictures are not taken for new ones."""
    get(walking(), tmp_path)
    file = record_file(tmp_path / "data/archives", tmp_path / "data/set")
    record = json.loads(file.read_text())
    record["wanted"]["code"] = "other"
    file.write_text(json.dumps(record))
    assert get(walking(), tmp_path)["how"] == "drawn"


def test_a_drawn_set_without_a_record_is_held_against_its_settings(walking, tmp_path):
    """Put there by hand, or by an earlier version: taken where it is what is drawn."""
    fresh(walking(), tmp_path / "other")
    shutil.copytree(tmp_path / "other/set", tmp_path / "data/set")
    with pytest.raises(DataError, match="is not what its settings draw: delete"):
        get(walking(seed=8), tmp_path)
    assert get(walking(), tmp_path) == {"how": "found in place"}
    assert get(walking(seed=8), tmp_path)["how"] == "drawn"


def linked(root, path) -> Dataset:
    dataset = load_dataset("dukemtmc-videoreid", root / "config/paper.yaml")
    return dataset.model_copy(update={"path": path and str(path)})


def test_a_changed_path_is_linked_anew(root, drawn, tmp_path):
    """The link leads where the config says; without `path`, the link that was ours is not taken
    for the user's data."""
    shutil.copytree(drawn / "dukemtmc-videoreid", tmp_path / "copy")
    get(linked(root, drawn / "dukemtmc-videoreid"), tmp_path)
    get(linked(root, tmp_path / "copy"), tmp_path)
    assert (tmp_path / "data/set").resolve() == tmp_path / "copy"
    with pytest.raises(DataError, match="is missing"):
        get(linked(root, None), tmp_path)
    assert contents(tmp_path / "copy") == contents(drawn / "dukemtmc-videoreid")


def test_what_the_user_put_there_stays(root, drawn, walking, tmp_path):
    """Whatever the settings say of other data: one line, and not a file is lost."""
    mine, other = tmp_path / "data/set", drawn / "dukemtmc-videoreid"
    shutil.copytree(other, mine)
    for dataset in (linked(root, other), walking()):
        with pytest.raises(DataError, match="data/set"):
            get(dataset, tmp_path)
    assert contents(mine) == contents(other)
    assert get(linked(root, None), tmp_path) == {"how": "found in place"}


@pytest.mark.parametrize("there", [True, False], ids=["empty", "nowhere"])
def test_a_link_of_the_user_stays(walking, tmp_path, there):
    """To a disk on which nothing lies yet, or that is not mounted: nothing is put in its place."""
    (tmp_path / "data").mkdir()
    if there:
        (tmp_path / "disk").mkdir()
    (tmp_path / "data/set").symlink_to(tmp_path / "disk")
    with pytest.raises(DataError, match="where nothing lies: put the set there, or delete the"):
        get(walking(), tmp_path)
    assert (tmp_path / "data/set").readlink() == tmp_path / "disk"


def test_what_the_user_changed_stays(ilids, tmp_path):
    """A set that was unpacked and then edited by hand is not unpacked again under other
    settings."""
    get(ilids(), tmp_path)
    (tmp_path / "data/set/mine.txt").write_text("notes")
    assert get(ilids(), tmp_path) == {"how": "found in place"}
    with pytest.raises(DataError, match="has been changed since: move it away"):
        get(ilids(claim="single source"), tmp_path)
    assert (tmp_path / "data/set/mine.txt").read_text() == "notes"


@pytest.mark.parametrize("change", ["archive", "md5"])
def test_another_archive_is_unpacked_again(ilids, served, drawn, tmp_path, change):
    """What lies there is what the archive holds, and is what the config claims."""
    first = get(ilids(), tmp_path)
    assert get(ilids(), tmp_path) == first
    archive = tmp_path / "data/archives/iLIDS.zip"
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("ilids-vid/new.txt", "new")
    content = archive.read_bytes()
    if change == "md5":
        archive.unlink()
        (tmp_path / "www/iLIDS.zip").write_bytes(content)
        md5 = hashlib.md5(content).hexdigest()
        assert get(ilids(md5=md5), tmp_path)["archives"]["iLIDS.zip"]["md5"] == md5
    else:
        get(ilids(), tmp_path)
    assert (tmp_path / "data/set/new.txt").read_text() == "new"


@pytest.mark.parametrize("length", [0, 1])
def test_another_archive_is_noticed_before_it_is_unpacked(ilids, tmp_path, length):
    """Of the same length and age, too; one that is only touched is no other."""
    get(ilids(), tmp_path)
    archive = tmp_path / "data/archives/iLIDS.zip"
    status, content = archive.stat(), archive.read_bytes()
    os.utime(archive)
    assert changed(ilids(), tmp_path) == ""
    archive.write_bytes(content[:-1] + b"\1" * (1 + length))
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changed(ilids(), tmp_path) == f"unpacked from another {archive}"
    archive.unlink()
    assert changed(ilids(), tmp_path) == ""


def test_a_failure_leaves_the_old_set(ilids, tmp_path):
    """Where the new archive is no archive, what lay there is still there."""
    get(ilids(), tmp_path)
    before = contents(tmp_path / "data/set")
    (tmp_path / "data/archives/iLIDS.zip").write_bytes(b"no archive")
    with pytest.raises(DataError, match="neither a zip nor a tar"):
        get(ilids(), tmp_path)
    assert contents(tmp_path / "data/set") == before
    assert sorted(os.listdir(tmp_path / "data")) == ["archives", "set"]


PACKINGS = {
    "as it is": "",
    "in a folder": "DukeMTMC-VideoReID/",
    "two folders deep": "data/DukeMTMC-VideoReID/",
    "three folders deep": "home/data/DukeMTMC-VideoReID/",
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_common_packings_are_found(root, drawn, tmp_path, packing, slash):
    """As macOS and Windows pack it, with a README beside: the same files arrive."""
    (tmp_path / "data/archives").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "data/archives/a.zip", "w") as archive:
        for name, content in contents(drawn / "dukemtmc-videoreid").items():
            archive.writestr((PACKINGS[packing] + name).replace("/", slash), content)
        archive.writestr("__MACOSX/._train", b"x")
        archive.writestr(f"{PACKINGS[packing]}.DS_Store", b"x")
        if PACKINGS[packing]:
            archive.writestr("README.md", b"x")
    archive = {"name": "a.zip", "urls": [], "bytes": None, "md5": None, "claim": "published"}
    accepted = {"archives": [Archive(**archive)], "accept_license": True}
    get(linked(root, None).model_copy(update=accepted), tmp_path)
    assert contents(tmp_path / "data/set") == contents(drawn / "dukemtmc-videoreid")


def test_a_set_that_is_there_twice_is_refused(root, drawn, tmp_path):
    """Nobody chooses between two copies in an archive."""
    (tmp_path / "data/archives").mkdir(parents=True)
    for copy in ("v1", "v2"):
        shutil.copytree(drawn / "dukemtmc-videoreid", tmp_path / "both" / copy)
    shutil.make_archive(str(tmp_path / "data/archives/a"), "zip", tmp_path / "both")
    archive = {"name": "a.zip", "urls": [], "bytes": None, "md5": None, "claim": "published"}
    accepted = {"archives": [Archive(**archive)], "accept_license": True}
    with pytest.raises(DataError, match="hold it in parts or twice, in v1 and v2"):
        get(linked(root, None).model_copy(update=accepted), tmp_path)


def test_a_killed_run_leaves_nothing_for_long(walking, tmp_path):
    """The next one removes what it left, whether the set is there or not."""
    for _ in range(2):
        (tmp_path / "data/.set.partial/made/bbox_train").mkdir(parents=True)
        get(walking(), tmp_path)
        assert sorted(os.listdir(tmp_path / "data")) == ["archives", "set"]


def test_two_at_once_draw_once(walking, root, tmp_path):
    """While one is at it, another waits, says so, and then finds the set in place."""
    fresh(walking(), tmp_path / "first")
    (tmp_path / "config.json").write_text(walking().model_dump_json())
    code = (
        "from pathlib import Path; from rich.console import Console\n"
        "from dcct.config.dataset import Dataset; from dcct.datasets.source import obtain\n"
        "from dcct.runtime.progress import Progress\n"
        "dataset = Dataset.model_validate_json(Path('config.json').read_text())\n"
        "obtain(dataset, Path('set'), Path('archives'), Progress('source', Console()))\n"
    )
    with only_one(record_file(tmp_path / "archives", Path("set")).parent, print):
        second = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert "waiting until it ends" in second.stdout.readline()
        shutil.copytree(tmp_path / "first", tmp_path, dirs_exist_ok=True)
    assert "set is in place" in second.communicate(timeout=60)[0]
