"""Reader of the DukeMTMC-VideoReID layout
({train,query,gallery}/<identity>/<tracklet>/<frame>.jpg).

Source: Wu et al., "Exploit the Unknown Gradually", CVPR 2018, and the set's own description. Two
naming styles are in use: 0001_C6_F0099_X30823.jpg and, older, 0001C6F0099X30823.jpg: identity,
camera, frame number, and X or D (distractor) with the frame of the video. Frame numbers may have
gaps. Distractors keep their own identity numbers: they are nobody's match.

Readers of the field look for the frames 1 to n of a tracklet of n files, and so lose what stands
behind a gap; ours keeps it unless told otherwise.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from dcct.datasets.folders import folders_in, images_in
from dcct.datasets.tracklet import Split, Tracklet
from dcct.errors import DataError

SPLITS: tuple[Split, ...] = ("train", "query", "gallery")
NAME = re.compile(r"(\d+)_?C(\d+)_?F(\d+)_?[XD]\d+\.(?i:jpe?g|png)", re.ASCII)


def read_tracklets(
    root: Path, frames_behind_gaps: Literal["kept", "lost"] = "kept"
) -> Iterator[Tracklet]:
    """Yield train, query and gallery tracklets; only folders are listed, no image is opened.

    Raises DataError naming a folder that is missing or empty, or a frame whose name disagrees with
    its folder.
    """
    for split in SPLITS:
        for person in folders_in(root / split):
            for tracklet in folders_in(root / split / person):
                folder = f"{split}/{person}/{tracklet}"
                yield _read(root, split, person, folder, frames_behind_gaps)


def _read(root: Path, split: Split, person: str, folder: str, behind_gaps: str) -> Tracklet:
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
    if behind_gaps == "lost":
        frames = [(number, path) for number, path in frames if number <= len(frames)]
        if not frames:
            raise DataError(
                f"{root / folder}: no frame is numbered as one of its first: put `protocol:"
                " frames_behind_gaps: kept` into the data set's configuration"
            )
    return Tracklet(
        split=split,
        pid=int(person),
        camid=cameras.pop() - 1,
        frames=tuple(path for _, path in sorted(frames)),
    )
