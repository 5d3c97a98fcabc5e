"""Reader of the LS-VID layout (list_sequence/, tracklet folders, test/data/info_test.mat).

Source: Li et al., "Global-Local Temporal Representations for Video Person Re-Identification", ICCV
2019. list_sequence/list_seq_{train,test}.txt: one tracklet a line, the path prefix of its frames
and its identity; info_test.mat (HDF5): `query`, the 1-based lines of the test list that are
queries. A frame's third `_` field is its camera.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from dcct.datasets.folders import Lines, images_in
from dcct.datasets.matlab import read_hdf5, refuse_wrong_lines
from dcct.datasets.tracklet import Split, Tracklet
from dcct.errors import DataError

LISTS = {part: f"list_sequence/list_seq_{part}.txt" for part in ("train", "test")}
DIGITS = 9
"""Of an identity, at most."""
QUERY_FILE = "test/data/info_test.mat"


def read_tracklets(root: Path) -> Iterator[Tracklet]:
    """Yield train, query and gallery tracklets; only folders are listed, no image is opened.

    Raises DataError naming the file and line of what is missing or does not fit.
    """
    listed = cache(images_in)
    for part, path in LISTS.items():
        lines = Lines(root / path)[:]
        queries = _queries(root / QUERY_FILE, len(lines)) if part == "test" else frozenset()
        for number, line in enumerate(lines, start=1):
            where = f"{root / path}: line {number}"
            try:
                prefix, identity = line.rsplit(maxsplit=1)
                if not identity.isdigit() or len(identity) > DIGITS:
                    raise ValueError
            except ValueError:
                raise DataError(
                    f"{where}: expected a path prefix and an identity, found {line[:100]!r}"
                ) from None
            pid = int(identity)
            folder, start = PurePosixPath(prefix).parent, PurePosixPath(prefix).name
            if _leaves(prefix):
                raise DataError(f"{where}: {prefix} leads out of the data set's folder")
            names = [name for name in listed(root / folder) if name.startswith(start)]
            if not names:
                raise DataError(f"{where}: no frame begins with {prefix}")
            split: Split = (
                "train" if part == "train" else "query" if number in queries else "gallery"
            )
            yield Tracklet(
                split=split,
                pid=pid,
                camid=_camera(names, where) - 1,
                frames=tuple(f"{folder}/{name}" for name in names),
            )


def _camera(names: list[str], where: str) -> int:
    cameras = {name.split("_")[2] if name.count("_") > 2 else "" for name in names}
    if len(cameras) > 1 or not (camera := cameras.pop()).isdecimal():
        raise DataError(f"{where}: {names[0]}: its third field should be the tracklet's one camera")
    return int(camera)


def _leaves(prefix: str) -> bool:
    """Whether a path leads out of the data set."""
    path = PurePosixPath(prefix)
    return path.is_absolute() or ".." in path.parts


def _queries(path: Path, lines: int) -> frozenset[int]:
    """1-based lines of the test list that are queries."""
    found = read_hdf5(path, "query").ravel()
    refuse_wrong_lines(path, found, lines)
    return frozenset(found.tolist())
