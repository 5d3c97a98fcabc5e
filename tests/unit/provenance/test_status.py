"""The status of a data set: what is missing, and the next command, at every stage."""

import pytest

from dcct.config.dataset import Archive
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


def test_next_command_follows_the_state(status, tmp_path):
    """Drawn sets are drawn, published ones fetched under accepted terms, all others asked for by
    hand."""
    assert status("walkers-test").next == "dcct source walkers-test"
    assert status("prid-2011").next == "accept_license: true, then dcct source prid-2011"
    assert status("prid-2011", accept_license=True).next == "dcct source prid-2011"
    assert status("dukemtmc-videoreid").next.startswith("nothing here fetches it")
    assert status("dukemtmc-videoreid", path="/mnt/duke").next == "dcct source dukemtmc-videoreid"
    archive = Archive(name="bbox.zip", urls=[], bytes=None, md5=None, claim="published")
    assert status("mars", archives=[archive]).next.startswith("ask its authors")
    (tmp_path / "data/archives").mkdir(parents=True)
    (tmp_path / "data/archives/bbox.zip").touch()
    assert status("mars", archives=[archive], accept_license=True).next == "dcct source mars"


def test_incomplete_folder_is_not_in_place(status, tmp_path):
    """What is missing is named; a complete folder that was not verified is to be verified."""
    (tmp_path / "data/mars/bbox_train").mkdir(parents=True)
    assert status("mars").here == "no bbox_test, info"
    for name in ("bbox_test", "info"):
        (tmp_path / "data/mars" / name).mkdir()
    found = status("mars")
    assert (found.here, found.verified, found.next) == ("yes", "no", "dcct verify mars")
