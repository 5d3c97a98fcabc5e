"""Published numbers stand beside the results that they can be compared with, and what differs is
found by comparing."""

import pandas as pd
import pytest
from dcct.pipeline.paths import Paths

from dcct.config.load import load_dataset, load_profile, load_published, load_table
from dcct.report.tables.published import differing_settings
from dcct.report.tables.tables import tabulate, write_tables


@pytest.fixture(scope="module")
def paper(root):
    return root / "config/paper.yaml"


def _frame(root, judged, folder, name, changed=None, splits=range(10), verification="passed"):
    """Table of the full method on one benchmark, run as the paper's profile says, but for what is
    changed."""
    file = root / "config/paper.yaml"
    profile = load_profile(file).model_copy(update=changed or {})
    paths = Paths(data_dir=folder / "data", results_dir=folder)
    for split in splits if load_dataset(name, file).split_count > 1 else [0]:
        judged(file, profile, paths, name, split, "dcct-fd-ld", 0, verification)
    table = load_table(
        {"mars": "comparison-mars-duke", "ilids-vid": "comparison-ilids-prid"}[name], file
    )
    frame = tabulate(table, profile, paths, file)
    write_tables("t", table, frame, file, folder)
    row = frame[(frame["dataset"] == name) & (frame["variant"] == "dcct-fd-ld")].iloc[0]
    return row, (folder / "t.md").read_text(encoding="utf-8")


def test_the_paper_profile_is_the_papers(root, paper):
    """config/paper.yaml differs in nothing from what the published numbers were made with; the
    default run does."""
    published = load_published("dcct", paper)
    assert differing_settings(published, load_profile(paper)) == []
    found = differing_settings(published, load_profile(root / "config/config.yaml"))
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
def test_numbers_stand_beside_ours_without_a_mark(root, judged, tmp_path, name, numbers):
    """A row made as the paper's has its verified numbers, ours minus them, and no mark; others say
    so."""
    row, text = _frame(root, judged, tmp_path, name)
    assert row["unlike_published"] == ""
    for metric, value in numbers.items():
        assert row[f"{metric}_published"] == value
        assert row[f"{metric}_minus_published"] == pytest.approx(row[metric] - value, abs=1e-3)
        assert f"paper {value} (−" in text
    assert pd.isna(row["rank20_published"])
    assert "paper: not verified" in text
    assert "‡" not in text


def _with(profile_part, **update):
    return lambda profile: {profile_part: getattr(profile, profile_part).model_copy(update=update)}


@pytest.mark.parametrize(
    ("name", "change", "options", "difference"),
    [
        ("mars", _with("evaluation", samplers=["begin"]), {}, "sampler begin instead of dense"),
        (
            "mars",
            _with("clips", length=4),
            {},
            "clip_length 4 instead of 8; clips.length 4 instead of 8",
        ),
        ("mars", _with("clips", height=128), {}, "clips.height 128 instead of 256"),
        (
            "mars",
            _with("training", precision="tf32"),
            {},
            "training.precision tf32 instead of fp32",
        ),
        ("mars", _with("network", hta_width=64), {}, "network.hta_width 64 instead of 512"),
        ("mars", None, {"verification": "warned"}, "verification warned instead of passed"),
        ("ilids-vid", None, {"splits": (0, 3)}, "splits 0 3 instead of all 10"),
    ],
)
def test_what_differs_is_marked_and_named(
    root, paper, judged, tmp_path, name, change, options, difference
):
    """Each way of not following the paper's protocol marks the row, and a note below says what it
    is."""
    changed = change(load_profile(paper)) if change else None
    row, text = _frame(root, judged, tmp_path, name, changed, **options)
    assert row["unlike_published"] == difference
    assert f": not made as the published numbers were: {difference}." in text
    line = next(line for line in text.splitlines() if line.startswith("| DCCT + FD + LD"))
    assert "‡" in line


def test_gallery_rule_of_the_data_set_is_compared(root, paper, judged, tmp_path):
    """MARS without queries in its gallery is not the paper's MARS: the row's own metrics say so."""
    config = tmp_path / "config"
    for kind in ("datasets", "variants", "tables", "published"):
        (config / kind).mkdir(parents=True)
        for file in (root / "config" / kind).glob("*.yaml"):
            text = file.read_text().replace(
                "gallery_includes_queries: true ", "gallery_includes_queries: false "
            )
            (config / kind / file.name).write_text(text)
    (config / "paper.yaml").write_text(paper.read_text())
    row, _ = _frame(tmp_path, judged, tmp_path, "mars")
    assert row["unlike_published"] == "gallery_includes_queries false instead of true"


def test_nothing_published_stands_beside_drawn_people(root, judged, tmp_path):
    """On walkers no number of the paper's applies, and none is printed."""
    file = root / "config/test.yaml"
    profile, paths = load_profile(file), Paths(data_dir=tmp_path / "data", results_dir=tmp_path)
    judged(file, profile, paths, "walkers-test", 0, "dcct-fd-ld", 0)
    table = load_table("components", file)
    frame = tabulate(table, profile, paths, file)
    write_tables("t", table, frame, file, tmp_path)
    assert frame[["published", "unlike_published"]].isna().all(axis=None)
    for suffix in ("md", "tex", "html"):
        text = (tmp_path / f"t.{suffix}").read_text(encoding="utf-8")
        assert not [word for word in ("published", "verified", "‡", "ddagger") if word in text]
