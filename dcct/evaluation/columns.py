"""Columns of a parquet file that anyone wrote: labels, and lists of numbers of one length."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dcct.evaluation.npz import refuse_large, refuse_repeated

INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls an index without a name: the numbers of the rows, no feature."""
BYTES = 8
"""Of a value, at most."""


def columns_in(path: Path) -> dict[str, np.ndarray]:
    """Column → numbers or text (N,), or numbers (N,C) of lists. Raises ValueError naming column and
    row of what is neither, and what pyarrow raises at damaged files."""
    with pq.ParquetFile(path) as file:
        said = file.metadata
        refuse_repeated(file.schema_arrow.names)
        groups = [said.row_group(number) for number in range(said.num_row_groups)]
        values = sum(
            group.column(number).num_values
            for group in groups
            for number in range(group.num_columns)
        )
        rows = sum(group.num_rows for group in groups)
        refuse_large(BYTES * max(values, rows, said.num_rows), path)
        table = file.read()
    names = [name for name in table.column_names if not INDEX.fullmatch(name)]
    return {name: _values(ascii(name)[1:-1], table[name]) for name in names}


def _values(name: str, column: pa.ChunkedArray) -> np.ndarray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    _refuse_missing(name, column.is_null().to_numpy(), 1)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _matrix(name, column)
    if not (_is_number(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise ValueError(f"{name} is of type {kind}: write numbers, text, or lists of numbers")
    return column.to_numpy()


def _matrix(name: str, column: pa.ChunkedArray) -> np.ndarray:
    """Lists as (N,C)."""
    if not _is_number(column.type.value_type):
        raise ValueError(f"{name} is of type {column.type}: write lists of numbers")
    lengths = pc.list_value_length(column).to_numpy()
    width = int(lengths[0]) if len(lengths) else 0
    if (other := lengths != width).any():
        row = int(other.argmax())
        raise ValueError(
            f"{name} holds {lengths[row]} numbers in row {row} (from 0), {width} in the first"
        )
    flat = pc.list_flatten(column)
    _refuse_missing(name, flat.is_null().to_numpy(), width)
    return flat.to_numpy().reshape(len(lengths), width)


def _refuse_missing(name: str, null: np.ndarray, width: int) -> None:
    if null.any():
        raise ValueError(f"{name} is missing in row {int(null.argmax()) // width} (from 0)")


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)
