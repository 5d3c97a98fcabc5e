"""Features that anyone's model made, read from files, so that they are evaluated by the same
evaluator as ours.

A file holds, for each tracklet, an identity `pid`, a camera `camid`, and any number of feature
sets. Parquet: one row a tracklet, every other column a list of numbers of one length. npz: every
other array (tracklets, channels).
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dcct.config.profile import Reranking
from dcct.errors import DataError
from dcct.evaluation.protocol import NO_CAMERA, result_row
from dcct.evaluation.ranking import rank_features

LABELS = ("pid", "camid")


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a file says of its N tracklets."""

    path: Path
    """Of the file."""
    pid: np.ndarray
    """Identities (N,)."""
    camid: np.ndarray
    """Cameras (N,)."""
    sets: dict[str, np.ndarray]
    """Feature set → (N,C) in float32."""


def read_features(path: Path) -> Features:
    """Read a .parquet or .npz file; nothing in it is run. Raises DataError naming the file and what
    is wrong."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        columns = _from_npz(path) if path.suffix == ".npz" else _from_parquet(path)
    except (pa.ArrowException, ValueError, OSError, BadZipFile) as error:
        raise DataError(
            f"{path}: cannot be read as features: {str(error).splitlines()[0]}"
        ) from None
    missing = [name for name in LABELS if name not in columns]
    sets = {name: values for name, values in columns.items() if name not in LABELS}
    if missing or not sets:
        absent = ", ".join(missing) or "feature set"
        raise DataError(f"{path}: holds no {absent}, but {', '.join(columns) or 'nothing'}")
    count = len(columns["pid"])
    for name, values in sets.items():
        if values.ndim != 2 or len(values) != count or not np.issubdtype(values.dtype, np.number):
            raise DataError(
                f"{path}: {name} holds no {count} lists of numbers of one length, one for each pid"
            )
    sets = {name: values.astype(np.float32) for name, values in sets.items()}
    return Features(path=path, pid=columns["pid"], camid=columns["camid"], sets=sets)


def evaluate_files(
    query: Features,
    gallery: Features,
    resamples: int,
    *,
    gallery_includes_queries: bool,
    drop_same_camera: bool,
    reranking: Reranking | None = None,
) -> list[dict]:
    """One result row (see protocol.result_row) for every feature set that both files hold."""
    names = [name for name in query.sets if name in gallery.sets]
    if not names:
        raise DataError(
            f"{query.path} and {gallery.path} share no feature set: {', '.join(query.sets)};"
            f" {', '.join(gallery.sets)}"
        )
    parts = [gallery, query] if gallery_includes_queries else [gallery]
    (query_pids, pids), (query_camids, camids) = (
        _numbered(getattr(query, name), np.concatenate([getattr(part, name) for part in parts]))
        for name in LABELS
    )
    if not drop_same_camera:
        camids = np.full(len(camids), NO_CAMERA)
    if not np.isin(query_pids, pids).any():
        raise DataError(
            f"{query.path}: none of its identities is in {gallery.path}: no query can be evaluated"
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
        raise DataError(
            f"{query.path}: no query has a match in another camera of {gallery.path}: none can be"
            " evaluated"
        )
    return [
        {
            "feature": name,
            "dimensions": query.sets[name].shape[1],
            **result_row(one.retrieval, query_pids, resamples),
        }
        for name, one in found.items()
    ]


def _numbered(query: np.ndarray, gallery: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels of any kind as whole numbers from 0."""
    numbers = np.unique(np.concatenate([query, gallery]), return_inverse=True)[1]
    return numbers[: len(query)], numbers[len(query) :]


def _from_parquet(path: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(path)
    return {name: _matrix(table[name].combine_chunks()) for name in table.column_names}


def _matrix(column: pa.Array) -> np.ndarray:
    """A column of numbers (N,), or of lists of one length (N,C)."""
    if not pa.types.is_nested(column.type):
        return column.to_numpy(zero_copy_only=False)
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)


def _from_npz(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
