"""Published numbers stand beside the results that they can be compared with, and what differs is
found by comparing."""

import pandas as pd
import pytest

from dcct.pipeline.steps import read_pipeline
from dcct.report.tables.published import differing_settings
from dcct.report.tables.tables import tabulate, write_table

TABLE = {"mars": "comparison-mars-duke", "ilids-vid": "comparison-ilids-prid"}


def _row(evaluated, pipeline, name, splits=range(10), verification="passed"):
    """The full method on one benchmark: its row of the table, and the table's Markdown."""
    for split in splits if len(pipeline.splits(name)) > 1 else [0]:
        evaluated(pipeline, name, split, "dcct-fd-ld", 0, verification)
    job = pipeline.job("tabulate", TABLE[name])
    write_table(pipeline, TABLE[name], job.folder)
    frame = tabulate(pipeline, TABLE[name])
    row = frame[(frame["dataset"] == name) & (frame["variant"] == "dcct-fd-ld")].iloc[0]
    return row, (job / "md").read_text(encoding="utf-8")


def test_the_paper_profile_is_the_papers(root):
    """config/paper.yaml differs in nothing from what the published numbers were made with; the
    default run does."""
    paper, default = (read_pipeline(root / f"config/{name}.yaml") for name in ("paper", "config"))
    published = paper.published("dcct")
    assert differing_settings(published, paper.profile) == []
    found = differing_settings(published, default.profile)
    assert {
        "clips.length 4 instead of 8",
        "training.epochs 23 instead of 400",
        "weights scratch",
    } <= set(found)
    assert "network.cnn.args.layers [1, 1, 1, 1] instead of none" in found


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("mars", {"mAP": 87.5, "rank1": 92.3}), ("ilids-vid", {"rank1": 91.7, "rank5": 98.6})],
)
def test_numbers_stand_beside_ours_without_a_mark(project, evaluated, tmp_path, name, numbers):
    """A row made as the paper's has its verified numbers, ours minus them, and no mark; others say
    so."""
    row, text = _row(evaluated, project(tmp_path, "paper"), name)
    assert row["unlike_published"] == "no"
    for metric, value in numbers.items():
        assert row[f"{metric}_published"] == value
        assert row[f"{metric}_minus_published"] == pytest.approx(row[metric] - value, abs=1e-3)
        assert f"paper {value} (−" in text
    assert pd.isna(row["rank20_published"])
    assert "paper: not verified" in text
    assert "‡" not in text


@pytest.mark.parametrize(
    ("name", "change", "options", "difference"),
    [
        ("mars", {"evaluation": {"samplers": ["begin"]}}, {}, "sampler begin instead of dense"),
        (
            "mars",
            {"clips": {"length": 4}},
            {},
            "clip_length 4 instead of 8; clips.length 4 instead of 8",
        ),
        ("mars", {"clips": {"height": 128}}, {}, "clips.height 128 instead of 256"),
        (
            "mars",
            {"training": {"precision": "tf32"}},
            {},
            "training.precision tf32 instead of fp32",
        ),
        ("mars", {"network": {"hta_width": 64}}, {}, "network.hta_width 64 instead of 512"),
        ("mars", {}, {"verification": "warned"}, "verification warned instead of passed"),
        ("ilids-vid", {}, {"splits": (0, 3)}, "splits 0 3 instead of all 10"),
    ],
)
def test_what_differs_is_marked_and_named(
    project, evaluated, tmp_path, name, change, options, difference
):
    """Each way of not following the paper's protocol marks the row, and a note below says what it
    is."""
    row, text = _row(evaluated, project(tmp_path, "paper", **change), name, **options)
    assert row["unlike_published"] == difference
    assert f": not made as the published numbers were: {difference}." in text
    line = next(line for line in text.splitlines() if line.startswith("| DCCT + FD + LD"))
    assert "‡" in line


def test_gallery_rule_of_the_data_set_is_compared(project, evaluated, tmp_path):
    """MARS without queries in its gallery is not the paper's MARS: the row's own metrics say so."""
    pipeline = project(tmp_path, "paper")
    file = tmp_path / "config/datasets/mars.yaml"
    rule = "gallery_includes_queries: true"
    assert rule in file.read_text()
    file.write_text(file.read_text().replace(rule, "gallery_includes_queries: false"))
    row, _ = _row(evaluated, read_pipeline(pipeline.configfile), "mars")
    assert row["unlike_published"] == "gallery_includes_queries false instead of true"


def test_nothing_published_stands_beside_drawn_people(project, evaluated, tmp_path):
    """On walkers no number of the paper's applies, and none is printed."""
    pipeline = project(tmp_path)
    evaluated(pipeline, "walkers-test", 0, "dcct-fd-ld", 0)
    write_table(pipeline, "components", tmp_path)
    frame = pd.read_csv(tmp_path / "components.csv")
    assert frame[["published", "unlike_published"]].isna().all(axis=None)
    for suffix in ("md", "tex", "html"):
        text = (tmp_path / f"components.{suffix}").read_text(encoding="utf-8")
        assert not [word for word in ("published", "verified", "‡", "ddagger") if word in text]
