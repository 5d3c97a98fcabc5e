"""Reader of the PRID-2011 layout (multi_shot/cam_{a,b}/person_0001/*.png) and the ten splits of
splits_prid2011.json.

Source: Hirzer et al., "Person Re-Identification by Descriptive and Discriminative Classification",
SCIA 2011. Each split names 89 people for training and 89 for testing, of the 178 that have long
tracklets at both cameras. Query = camera a, gallery = camera b.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from dcct.datasets.folders import images_in, numbered, read_json_list
from dcct.datasets.tracklet import Split, Tracklet
from dcct.errors import DataError

SPLIT_FILE = "splits_prid2011.json"
PERSON = re.compile(r"person_(\d{1,9})", re.ASCII)
CAMERAS = ("cam_a", "cam_b")


def read_tracklets(root: Path, split: int = 0) -> Iterator[Tracklet]:
    """Yield the tracklets of one split (0 to 9).

    Raises DataError naming what is missing, or a split file that is not as published.
    """
    splits = read_json_list(root / SPLIT_FILE)
    if not 0 <= split < len(splits):
        raise DataError(
            f"{root / SPLIT_FILE}: no split {split}; it has {len(splits)}, counted from 0"
        )
    try:
        chosen = {part: sorted(splits[split][part], key=numbered) for part in ("train", "test")}
        people = {person: _number(person) for part in chosen.values() for person in part}
        if len(set(people.values())) < len(people):
            raise ValueError
    except (LookupError, TypeError, ValueError, AttributeError):
        raise DataError(
            f"{root / SPLIT_FILE}: has no split {split} with lists `train` and `test` of"
            " person_0001"
        ) from None
    for part, names in chosen.items():
        for person in names:
            for camera, folder in enumerate(CAMERAS):
                where = f"multi_shot/{folder}/{person}"
                kind: Split = "train" if part == "train" else ("query", "gallery")[camera]
                frames = tuple(f"{where}/{name}" for name in images_in(root / where))
                yield Tracklet(split=kind, pid=people[person], camid=camera, frames=frames)


def _number(person: str) -> int:
    named = PERSON.fullmatch(person)
    if not named:
        raise ValueError(f"{person}: is not named like a person")
    return int(named[1])
