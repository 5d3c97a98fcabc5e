"""What a labelled sample says of distances, and samples that say nothing."""

import shutil

import pytest

from dcct.errors import DataError
from dcct.files import read_json
from dcct.find.calibrate import calibrate
from dcct.runtime.progress import Progress

PEOPLE = 5


@pytest.fixture(scope="module")
def model(model_into, tmp_path_factory):
    return model_into(tmp_path_factory.mktemp("model") / "dcct")


@pytest.fixture(scope="module")
def sample(draw_into, tmp_path_factory):
    root = tmp_path_factory.mktemp("sample")
    for person in range(PEOPLE):
        for camera in (1, 2):
            draw_into(root / f"p{person}" / f"cam{camera}" / "1", person + 1, camera)
    return root


def test_everybody_is_one_person(model, sample, tmp_path):
    """As many people are counted as have a folder, the first of them too: intervals rest on it."""
    calibrate(model, sample, tmp_path / "found.json", "begin", Progress())
    row = read_json(tmp_path / "found.json", "dcct calibrate")["rows"][0]
    assert row["identities"] == PEOPLE
    assert row["true_pairs"] == 2 * PEOPLE


def test_tracklets_without_people_are_refused(model, sample, tmp_path):
    """What `dcct crop` cuts out is no labelled sample: the line says how to make it one."""
    cut = shutil.copytree(sample / "p0", tmp_path / "cut")
    with pytest.raises(DataError, match="<person>/<camera>/<tracklet>/, by who is who"):
        calibrate(model, cut, tmp_path / "found.json", "begin", Progress())
    assert not (tmp_path / "found.json").exists()
