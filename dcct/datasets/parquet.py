"""Our own parquet files, read back: as they were written, or one line that says which step makes
them again."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dcct.errors import DataError


def read_parquet(
    path: Path, verb: str, wanted: pa.Schema, columns: Sequence[str] | None = None
) -> pa.Table:
    """A table, or some of its columns, whole: without a missing value, nor one in its lists.

    wanted: columns that it must have, of these types; it may have others. Raises DataError naming
    the file and the command that makes it, `verb`.
    """
    with reading(path, verb, wanted) as file:
        table = file.read(columns=columns and list(columns))
        for name in columns or table.column_names:
            refuse_missing(name, table[name])
        return table


@contextlib.contextmanager
def reading(path: Path, verb: str, wanted: pa.Schema) -> Iterator[pq.ParquetFile]:
    """The open file, whose columns are as `wanted`. What pyarrow raises while it is read becomes a
    DataError; ValueError and KeyError of the body do, too."""
    try:
        with pq.ParquetFile(path) as file:
            _refuse_other(file.schema_arrow, wanted)
            yield file
    except FileNotFoundError:
        raise DataError(f"{path}: missing: run `{verb}` first") from None
    except (OSError, ValueError, KeyError, MemoryError, pa.ArrowException) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path}: cannot be read ({said}): delete it and run `{verb}` again"
        ) from None


def refuse_missing(name: str, column: pa.ChunkedArray | pa.Array) -> None:
    """Raises ValueError where a value is missing, or one in a list."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if any(_has_missing(chunk) for chunk in chunks):
        raise ValueError(f"column {name} lacks values")


def _has_missing(values: pa.Array) -> bool:
    lists = pa.types.is_list(values.type) or pa.types.is_fixed_size_list(values.type)
    return values.null_count > 0 or (lists and values.flatten().null_count > 0)


def _refuse_other(found: pa.Schema, wanted: pa.Schema) -> None:
    for field in wanted:
        places = found.get_all_field_indices(field.name)
        if len(places) != 1:
            raise ValueError(f"column {field.name} stands {len(places)} times in it")
        if found.field(places[0]).type != field.type:
            raise ValueError(
                f"column {field.name} is of type {found.field(places[0]).type}, not {field.type}"
            )
