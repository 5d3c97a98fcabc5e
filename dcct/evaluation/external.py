"""Features that anyone's model made, read from files, so that they are evaluated by the same
evaluator as ours.

A file holds, for each tracklet, an identity `pid`, a camera `camid`, and any number of feature
sets. Parquet: one row a tracklet, every other column a list of numbers of one length. npz: every
other array (tracklets, channels). Identity −1 is junk, as in MARS: it is left out.
"""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from dcct.config.profile import Reranking
from dcct.datasets.tracklet import JUNK
from dcct.errors import DataError
from dcct.evaluation.columns import columns_in
from dcct.evaluation.labels import labels, paired
from dcct.evaluation.npz import arrays_in
from dcct.evaluation.protocol import result_row
from dcct.evaluation.ranking import rank_features

LABELS = ("pid", "camid")
JUNK_TEXTS = (f"{JUNK}", f"00{JUNK}")
"""Junk where identities are text; the second is the name of its folder in MARS."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a file says of its N tracklets, junk left out."""

    path: Path
    """Of the file."""
    pid: np.ndarray
    """Identities (N,), int64 or text."""
    camid: np.ndarray
    """Cameras (N,), int64 or text."""
    sets: dict[str, np.ndarray]
    """Feature set → directions (N,C) in float32."""
    junk: int
    """Tracklets that were left out."""


def read_features(path: Path) -> Features:
    """Read a .parquet or .npz file; nothing in it is run. Raises DataError naming the file and what
    is wrong."""
    columns = columns_of(path)
    missing = [name for name in LABELS if name not in columns]
    names = [name for name in columns if name not in LABELS]
    if missing or not names:
        absent = ", ".join(missing) or "feature set"
        raise DataError(
            f"{path}: holds no {absent}, but {', '.join(map(_shown, columns)) or 'nothing'}:"
            " it needs pid, camid and a feature set"
        )
    try:
        pid, camid = (_labels(name, columns[name]) for name in LABELS)
        if len(camid) != len(pid):
            raise ValueError(f"camid holds {len(camid)} values, pid {len(pid)}")
        if not len(pid):
            raise ValueError("holds no tracklets")
        sets = {name: directions(name, columns[name], len(pid)) for name in names}
    except ValueError as error:
        raise DataError(f"{path}: {error}: put this right and write the file again") from None
    kept = ~np.isin(pid, JUNK_TEXTS if pid.dtype.kind == "U" else JUNK)
    if not kept.any():
        raise DataError(f"{path}: all its tracklets are junk (pid {JUNK}): give it identities")
    sets = {name: values[kept] for name, values in sets.items()}
    junk = int((~kept).sum())
    return Features(path=path, pid=pid[kept], camid=camid[kept], sets=sets, junk=junk)


def columns_of(path: Path) -> dict[str, np.ndarray]:
    """Column → values (N,) or (N,C) of a .parquet or .npz file; nothing in it is run. Raises
    DataError naming the file and what is wrong."""
    _need_regular(path)
    try:
        return arrays_in(path) if path.suffix.lower() == ".npz" else columns_in(path)
    except Exception as error:  # zipfile, numpy and pyarrow raise many kinds at what is damaged
        said = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{path}: cannot be read as features: {said[:300]}: write it again, as .parquet or .npz"
        ) from None


def notes(query: Features, gallery: Features) -> list[str]:
    """A line for everything in the files that is not evaluated."""
    found = [
        f"{side.path}: {side.junk} junk tracklets (pid {JUNK}) left out"
        for side in (query, gallery)
        if side.junk
    ]
    for side, other in ((query, gallery), (gallery, query)):
        alone = [name for name in side.sets if name not in other.sets]
        if alone:
            found.append(f"{side.path}: not in the other file, left out: {', '.join(alone)}")
    return found


