"""The door for the tables' CSV: texts in columns, or one line."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.errors import DataError
from dcct.report.tables.csv_file import number_in, read_rows

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
BAD = {
    "no text": b"a,b\n\xff,1\n",
    "a column twice": b"a,a\n1,2\n",
    "a row too short": b"a,b\n1\n",
    "a row too long": b"a,b\n1,2,3\n",
    "an open quote": b'a,b\n"1,2\n',
    "a long cell": b"a,b\n" + b"1" * 200_000 + b",2\n",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_table_is_one_line(content, tmp_path):
    """It names the file and ends with what to do."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^[^\n]*a\.csv: cannot be read as CSV [^\n]*: make it$"):
        read_rows(path, "make it")


def test_a_pipe_is_not_waited_for(tmp_path):
    """No file is one line at once."""
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match="it is no file"):
        read_rows(tmp_path / "a.csv", "make it")


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1e999", "1 2"])
def test_a_cell_that_is_no_number_is_one_line(text):
    """It names the table, the column and what stands there."""
    with pytest.raises(DataError, match=r"^table a: mAP: '.*' is no number: "):
        number_in({"mAP": text}, "mAP", "table a")


@settings(max_examples=EXAMPLES, deadline=5000, derandomize=True)
@given(content=st.binary(max_size=200) | st.text('a,"\n\r1', max_size=60).map(str.encode))
def test_any_bytes_are_rows_or_one_line(content, tmp_path_factory):
    """Every row has every column."""
    path = tmp_path_factory.mktemp("d") / "a.csv"
    path.write_bytes(content)
    try:
        rows = read_rows(path, "make it")
    except DataError:  # whose text is always one line
        return
    assert len({tuple(row) for row in rows}) <= 1
