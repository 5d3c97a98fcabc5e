"""Features of single tracklets, for pictures: one sampler, one feature set."""

from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dcct.errors import DataError
from dcct.evaluation.features import KEY, feature_sets


def read_features(path: Path, sampler: str, feature: str) -> pd.Series:
    """Features (C,) of every test tracklet, by its number. Raises DataError when they cannot be
    read."""
    try:
        table = pq.read_table(path, columns=[*KEY, feature])
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}): run `dcct extract` again") from None
    table = table.filter(pc.equal(table["sampler"], sampler))
    return pd.Series(list(feature_sets(table)[feature]), index=table["tracklet"].to_numpy())
