"""Reader of the DukeMTMC-VideoReID layout
({train,query,gallery}/<identity>/<tracklet>/<frame>.jpg).

Source: Wu et al., "Exploit the Unknown Gradually", CVPR 2018, and the set's own description. Two
naming styles are in use: 0001_C6_F0099_X30823.jpg and, older, 0001C6F0099X30823.jpg: identity,
camera, frame number, and X or D (distractor) with the frame of the video. Frame numbers may have
gaps. Distractors keep their own identity numbers: they are nobody's match.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from dcct.datasets.folders import folders_in, images_in
from dcct.datasets.tracklet import Split, Tracklet
from dcct.errors import DataError

SPLITS: tuple[Split, ...] = ("train", "query", "gallery")
NAME = re.compile(r"(\d+)_?C(\d+)_?F(\d+)_?[XD]\d+\.jpg", re.ASCII)


def read_tracklets(root: Path) -> Iterator[Tracklet]:
    """Yield train, query and gallery tracklets; only folders are listed, no image is opened.

    Raises DataError naming a folder that is missing or empty, or a frame whose name disagrees with
    its folder.
    """
    for split in SPLITS:
        for person in folders_in(root / split):
            for tracklet in folders_in(root / split / person):
                yield _read(root, split, person, f"{split}/{person}/{tracklet}")


def _read(root: Path, split: Split, person: str, folder: str) -> Tracklet:
    frames, cameras = [], set()
    for name in images_in(root / folder):
        parts = NAME.fullmatch(name)
        if not parts or not person.isdecimal() or int(parts[1]) != int(person):
            raise DataError(
                f"{root / folder / name}: is not named like a frame of {person}:"
                " 0001_C6_F0099_X30823"
            )
        cameras.add(int(parts[2]))
        frames.append((int(parts[3]), f"{folder}/{name}"))
    if len(cameras) > 1:
        raise DataError(
            f"{root / folder}: frames of cameras {sorted(cameras)}: a tracklet has one camera"
        )
    return Tracklet(
        split=split,
        pid=int(person),
        camid=cameras.pop() - 1,
        frames=tuple(path for _, path in sorted(frames)),
    )
