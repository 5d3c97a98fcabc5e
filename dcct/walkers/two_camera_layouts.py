"""The drawn people in the layouts of iLIDS-VID and PRID-2011: two cameras, one tracklet at each,
ten splits."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dcct.walkers.draws import Draws, Stream
from dcct.walkers.entries import (
    Entry,
    first_at_each_camera,
    image,
    matlab,
    test_entries,
    train_entries,
)
from dcct.walkers.scene import draw_tracklet

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

SPLITS = 10


def ilids_files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """i-LIDS-VID/sequences/cam1/person001/cam1_person001_00001.png and the splits' .mat: path and
    content."""
    people = _people(spec)
    for (pid, camera), entry in people.items():
        folder = f"i-LIDS-VID/sequences/cam{camera}/person{pid:03d}"
        for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
            yield (
                f"{folder}/cam{camera}_person{pid:03d}_{frame:05d}.png",
                image(pixels, "PNG", spec.jpeg_quality),
            )
    orders = np.array(
        [[number + 1 for number in order] for order in _orders(spec, len(people) // 2)], np.uint16
    )
    yield "train-test people splits/train_test_splits_ilidsvid.mat", matlab("ls_set", orders)


def prid_files(spec: "WalkersSpec") -> Iterator[tuple[str, bytes]]:
    """multi_shot/cam_a/person_0001/0001.png and splits_prid2011.json: path and content."""
    people = _people(spec)
    for (pid, camera), entry in people.items():
        for frame, pixels in enumerate(draw_tracklet(spec, *entry), start=1):
            path = f"multi_shot/cam_{'ab'[camera - 1]}/person_{pid:04d}/{frame:04d}.png"
            yield path, image(pixels, "PNG", spec.jpeg_quality)
    names = sorted({f"person_{pid:04d}" for pid, _ in people})
    half = len(names) // 2
    splits = [
        {
            "test": sorted(names[n] for n in order[:half]),
            "train": sorted(names[n] for n in order[half:]),
        }
        for order in _orders(spec, len(names))
    ]
    yield "splits_prid2011.json", json.dumps(splits, indent=1).encode("ascii")


def _people(spec: "WalkersSpec") -> dict[tuple[int, int], Entry]:
    """(identity, camera) → tracklet, of all identities at cameras 1 and 2."""
    everyone = first_at_each_camera([*train_entries(spec), *test_entries(spec)])
    return {key: entry for key, entry in everyone.items() if key[1] in (1, 2)}


def _orders(spec: "WalkersSpec", people: int) -> list[list[int]]:
    """One permutation of 0 .. people-1 per split."""
    orders = []
    for split in range(SPLITS):
        draws = Draws(spec.seed, Stream.SPLIT, split)
        orders.append(sorted(range(people), key=lambda _: draws.between(0.0, 1.0)))
    return orders
