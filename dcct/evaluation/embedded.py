"""The file of embedded tracklets: a row each, of people that nobody has labelled.

camera, tracklet (names of folders), frames (those that were looked at, relative to the root, in
time order), then a fixed-size float32 list per feature set. Its metadata say what made it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dcct.datasets.parquet import read_parquet, reading
from dcct.datasets.tracklet_folders import TrackletFolder
from dcct.files import atomic

MADE_BY = b"dcct_embedded_by"
NAMES = pa.schema(
    [("camera", pa.string()), ("tracklet", pa.string()), ("frames", pa.list_(pa.string()))]
)
MAKER = "dcct embed"


def embedded_table(
    tracklets: Sequence[TrackletFolder],
    used: Sequence[Sequence[str]],
    features: Mapping[str, np.ndarray],
) -> pa.Table:
    """A table of tracklets, the frames that were used of each, and the feature sets (N,C)."""
    columns: dict[str, pa.Array] = {
        "camera": pa.array([one.camera for one in tracklets], pa.string()),
        "tracklet": pa.array([one.name for one in tracklets], pa.string()),
        "frames": pa.array([list(frames) for frames in used], NAMES.field("frames").type),
    }
    for name, values in features.items():
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.table(columns)


def write_embedded(path: Path, tables: Iterable[pa.Table], made_by: Mapping[str, str]) -> None:
    """Write tables of one form one after the other, no two of them in memory; atomically."""
    said = {MADE_BY: json.dumps(dict(made_by))}
    tables = (table.replace_schema_metadata(said) for table in tables)
    first = next(tables)
    with atomic(path) as temporary, pq.ParquetWriter(temporary, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def features_in(table: pa.Table, name: str) -> np.ndarray:
    """A feature set (N,C) of a table."""
    values = table[name].combine_chunks()
    return values.flatten().to_numpy().reshape(len(values), -1)


def maker_of(path: Path) -> dict | None:
    """What made a file; None where it is not as one of these, so that it may be replaced."""
    try:
        return json.loads(pq.read_schema(path).metadata[MADE_BY])
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None


def read_embedded(path: Path) -> pa.Table:
    """The table of a file. Raises DataError when it is not as it was written."""
    with reading(path, MAKER, NAMES) as file:
        sets = [field for field in file.schema_arrow if field.name not in NAMES.names]
        for field in sets:
            kind = field.type
            if not pa.types.is_fixed_size_list(kind) or kind.value_type != pa.float32():
                raise ValueError(f"column {field.name} is of type {kind}, no feature set")
        if not sets or MADE_BY not in (file.schema_arrow.metadata or {}):
            raise ValueError("no file of embedded tracklets")
    return read_parquet(path, MAKER, NAMES)