def evaluate_files(
    query: Features,
    gallery: Features,
    resamples: int,
    *,
    gallery_includes_queries: bool,
    drop_same_camera: bool,
    reranking: Reranking | None = None,
) -> list[dict]:
    """One result row (see protocol.result_row) for every feature set that both files hold.

    A query never finds itself: a gallery tracklet of its identity and camera that has the same
    features is the query. Raises DataError where the files do not fit each other, or no query can
    be evaluated.
    """
    names = _shared(query, gallery)
    parts = [gallery, query] if gallery_includes_queries else [gallery]
    (query_pids, pids), (query_camids, camids) = (_numbered(name, query, parts) for name in LABELS)
    if gallery_includes_queries or not drop_same_camera:
        itself, places = _tracklets(query, [gallery, *parts[1:]], names)
        if gallery_includes_queries and np.isin(itself, places[: len(gallery.pid)]).all():
            raise DataError(
                f"{gallery.path}: holds every query already: run it again without"
                " --gallery-includes-queries"
            )
        if not drop_same_camera:
            query_camids, camids = itself, places
    if not np.isin(query_pids, pids).any():
        raise DataError(
            f"{query.path}: none of its identities is in {gallery.path}: no query can be evaluated:"
            " give the gallery of these queries"
        )
    try:
        found = rank_features(
            {name: query.sets[name] for name in names},
            {name: np.concatenate([part.sets[name] for part in parts]) for name in names},
            *(query_pids, pids, query_camids, camids),
            reranking=reranking,
        )
    except ValueError as error:
        raise DataError(f"{query.path}, {gallery.path}: {error}") from None
    if not next(iter(found.values())).retrieval.valid.any():
        where = "in another camera of" if drop_same_camera else "beside itself in"
        raise DataError(
            f"{query.path}: no query has a match {where} {gallery.path}: none can be evaluated:"
            " give the gallery of these queries"
        )
    return [
        {
            "feature": name,
            "dimensions": query.sets[name].shape[1],
            **result_row(one.retrieval, query_pids, resamples),
        }
        for name, one in found.items()
    ]


def _need_regular(path: Path) -> None:
    """A folder is no file, and a pipe or a device may never end."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last at NUL in a name
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise DataError(f"{path}: is no regular file: name a .parquet or .npz file")


def _labels(name: str, values: np.ndarray) -> np.ndarray:
    found = labels(name, values)
    if found.dtype.kind == "i" and (found < JUNK).any():
        row = int((found < JUNK).argmax())
        raise ValueError(f"{name} is {found[row]} in row {row} (from 0): count from 0")
    return found


def directions(name: str, values: np.ndarray, count: int) -> np.ndarray:
    """Features (N,C) in float32, each divided by a power of two so that its largest number is near
    1: no distance changes, and nothing becomes infinite or 0. Raises ValueError naming the row of
    what is not finite or all zeros."""
    if not name.isprintable() or not name.strip():
        raise ValueError(f"a feature set is named {name!a}: give it a name that can be printed")
    if values.ndim != 2 or values.shape[:1] != (count,) or values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} holds no {count} lists of numbers of one length, one for each pid:"
            f" it is {values.dtype} of shape {values.shape}"
        )
    if not values.shape[1]:
        raise ValueError(f"{name} holds lists of no numbers")
    wide = values if values.dtype.kind == "f" and values.itemsize > 2 else values.astype(float)
    largest = np.abs(wide).max(1)
    for bad, what in ((~np.isfinite(largest), "is not finite"), (largest == 0, "is all zeros")):
        if bad.any():
            raise ValueError(f"{name} {what} in row {int(bad.argmax())} (from 0)")
    return np.ldexp(wide, -np.frexp(largest)[1][:, None]).astype(np.float32)


def _shared(query: Features, gallery: Features) -> list[str]:
    """Names of the feature sets of both files, which must have as many numbers."""
    names = [name for name in query.sets if name in gallery.sets]
    if not names:
        raise DataError(
            f"{query.path} and {gallery.path} share no feature set: {', '.join(query.sets)};"
            f" {', '.join(gallery.sets)}: name them alike"
        )
    for name in names:
        one, other = query.sets[name].shape[1], gallery.sets[name].shape[1]
        if one != other:
            raise DataError(
                f"{name}: {one} numbers a tracklet in {query.path}, {other} in {gallery.path}:"
                " extract both with one model"
            )
    return names


def _numbered(
    name: str, query: Features, parts: Sequence[Features]
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of any kind as whole numbers from 0."""
    for part in parts:
        try:
            paired(name, getattr(query, name), getattr(part, name))
        except ValueError as error:
            raise DataError(f"{query.path}, {part.path}: {error}") from None
    everything = np.concatenate([getattr(part, name) for part in (query, *parts)])
    numbers = np.unique(everything, return_inverse=True)[1]
    return numbers[: len(query.pid)], numbers[len(query.pid) :]


def _tracklets(
    query: Features, parts: Sequence[Features], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """A number for each query and for each tracklet of the parts, equal where identity, camera and
    all features are."""
    numbers: dict[bytes, int] = {}

    def of(side: Features) -> list[int]:
        listed = zip(side.pid.tolist(), side.camid.tolist(), strict=True)
        found = []
        for row, label in enumerate(listed):
            digest = blake2b(repr(label).encode(), digest_size=16)
            for name in names:
                digest.update(side.sets[name][row].tobytes())
            found.append(numbers.setdefault(digest.digest(), len(numbers)))
        return found

    return np.array(of(query)), np.array([number for part in parts for number in of(part)])


def _shown(name: str) -> str:
    return ascii(name)[1:-1]
