"""Getting a data set: only under accepted terms, only from where it may be had, whole or not at
all."""

import hashlib
import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console

from dcct.config.dataset import Archive, Dataset
from dcct.config.load import load_dataset
from dcct.datasets.source import obtain
from dcct.errors import DataError, DcctError
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
    threading.Thread(target=server.serve_forever, daemon=True).start()
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
