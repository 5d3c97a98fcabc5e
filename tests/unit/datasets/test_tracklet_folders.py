"""Folders of tracklets that nobody has labelled."""

import pytest

from dcct.datasets.tracklet_folders import TrackletFolder, found_in
from dcct.errors import DataError


def fill(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def test_everything_goes_by_its_numbers(tmp_path):
    """Cameras, tracklets and frames in the order of the numbers in their names; what systems put
    beside them is left out."""
    fill(tmp_path, "cam10/a/1.jpg", "cam2/t10/1.png", "cam2/t9/10.jpg", "cam2/t9/2.jpg")
    fill(tmp_path, "cam2/Thumbs.db", "cam2/t9/.hidden.jpg", "notes.txt")
    assert found_in(tmp_path)[1] == [
        TrackletFolder("cam2", "t9", ("cam2/t9/2.jpg", "cam2/t9/10.jpg")),
        TrackletFolder("cam2", "t10", ("cam2/t10/1.png",)),
        TrackletFolder("cam10", "a", ("cam10/a/1.jpg",)),
    ]


@pytest.mark.parametrize(("below", "count"), [("", 3), ("cam2", 2), ("cam2/t9", 1)])
def test_a_part_of_the_tree_is_called_as_in_the_whole(tmp_path, below, count):
    """One camera's folder, or one tracklet's: the same names and paths below the same root."""
    fill(tmp_path, "cam1/a/1.jpg", "cam2/t9/1.jpg", "cam2/t10/1.jpg")
    root, found = found_in(tmp_path / below)
    assert root == tmp_path
    assert len(found) == count
    assert set(found) <= set(found_in(tmp_path)[1])


@pytest.mark.parametrize(
    ("paths", "complaint"),
    [
        ([], "holds no folders"),
        (["cam/1.jpg", "cam/t/1.jpg"], "cam: holds images, such as 1.jpg, and folders, such as t"),
        (["cam/t/notes.txt"], "cam/t: holds no images"),
        (["cam/t/1.jpg", "cam/t/01.jpg"], "holds 01.jpg and 1.jpg: which is it?"),
    ],
)
def test_what_is_no_such_tree_is_one_line(tmp_path, paths, complaint):
    """It names the folder that is not as it should be."""
    with pytest.raises(DataError, match=complaint):
        found_in(fill(tmp_path, *paths))


@pytest.mark.parametrize(("name", "what"), [("door.mp4", "is a file"), ("gone", "no such folder")])
def test_a_video_or_nothing_is_told_what_to_name(tmp_path, name, what):
    """The line says what is expected, and what makes it."""
    fill(tmp_path, "door.mp4")
    with pytest.raises(DataError, match=f"{name}: {what}: name a folder .*`dcct crop`"):
        found_in(tmp_path / name)
