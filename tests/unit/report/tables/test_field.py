"""The field's published numbers stand in the comparison tables as their sources print them."""

import pandas as pd
import pytest
import yaml

from dcct.errors import ConfigError, DataError
from dcct.pipeline.steps import read_pipeline
from dcct.report.tables.parts import read_table
from dcct.report.tables.tables import tabulate, write_table

SETS = {"compare": "sets", "rows": ["dcct-fd-ld"], "sets": ["mars", "ls-vid", "ilids-vid"]}
SETS |= {"metrics": ["mAP", "rank1", "rank5"], "published": "dcct"}
TABLES = {f"by-{order}": {**SETS, "field": order} for order in ("year", "mAP")}
FURTHER = {
    "source": "Table 3 of a further paper",
    "methods": {
        "Further": {
            "venue": "ICPR",
            "year": 2020,
            "kind": "unknown",
            "values": {"mars": {"mAP": 80}},
        }
    },
}


@pytest.fixture(scope="module")
def pipeline(project, tmp_path_factory):
    return project(tmp_path_factory.mktemp("field"), tables=TABLES)


def _of(frame, method):
    """Data set and metric → the published number of a method, wherever there is one."""
    rows = frame[frame["method"] == method].set_index("dataset")
    numbers = rows.filter(regex="_published$").filter(regex="^(mAP|rank)").stack().dropna()
    return {(where, name.split("_")[0]): value for (where, name), value in numbers.items()}


def test_every_method_reaches_the_csv_with_its_numbers(pipeline, tmp_path):
    """All of all files, on every set; two of them as the sources print them, and what these leave
    empty is empty."""
    write_table(pipeline, "by-year", tmp_path)
    frame = pd.read_csv(tmp_path / "by-year.csv")
    field = frame[frame["status"] == "published"]
    assert len(field) == 3 * len(pipeline.field) == 3 * 21
    assert field["published"].notna().all()
    assert _of(frame, "TCLNet") == {
        ("mars", "mAP"): 85.1,
        ("mars", "rank1"): 89.8,
        ("ls-vid", "mAP"): 70.3,
        ("ls-vid", "rank1"): 81.5,
        ("ilids-vid", "rank1"): 86.6,
    }
    assert _of(frame, "LSTRL") == {("mars", "mAP"): 86.8, ("mars", "rank1"): 91.6}


def test_each_cell_has_its_source_and_an_unsaid_protocol_its_mark(pipeline, tmp_path):
    """In print: a letter behind the number, a sentence that says whose it is; the paper's protocol
    is known."""
    write_table(pipeline, "by-year", tmp_path)
    text = (tmp_path / "by-year.md").read_text(encoding="utf-8")
    assert "| LSTRL ¶<br>ICIG 2023, CNNᵇ | 86.8ᵇ | 91.6ᵇ | – |" in text
    assert "| DCCT<br>TNNLS 2023, transformerᵇ | 87.5ᶜ | 92.3ᶜ | – |" in text
    for letter, source in (("ᵃ", "CLIMB-ReID"), ("ᵇ", "TF-CLIP's supplementary material")):
        assert f"{letter} Table 1 of {source} (AAAI 202" in text


@pytest.mark.parametrize("order", ["year", "mAP"])
def test_the_latest_or_best_stands_next_to_ours(pipeline, order):
    """Years, or the metric on the first set, rise from row to row."""
    frame = tabulate(pipeline, f"by-{order}")
    rows = frame[(frame["dataset"] == "mars") & frame["method"].notna()]
    assert rows["year" if order == "year" else "mAP_published"].is_monotonic_increasing
    assert frame["status"].tolist()[len(rows)] == "not run"


@pytest.mark.parametrize("order", ["rank99", "mINP", True])
def test_an_order_that_is_none_is_refused(project, tmp_path, order):
    """In a line that says which there are; papers publish no mINP."""
    complaint = "field: (name one of year, mAP, rank1, |Input should be a valid string)"
    with pytest.raises(ConfigError, match=complaint):
        project(tmp_path, tables={"odd": {**SETS, "field": order}})


def test_a_further_paper_is_one_file(project, tmp_path):
    """A file beside the profile: a row of every table with `field`, at its place, with the protocol
    that nobody said."""
    before = project(tmp_path, tables=TABLES)
    count = len(tabulate(before, "by-year"))
    (tmp_path / "config/published/further.yaml").write_text(yaml.safe_dump(FURTHER))
    frame = tabulate(read_pipeline(before.configfile), "by-year")
    assert len(frame) == count + 3
    assert _of(frame, "Further") == {("mars", "mAP"): 80}
    row = frame[frame["method"] == "Further"].iloc[0]
    assert (row["paper"], row["protocol"]) == ("further", "unknown")


def test_a_method_without_a_number_for_any_column_has_no_row(project, tmp_path):
    """Its Rank-20 is no column of the table: a row of dashes would say that nothing was found."""
    before = project(tmp_path, tables=TABLES)
    count = len(tabulate(before, "by-year"))
    other = FURTHER["methods"]["Further"] | {"values": {"mars": {"rank20": 99}}}
    further = yaml.safe_dump(FURTHER | {"methods": {"Further": other}})
    (tmp_path / "config/published/further.yaml").write_text(further)
    assert len(tabulate(read_pipeline(before.configfile), "by-year")) == count


@pytest.mark.parametrize("kept", [1, 10, 66])
def test_a_csv_that_was_cut_is_refused(pipeline, tmp_path, kept):
    """At the end of any line: sets that stand side by side have the same rows."""
    write_table(pipeline, "by-year", tmp_path)
    path = tmp_path / "by-year.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert kept < len(lines)
    path.write_text("".join(lines[:kept]))
    with pytest.raises(
        DataError, match=r"has other rows .*: run `dcct tabulate by-year --configfile .*` again"
    ):
        read_table(pipeline, "by-year", path)
