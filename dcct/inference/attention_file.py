"""The attention file: what CCA and HTA looked at in a few shown clips. One row per clip, frame and
part of the network.

attention.parquet: tracklet; frame (place in the clip, 0..T−1); position (of that frame in its
tracklet); part; values:

    space/<branch>/<self or cross>  (P,) weights over the frame's grid, row by row; they sum to 1
    time/<level>/<block>            (T,) weights of this frame over the clip's frames, mean over
    heads; they sum to 1
    gate/<branch>                   (D,) share of the branch that goes on to level 2, per channel;
    the rest is the guide

A network without a part has no rows of it.
"""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import pyarrow as pa
from pydantic import Field, TypeAdapter

from dcct.datasets.manifest import write_parquet
from dcct.datasets.parquet import reading, refuse_missing
from dcct.files import parse_json

GRID = b"dcct_grid"
Side = Annotated[int, Field(ge=0, le=10_000)]
Grid = TypeAdapter(Annotated[list[Side], Field(min_length=2, max_length=2, strict=True)])
"""Height and width."""
ROWS = pa.schema(
    [
        ("tracklet", pa.int32()),
        ("frame", pa.int32()),
        ("position", pa.int32()),
        ("part", pa.string()),
        ("values", pa.list_(pa.float32())),
    ]
)


def write_attention(path: Path, rows: list[tuple], grid: tuple[int, int]) -> None:
    """Write rows of ROWS. grid: height and width of the positions, (0, 0) if there are none."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in ROWS]
    write_parquet(path, pa.table(columns, schema=ROWS.with_metadata({GRID: json.dumps(grid)})))


def read_attention(path: Path) -> tuple[pd.DataFrame, tuple[int, int]]:
    """Rows and grid of an attention file. Raises DataError when it cannot be read."""
    with reading(path, "dcct attend", ROWS) as file:
        table, said = file.read(), parse_json((file.schema_arrow.metadata or {})[GRID])
        for name in ROWS.names:
            refuse_missing(name, table[name])
        Grid.validate_python(said)
    return table.to_pandas(), (said[0], said[1])
