"""The status of a data set: what is missing, and the next command, at every stage."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dcct.config.dataset import Archive, Expected
from dcct.pipeline.steps import read_pipeline
from dcct.provenance.status import status_of


@pytest.fixture
def status(tmp_path, root, monkeypatch):
    """status(name, **changes of its config) with data and results under tmp_path."""
    monkeypatch.chdir(tmp_path)

    def look(name, **changes):
        pipeline = read_pipeline(root / "config/paper.yaml")
        dataset = pipeline.dataset(name).model_copy(update=changes)
        monkeypatch.setattr(pipeline, "dataset", lambda _: dataset)
        return status_of(pipeline, name)

    return look


def test_next_command_follows_the_state(status, tmp_path, root):
    """Drawn sets are drawn, published ones fetched under accepted terms, all others asked for by
    hand; the command names the profile, which must name the set."""
    profile = f"--configfile {root / 'config/paper.yaml'}"
    drawn = status("walkers-test").next
    assert drawn == f"add it to datasets, then dcct source walkers-test {profile}"
    terms = f"accept_license: true, then dcct source prid-2011 {profile}"
    assert status("prid-2011").next == terms
    assert status("prid-2011", accept_license=True).next == f"dcct source prid-2011 {profile}"
    assert status("dukemtmc-videoreid").next.startswith("nothing here fetches it")
    for need in ("train", "query", "gallery"):
        (tmp_path / "duke" / need).mkdir(parents=True)
    linked = status("dukemtmc-videoreid", path=str(tmp_path / "duke")).next
    assert linked == f"dcct source dukemtmc-videoreid {profile}"
    archive = Archive(name="bbox.zip", urls=[], bytes=None, md5=None, claim="published")
    assert status("mars", archives=[archive]).next.startswith("ask its authors")
    (tmp_path / "data/archives").mkdir(parents=True)
    (tmp_path / "data/archives/bbox.zip").touch()
    given = status("mars", archives=[archive], accept_license=True)
    assert given.next == f"dcct source mars {profile}"


def test_what_source_would_refuse_is_not_next(status, tmp_path):
    """A `path` where nothing lies, a layout that nobody reads, a link that leads nowhere."""
    (tmp_path / "duke/train").mkdir(parents=True)
    for path, lacks in (("nowhere", "folder"), ("duke", "query, gallery")):
        said = status("dukemtmc-videoreid", path=path).next
        assert said.startswith(f"no {lacks} at {path}: put `path` right in ")
        assert said.endswith("datasets/dukemtmc-videoreid.yaml")
    assert status("mars", layout="folder").next.endswith("prid-2011, ls-vid, folders")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/prid-2011").symlink_to(tmp_path / "gone")
    said = status("prid-2011", accept_license=True).next
    assert said == "data/prid-2011 is a link to nothing: put the set where it leads, or delete it"


def test_incomplete_folder_is_not_in_place(status, tmp_path):
    """What is missing is named; a complete folder is to be taken in."""
    (tmp_path / "data/mars/bbox_train").mkdir(parents=True)
    assert status("mars").here == "no bbox_test, info"
    for name in ("bbox_test", "info"):
        (tmp_path / "data/mars" / name).mkdir()
    found = status("mars")
    assert (found.here, found.verified) == ("yes", "no")
    assert found.next.startswith("dcct source mars")


def test_other_settings_are_told(tmp_path, root, monkeypatch):
    """A set that was put there, or verified, under other settings is not ready: the next command
    makes it so."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(root / "config", "config")
    file = Path("config/datasets/walkers-test.yaml")
    smaller = {"train_ids": 2, "test_ids": 1, "frames": 2, "distractors": 0, "junk": 0}
    text = file.read_text().split("expected:")[0]
    for name, number in smaller.items():
        text = re.sub(rf"\n  {name}: \d+", f"\n  {name}: {number}", text)
    unknown = "".join(f"  {name}: null\n" for name in Expected.model_fields)
    file.write_text(f"{text}expected:\n{unknown}")

    def status():
        return status_of(read_pipeline(Path("config/test.yaml")), "walkers-test")

    def make(verb):
        assert status().next == f"dcct {verb} walkers-test --configfile config/test.yaml"
        done = subprocess.run([sys.executable, "-m", *status().next.split()], env=environment)
        assert done.returncode == 0

    environment = os.environ | {"PYTHONPATH": str(root)}
    make("source")
    make("verify")
    assert status().next == "ready"
    file.write_text(file.read_text().replace("  train_ids: null", "  train_ids: 2"))
    assert (status().here, status().verified) == ("yes", "no")
    make("verify")
    assert status().counts == "1 of 1 as expected"
    file.write_text(file.read_text().replace("  frames: 2", "  frames: 3"))
    found = status()
    assert (found.here, found.verified) == ("put there under other settings", "no")
    assert found.next.startswith("dcct source walkers-test")
