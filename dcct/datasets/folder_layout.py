"""Reader of the layout `folders`, for data of one's own, whose folders are the labels
({train,query,gallery}/<identity>/<camera>/<tracklet>/<frame>.jpg).

Identities and cameras may have any names. A name is the same identity, or camera, wherever it
stands. Identities whose names are all numbers keep them; otherwise they are numbered from 1 in
natural order, as cameras always are. The folder `distractor` of the gallery, or 0, holds people who
are nobody's match. Without train, a set can be tested on alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from dcct.datasets.folders import entries_in, images_in, in_order, is_image
from dcct.datasets.tracklet import DISTRACTOR, Split, Tracklet
from dcct.errors import DataError

PARTS: tuple[Split, ...] = ("train", "query", "gallery")
DISTRACTORS = {"distractor", "distractors"}
"""What a folder of them is called, in lower case, beside 0."""
NUMBER = re.compile(r"\d{1,9}", re.ASCII)
"""A name that is a number; a manifest holds no much longer one."""
SHAPE = "<part>/<identity>/<camera>/<tracklet>/<frame>.jpg"
Tree = dict[Split, dict[str, list[str]]]
"""Part → identity → cameras, by the names of their folders."""
Numbers = dict[str, int]
"""Name of a folder → the number that stands for it."""


def read_tracklets(root: Path) -> Iterator[Tracklet]:
    """Yield train, query and gallery tracklets; folders are listed, no image is opened.

    Raises DataError naming what is missing, empty, at another depth, spelt in two ways, or in train
    and in test.
    """
    tree = _tree(root)
    pids, camids = _numbers(root, tree)
    for part, people in tree.items():
        for person in sorted(people, key=pids.__getitem__):
            for camera in people[person]:
                for tracklet in _folders(root / part / person / camera):
                    yield Tracklet(
                        split=part,
                        pid=pids[person],
                        camid=camids[camera],
                        frames=_frames(root, f"{part}/{person}/{camera}/{tracklet}"),
                    )


def numbers_of(root: Path) -> tuple[Numbers, Numbers]:
    """Identity → its number, camera → its number from 0: as tracklets are labelled."""
    return _numbers(root, _tree(root))


def _tree(root: Path) -> Tree:
    found = _folders(root)
    if other := sorted(set(found) - set(PARTS)):
        raise DataError(
            f"{root / other[0]}: is none of {', '.join(PARTS)}: rename it, or move it away"
        )
    if missing := [part for part in PARTS[1:] if part not in found]:
        raise DataError(
            f"{root / missing[0]}: missing: people who are looked for lie in query, those among"
            " whom they are looked for in gallery: make it"
        )
    return {
        part: {person: _folders(root / part / person) for person in _folders(root / part)}
        for part in PARTS
        if part in found
    }


def _numbers(root: Path, tree: Tree) -> tuple[Numbers, Numbers]:
    """Over all parts."""
    cameras = {name for people in tree.values() for every in people.values() for name in every}
    pids = _identities(in_order(root, {person for people in tree.values() for person in people}))
    for part in PARTS[:2]:
        for person in tree.get(part, ()):
            if pids[person] == DISTRACTOR:
                raise DataError(
                    f"{root / part / person}: is the name of distractors, who are nobody's match"
                    " and lie in gallery alone: rename the folder, in every part that has it"
                )
    tested = tree["query"].keys() | tree["gallery"].keys()
    if shared := sorted(tree.get("train", {}).keys() & tested):
        raise DataError(
            f"{root}: {', '.join(shared[:5])}: in train and in query or gallery: nobody is trained"
            " on and tested: take them out of one"
        )
    return pids, {name: number for number, name in enumerate(in_order(root, cameras))}


def _identities(names: list[str]) -> Numbers:
    """names: in natural order."""
    people = [name for name in names if name.lower() not in DISTRACTORS]
    strangers = dict.fromkeys(set(names) - set(people), DISTRACTOR)
    if all(NUMBER.fullmatch(name) for name in people):
        return strangers | {name: int(name) for name in people}
    return strangers | {name: number for number, name in enumerate(people, start=1)}


def _folders(folder: Path) -> list[str]:
    """Names of the folders in a folder, in natural order. Raises DataError where there are none,
    or an image beside them, which nobody would miss."""
    entries = entries_in(folder)
    names = [entry.name for entry in entries if entry.is_dir()]
    loose = [entry.name for entry in entries if is_image(entry.name) and not entry.is_dir()]
    if loose:
        raise DataError(f"{folder / min(loose)}: lies outside of a tracklet: put it at {SHAPE}")
    if not names:
        raise DataError(f"{folder}: holds no folders: fill it as {SHAPE} says, or delete it")
    return in_order(folder, names)


def _frames(root: Path, tracklet: str) -> tuple[str, ...]:
    entries = entries_in(root / tracklet)
    if inner := [entry.name for entry in entries if entry.is_dir()]:
        raise DataError(
            f"{root / tracklet / min(inner)}: is a folder in a tracklet: put its images at {SHAPE}"
        )
    if not any(is_image(entry.name) for entry in entries):
        raise DataError(f"{root / tracklet}: holds no .jpg or .png image: fill it, or delete it")
    return tuple(f"{tracklet}/{name}" for name in images_in(root / tracklet))
