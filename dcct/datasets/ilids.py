"""Reader of the iLIDS-VID layout (i-LIDS-VID/sequences/cam{1,2}/person001/*.png) and its ten
splits.

Source: Wang et al., "Person Re-Identification by Video Ranking", ECCV 2014. `ls_set` (10 × 300) of
train_test_splits_ilidsvid.mat permutes the sorted people, 1-based. The field reads its halves in
two opposite ways: first half = test, as the original paper, torchreid and others do; or first half
= train, as the code of DCCT's group does. Query = camera 1, gallery = camera 2.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from dcct.datasets.folders import folders_in, images_in
from dcct.datasets.matlab import read_matrix
from dcct.datasets.tracklet import Split, Tracklet
from dcct.errors import DataError

SEQUENCES = "i-LIDS-VID/sequences"
SPLIT_FILE = "train-test people splits/train_test_splits_ilidsvid.mat"
SPLIT_COUNT = 10
PERSON = re.compile(r"person\d{1,9}", re.ASCII)


def read_tracklets(
    root: Path, split: int = 0, first_half: Literal["test", "train"] = "test"
) -> Iterator[Tracklet]:
    """Yield the tracklets of one split (0 to 9).

    Raises DataError naming what is missing, or when the split file is not about the people that are
    there.
    """
    if not 0 <= split < SPLIT_COUNT:
        raise DataError(
            f"{root / SPLIT_FILE}: no split {split}; it has {SPLIT_COUNT}, counted from 0"
        )
    people = folders_in(root / SEQUENCES / "cam1")
    for person in people:
        if not PERSON.fullmatch(person):
            raise DataError(
                f"{root / SEQUENCES / 'cam1' / person}: is not named like a person: person001"
            )
    if folders_in(root / SEQUENCES / "cam2") != people:
        raise DataError(
            f"{root / SEQUENCES}: cam1 and cam2 hold different people: restore them from the"
            " archive"
        )
    order = read_matrix(root / SPLIT_FILE, "ls_set")
    if order.shape != (SPLIT_COUNT, len(people)) or sorted(order[split].tolist()) != list(
        range(1, len(people) + 1)
    ):
        raise DataError(
            f"{root / SPLIT_FILE}: does not list each of {len(people)} people once in {SPLIT_COUNT}"
            " splits"
        )
    half = len(people) // 2
    chosen = order[split, :half] if first_half == "test" else order[split, half:]
    test = {people[number - 1] for number in chosen.tolist()}
    for camera in (1, 2):
        for person in people:
            part: Split = "train" if person not in test else "query" if camera == 1 else "gallery"
            yield _read(root, part, person, camera)


def _read(root: Path, split: Split, person: str, camera: int) -> Tracklet:
    folder, prefix = f"{SEQUENCES}/cam{camera}/{person}", f"cam{camera}_{person}_"
    names = images_in(root / folder)
    for name in names:
        if not name.startswith(prefix):
            raise DataError(
                f"{root / folder / name}: is not named like a frame of {person} at camera {camera}"
            )
    pid = int(person.removeprefix("person"))
    return Tracklet(
        split=split, pid=pid, camid=camera - 1, frames=tuple(f"{folder}/{name}" for name in names)
    )
