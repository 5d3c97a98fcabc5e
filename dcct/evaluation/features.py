"""The feature file: one row per sampler and tracklet, a fixed-size float32 list per feature set,
and what made it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from dcct.datasets.manifest import write_parquet
from dcct.datasets.parquet import read_parquet, reading
from dcct.files import parse_json

MADE_BY = b"dcct_made_by"
KEYS = pa.schema([("sampler", pa.string()), ("tracklet", pa.int32())])
KEY = tuple(KEYS.names)
MAKER = "dcct extract"


class Making(BaseModel):
    """What a feature file says of the network that made it."""

    model_config = ConfigDict(strict=True)

    parameters: int | None = Field(ge=0)
    precision: str
    device: str
    versions: dict[str, str]
    digests: dict[str, str]


def feature_table(keys: list[tuple[str, int]], features: dict[str, np.ndarray]) -> pa.Table:
    """Columns sampler and tracklet from `keys`, then the feature sets (N,C)."""
    columns = {
        "sampler": pa.array([sampler for sampler, _ in keys]),
        "tracklet": pa.array([tracklet for _, tracklet in keys], pa.int32()),
    }
    for name, values in features.items():
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.table(columns)


def write_features(path: Path, table: pa.Table, made_by: dict) -> None:
    """Write a feature file. made_by: Making, of the network."""
    write_parquet(path, table.replace_schema_metadata({MADE_BY: json.dumps(made_by)}))


def made_by(path: Path) -> dict:
    """What a feature file was made by. Raises DataError when it does not say."""
    with reading(path, MAKER, KEYS) as file:
        made = parse_json((file.schema_arrow.metadata or {})[MADE_BY])
        Making.model_validate(made)
        return made


def read_feature_table(path: Path, feature: str | None = None) -> pa.Table:
    """The rows of a feature file, with one of its sets or all. Raises DataError when they are not
    as they were written."""
    with reading(path, MAKER, KEYS) as file:
        names = [name for name in file.schema_arrow.names if name not in KEY]
        for name in [feature] if feature else names:
            kind = file.schema_arrow.field(name).type
            if not pa.types.is_fixed_size_list(kind) or kind.value_type != pa.float32():
                raise ValueError(f"column {name} is of type {kind}, no feature set")
        if not names:
            raise ValueError("no feature set")
    return read_parquet(path, MAKER, KEYS, [*KEY, feature] if feature else None)


def feature_sets(table: pa.Table) -> dict[str, np.ndarray]:
    """Feature set → (N,C) of a feature file's rows."""
    names = [name for name in table.column_names if name not in KEY]
    return {
        name: table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
        for name in names
    }


def read_features(path: Path, sampler: str, feature: str) -> pd.Series:
    """Features (C,) of every test tracklet at one sampler and feature set, by the tracklet's
    number. Raises DataError when they cannot be read."""
    table = read_feature_table(path, feature)
    table = table.filter(pc.equal(table["sampler"], sampler))
    return pd.Series(list(feature_sets(table)[feature]), index=table["tracklet"].to_numpy())
