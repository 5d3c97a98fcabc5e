"""Folders as labels: whatever they are called, people and cameras are told apart as their names
say, or one line says which name stands in the way."""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.config.dataset import Expected
from dcct.config.load import load_dataset
from dcct.datasets.listing import read_listing
from dcct.datasets.manifest import identities_in, read_manifest, write_manifest
from dcct.datasets.readers import numbers_of, read_tracklets, reader_of
from dcct.datasets.tracklet import Tracklet, checked
from dcct.datasets.verification import readable_report
from dcct.datasets.verify import verify
from dcct.errors import DataError
from dcct.runtime.progress import Progress

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "60"))
SMALL = ("query/1/a/t/1.jpg", "gallery/1/b/t/1.jpg")


def written(root: Path, *paths: str) -> Path:
    """A folder that holds these files; what ends with a slash is a folder."""
    for path in paths:
        (root / path if path.endswith("/") else (root / path).parent).mkdir(
            parents=True, exist_ok=True
        )
        if not path.endswith("/"):
            (root / path).touch()
    return root


def read(root: Path) -> list[Tracklet]:
    return list(checked(read_tracklets("folders", root)))


def labels(root: Path) -> list[tuple[str, int, int]]:
    return [(one.split, one.pid, one.camid) for one in read(root)]


def test_names_are_numbered_in_natural_order_over_all_parts(tmp_path):
    """p2 before p10, wherever they stand; cameras of train count too; distractors are 0."""
    root = written(
        tmp_path,
        *("train/p10/door/t/1.jpg", "query/anna/hall/t/1.jpg", "gallery/anna/Yard/t/1.jpg"),
        *("gallery/p2/door/t/1.jpg", "gallery/Distractor/hall/t/1.jpg"),
    )
    assert labels(root) == [
        ("train", 3, 0),
        ("query", 1, 1),
        ("gallery", 0, 1),
        ("gallery", 1, 2),
        ("gallery", 2, 0),
    ]


def test_numbers_keep_their_number(tmp_path):
    """Where all identities are numbers, beside distractors; cameras are numbered all the same."""
    root = written(tmp_path, *SMALL, "gallery/0007/5/t/1.jpg", "gallery/distractor/5/t/1.jpg")
    assert labels(root)[1:] == [("gallery", 0, 0), ("gallery", 1, 2), ("gallery", 7, 0)]


def test_a_set_without_train_is_tested_on_alone(tmp_path, drawn):
    """It is verified and listed; who would train on it is told what it is good for."""
    root = Path(shutil.copytree(drawn / "folders", tmp_path / "set"))
    shutil.rmtree(root / "train")
    found = verify(config("folders"), root, tmp_path / "frames.parquet", Progress())
    assert found.counts["train_ids"] == [0]
    write_manifest(reader_of("folders")(root), tmp_path / "frames.parquet", tmp_path)
    with pytest.raises(DataError, match="name it as `test` under `cross`"):
        identities_in(tmp_path)


