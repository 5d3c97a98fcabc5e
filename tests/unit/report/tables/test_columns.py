"""A column is declared once, and what lists columns follows."""

import io

import pandas as pd
import pytest

from dcct.config.metric import METRICS, PUBLISHED
from dcct.config.published import Published
from dcct.config.table import Table
from dcct.report.tables.columns import COLUMNS, DTYPES, csv_names, printed_columns, row_name
from dcct.report.tables.grid import Part
from dcct.report.tables.layout import EVERY
from dcct.report.tables.parts import read_table
from dcct.report.tables.rows import rows_of
from dcct.report.tables.tables import csv_text, finished_on, tabulate, write_table

DATASET = "walkers-test"
ROWS = ["cnn", "dcct"]
TABLES = {
    "variants": {"compare": "variants", "rows": ["chance", *ROWS], "published": "dcct"},
    "sets": {"compare": "sets", "rows": ROWS, "sets": [DATASET], "metrics": [*METRICS]},
    "features": {"compare": "features", "rows": ROWS},
    "samplers": {"compare": "samplers", "rows": ROWS},
    "pairs": {"compare": "pairs", "pairs": [["dcct", "cnn"]]},
    "claims": {"compare": "claims", "claims": "dcct"},
}


@pytest.fixture(scope="module")
def finished(project, evaluated, tmp_path_factory):
    """Two variants with two seeds each, in every kind of table of one data set."""
    pipeline = project(tmp_path_factory.mktemp("columns"), tables=TABLES, seeds=[0, 1])
    for variant in ROWS:
        for seed in (0, 1):
            evaluated(pipeline, DATASET, 0, variant, seed)
    return pipeline


def test_no_two_columns_have_one_name():
    """Each name stands once in the CSV of any kind of table."""
    for kind in EVERY:
        names = csv_names(kind)
        assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", TABLES)
def test_rows_fill_declared_columns_only(finished, kind):
    """No row has a value for which its kind of table has no column."""
    finished_runs = finished_on(finished, kind, DATASET, finished.parts(kind)[0].runs)
    for row in rows_of(finished.table(kind), TABLES[kind].get("rows", []), finished_runs):
        assert set(row) <= set(csv_names(kind))


@pytest.mark.parametrize("kind", TABLES)
def test_the_csv_holds_the_frame(finished, kind):
    """Read back with the declared types, it is what was written."""
    frame = tabulate(finished, kind)
    back = pd.read_csv(
        io.StringIO(csv_text(frame)), dtype=DTYPES, keep_default_na=False, na_values=[""]
    )
    assert csv_text(back) == csv_text(frame)
    numbers = [name for name in frame if DTYPES[name] != "str"]
    pd.testing.assert_frame_equal(back[numbers], frame[numbers])


def test_every_metric_is_in_every_list(finished, tmp_path):
    """CSV, print, pairs, a paper's keys and a table's own choice take the metrics from one
    table."""
    every = {name for name in METRICS if {name, f"{name}_low", f"{name}_sd"} <= set(DTYPES)}
    assert every == set(METRICS)
    headings = [column.heading for column in printed_columns("variants")]
    assert [f"{one.title} [95 %]" for one in METRICS.values() if one.printed] == [
        heading for heading in headings if heading.endswith("[95 %]")
    ]
    differences = {column.name for column in COLUMNS if column.name.endswith("_difference")}
    assert differences == {f"{name}_difference" for name, one in METRICS.items() if one.compared}
    beside = {name for name in csv_names("variants") if name.endswith("_minus_published")}
    assert beside == {f"{name}_minus_published" for name in PUBLISHED}
    schema = Published.model_json_schema()["properties"]["values"]["additionalProperties"]
    assert schema["additionalProperties"]["propertyNames"]["enum"] == [*PUBLISHED]
    assert Table.model_json_schema()["properties"]["metrics"]["items"]["enum"] == [*METRICS]
    write_table(finished, "sets", tmp_path)
    (part,) = read_table(finished, "sets", tmp_path / "sets.csv").parts
    assert isinstance(part, Part)
    assert part.grid.headings == ["Variant", *(one.title for one in METRICS.values())]


def test_a_row_is_named_by_its_keys():
    """Where it was trained belongs to the name only if that is elsewhere."""
    row = {"dataset": "a", "variant": "cnn", "feature": "base", "sampler": "", "trained_on": "a"}
    assert row_name(row) == "a cnn base"
    assert row_name(row | {"trained_on": "b"}) == "a cnn base b"