@pytest.mark.parametrize(
    ("paths", "complaint"),
    [
        (["gallery/1/b/loose.JPG"], "gallery/1/b/loose.JPG: lies outside of a tracklet"),
        (["gallery/1/0001.png"], "gallery/1/0001.png: lies outside of a tracklet"),
        (["gallery/1/b/t/deeper/1.jpg"], "t/deeper: is a folder in a tracklet"),
        (["gallery/1/b/empty/"], "gallery/1/b/empty: holds no .jpg or .png image"),
        (["gallery/1/b/texts/1.txt"], "gallery/1/b/texts: holds no .jpg or .png image"),
        (["gallery/2/"], "gallery/2: holds no folders"),
        (["train/"], "train: holds no folders"),
        (["Train/2/a/t/1.jpg"], "Train: is none of train, query, gallery"),
        (["gallery/01/b/t/1.jpg"], "holds 01 and 1: which is it"),
        (["train/01/b/t/1.jpg"], "holds 01 and 1: which is it"),
        (["gallery/2/B/t/1.jpg"], "holds B and b: which is it"),
        (["gallery/é/b/t/1.jpg", "train/e\u0301/b/t/1.jpg"], "which is it"),
        (["gallery/1/b/t/01.jpg"], "holds 01.jpg and 1.jpg: which is it"),
        (["train/1/a/t/1.jpg"], "1: in train and in query or gallery"),
        (["query/distractor/a/t/1.jpg"], "query/distractor: is the name of distractors"),
        (["train/0/a/t/1.jpg"], "train/0: is the name of distractors"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, paths, complaint):
    """A file at another depth, an empty folder, a name in two spellings or in a part where it
    cannot be: where, in one line."""
    with pytest.raises(DataError, match=complaint) as error:
        read(written(tmp_path, *SMALL, *paths))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("part", ["query", "gallery"])
def test_a_part_that_is_needed_is_missed(tmp_path, part):
    """Nobody can be looked for, or found, without it."""
    root = written(tmp_path, *SMALL)
    shutil.rmtree(root / part)
    with pytest.raises(DataError, match=f"{part}: missing: people who are looked for"):
        read(root)


def test_what_is_no_image_is_passed_over(tmp_path):
    """Notes, lists and other files, at any depth; links are followed."""
    root = written(tmp_path / "set", *SMALL)
    before = read(root)
    written(root, "notes.txt", "gallery/list.csv", "gallery/1/a.md", "gallery/1/b/t/1.txt")
    assert read(root) == before
    (root / "gallery/1").rename(tmp_path / "elsewhere")
    (root / "gallery/1").symlink_to(tmp_path / "elsewhere")
    assert read(root) == before


def config(layout: str):
    """A drawn set's config in a layout, without expected counts."""
    dataset = load_dataset("walkers-test", Path(__file__).parents[3] / "config/test.yaml")
    return dataset.model_copy(update={"layout": layout, "expected": Expected()})


def test_the_report_says_which_folder_got_which_number(tmp_path, drawn):
    """Every folder that is not named by its number stands there, in cells that nothing breaks."""
    root = Path(shutil.copytree(drawn / "folders", tmp_path / "set"))
    for part in ("query", "gallery"):
        (root / part / "0004").rename(root / part / "a|b\n")
    found = verify(config("folders"), root, tmp_path / "frames.parquet", Progress())
    report = readable_report(config("folders"), root, found)
    assert numbers_of("folders", root)["identities"]["a|b\n"] == 6
    assert "\n| a\\|b\\n | 6 |\n" in report
    assert "\n| distractor | 0 |\n" in report
    assert "\n| camera2 | 1 |\n" in report


def manifest_of(layout: str, root: Path, folder: Path) -> list[tuple]:
    """Split, identity, camera and the digests of all frames of each tracklet."""
    listing = folder / f"{layout}.parquet"
    verify(config(layout), root, listing, Progress())
    write_manifest(reader_of(layout)(root), listing, folder)
    digests = [md5 for batch in read_listing(listing, ["md5"]) for md5 in batch["md5"].to_pylist()]
    return [
        (
            row["split"],
            row["pid"],
            row["camid"],
            tuple(digests[row["first_frame"] : row["first_frame"] + row["frames"]]),
        )
        for row in read_manifest(folder).to_pylist()
    ]


def test_people_in_folders_are_those_in_mars_layout(tmp_path, drawn):
    """The same tracklets; those for training in the same order, so that every draw of a training
    is. In tests, MARS lists queries among the gallery, folders before it."""
    mars, folders = (
        manifest_of(layout, drawn / layout, tmp_path) for layout in ("mars", "folders")
    )
    assert sorted(mars) == sorted(folders)
    first = [[row for row in rows if row[0] == "train"] for rows in (mars, folders)]
    assert first[0] == first[1]


NAMES = st.one_of(
    st.sampled_from(
        ["0", "1", "01", "10", "a", "A", "é", "e\u0301", "distractor", "1.jpg", "²", "１"]
    ),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
        lambda name: name not in (".", "..") and len(name.encode()) < 200
    ),
)
PARTS = st.sampled_from(["train", "query", "gallery", "query", "gallery", "Query"])
FILES = st.lists(
    st.one_of(
        st.tuples(PARTS, NAMES, NAMES, NAMES, st.sampled_from(["1.jpg", "2.PNG", "1.txt"])),
        st.tuples(PARTS, NAMES, NAMES, NAMES),
        st.tuples(PARTS, NAMES, NAMES),
    ),
    max_size=5,
)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 60)
@given(FILES)
def test_any_tree_is_read_right_or_refused(tmp_path_factory, files):
    """Two tracklets have one identity (or camera) exactly where their folders have one name, and
    distractors alone have 0, which is a name like others where not all are numbers; every image in
    sight belongs to one tracklet. Else, one line."""
    root = written(tmp_path_factory.mktemp("tree"), *SMALL)
    for names in files:
        with suppress(OSError):  # a file where a folder is wanted
            written(root, "/".join(names))
    tracklets, refused = [], ""
    try:
        tracklets = read(root)
    except DataError as error:
        refused = str(error)
    assert refused.isprintable()
    if refused:
        return
    people = {one.frames[0].split("/")[1] for one in tracklets}
    strangers = {name for name in people if name.lower() in ("distractor", "distractors")}
    if all(re.fullmatch("[0-9]{1,9}", name) for name in people - strangers):
        strangers |= {name for name in people if not name.strip("0")}
    named = [(*one.frames[0].split("/")[1:3], one) for one in tracklets]
    for person, camera, one in named:
        assert (one.pid == 0) == (person in strangers)
        for other_person, other_camera, other in named:
            both = 0 in (one.pid, other.pid)
            assert both or (one.pid == other.pid) == (person == other_person)
            assert (one.camid == other.camid) == (camera == other_camera)
    seen = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.name.lower().endswith((".jpg", ".png"))
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    }
    assert sorted(seen) == sorted(frame for one in tracklets for frame in one.frames)
