"""Tables say what the metrics say: on a few random features, evaluated by the real code."""

import re
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from dcct.config.metric import METRICS
from dcct.errors import DataError
from dcct.evaluation.spread import holm
from dcct.files import read_json, write_json
from dcct.pipeline.steps import TABLE
from dcct.report.tables.cells import YOURS
from dcct.report.tables.printing import latex
from dcct.report.tables.results import load_results, sample
from dcct.report.tables.tables import tabulate, write_table

DATASET, TEN = "walkers-test", "walkers-ilids"
RUN = {"cnn": (0, 1), "dcct": (0,)}
"""Variant → seeds that were run, of the seeds 0 and 1; nothing else of the profile was."""
TABLES = {
    "parts": {
        "compare": "variants",
        "rows": ["chance", "cnn", "dcct", "cca"],
        "published": "dcct",
    },
    "same": {"compare": "pairs", "pairs": [["cnn", "cnn"]]},
    "pairs": {"compare": "pairs", "pairs": [["cnn", "dcct"]]},
}


@pytest.fixture(scope="module")
def finished(project, evaluated, tmp_path_factory):
    """A profile with two seeds, and metrics of some of its variants on five identities at two
    cameras."""
    pipeline = project(tmp_path_factory.mktemp("tables"), tables=TABLES, seeds=[0, 1])
    for variant, seeds in RUN.items():
        for seed in seeds:
            evaluated(pipeline, DATASET, 0, variant, seed)
    return pipeline


def _written(pipeline, folder):
    write_table(pipeline, "parts", folder)
    return {kind: (folder / f"parts.{kind}").read_text(encoding="utf-8") for kind in TABLE}


def _named(frame):
    """Rows that the table names: behind them stands what no table does."""
    return frame[~frame["title"].str.endswith(YOURS)]


def _headline(pipeline, dataset, split, variant):
    return read_json(pipeline.job("rank", dataset, split, variant, 0) / "metrics.json", "")[
        "headline"
    ]


def test_chance_is_the_mean_over_all_rankings(finished):
    """Each query has 2 matches among 18 tracklets: chance is the plain mean over all C(18, 2)
    rankings."""
    row = tabulate(finished, "parts").iloc[0]
    hits = list(combinations(range(1, 19), 2))
    assert row["mAP"] == pytest.approx(
        100 * np.mean([(1 / a + 2 / b) / 2 for a, b in hits]), abs=1e-4
    )
    assert row["rank5"] == pytest.approx(100 * np.mean([a <= 5 for a, _ in hits]), abs=1e-4)
    assert row["mINP"] == pytest.approx(100 * np.mean([2 / b for _, b in hits]), abs=1e-4)


def test_a_variant_does_not_differ_from_itself(finished):
    """A − A is exactly 0, and so are both ends of its interval."""
    row = tabulate(finished, "same").iloc[0]
    assert (
        row[["mAP_difference", "mAP_difference_low", "mAP_difference_high", "rank1_difference"]]
        == 0
    ).all()


def test_a_claim_gets_its_verdict(project, evaluated, tmp_path):
    """From the difference over both seeds, whose p holds for all claims together; one seed decides
    nothing."""
    for seeds in ((0, 1), (0,)):
        folder = tmp_path / str(len(seeds))
        tables = {"judged": {"compare": "claims", "claims": "dcct"}}
        variants = ["cnn", "coupled", "vit"]
        changes = {"variants": variants, "backbones": [], "evaluation": {"time_order": []}}
        pipeline = project(folder, tables=tables, seeds=[*seeds], **changes)
        for variant in variants:
            for seed in seeds:
                evaluated(pipeline, DATASET, 0, variant, seed)
        frame = tabulate(pipeline, "judged").set_index("claim")
        assert frame["verdict"].notna().sum() == 2 * (len(seeds) > 1)
        if len(seeds) > 1:
            single = frame["effect_p_single"].dropna()
            assert frame["effect_p"].dropna().tolist() == pytest.approx(
                holm(single.to_list()), abs=1e-4
            )
        write_table(pipeline, "judged", tmp_path)
        words = "undecided" if len(seeds) > 1 else "one training cannot decide"
        assert words in (tmp_path / "judged.md").read_text(encoding="utf-8")


def test_p_holds_for_all_data_sets_of_a_table(project, evaluated, tmp_path):
    """Each comparison of a table counts, whichever data set it is on: in p, and in what is printed
    below every part."""
    tables = {"pairs": TABLES["pairs"]}
    pipeline = project(tmp_path, tables=tables, seeds=[0, 1], datasets=[DATASET, "walkers-hard"])
    for dataset in pipeline.profile.datasets:
        for variant in ("cnn", "dcct"):
            for seed in (0, 1):
                evaluated(pipeline, dataset, 0, variant, seed)
    frame = tabulate(pipeline, "pairs")
    single = frame.filter(regex="_p_single$").to_numpy().ravel().tolist()
    assert frame.filter(regex="_difference_p$").to_numpy().ravel() == pytest.approx(
        [round(p, 4) for p in holm(single)], abs=2e-4
    )
    write_table(pipeline, "pairs", tmp_path)
    printed = (tmp_path / "pairs.md").read_text(encoding="utf-8")
    assert printed.count(f"corrected for the {len(single)} comparisons") == 2


def test_one_seed_has_the_interval_of_its_metrics(finished):
    """Estimates from per-query values repeat what metrics.json says of the same run, whose interval
    is over test identities alone."""
    run = load_results(finished, DATASET)["dcct"][0]
    estimate = sample([run], "mAP", "begin", "all").estimate(finished.profile.evaluation.bootstrap)
    expected = [100 * run.headline[name] for name in ("mAP", "mAP_low", "mAP_high")]
    assert [estimate.mean, *estimate.identities] == pytest.approx(expected, rel=1e-12)
    assert (estimate.low, estimate.high, estimate.spread) == (None, None, None)


def test_what_was_not_run_is_a_named_gap(finished, tmp_path):
    """A missing variant keeps its row and says so; a missing seed is counted."""
    frame = _named(tabulate(finished, "parts")).set_index("variant")
    assert frame["status"].to_list() == ["complete", "complete", "1 of 2 seeds", "not run"]
    assert frame.loc["cca", ["mAP", "rank1", "seconds"]].isna().all()
    assert "| + CCA | all |  | not run |" in _written(finished, tmp_path)["md"]


def test_a_row_says_by_what_settings_and_code_it_was_made(finished):
    """Of all its runs, from their run records; what they share stands once."""
    row = tabulate(finished, "parts").set_index("variant").loc["cnn"]
    assert row["code_train"] == "code of trai"
    records = [f"settings of rank {DATASET}/split0/cnn/seed{seed}"[:12] for seed in (0, 1)]
    assert row["settings_rank"] == " ".join(dict.fromkeys(records))


def _on_splits(project, evaluated, folder, splits, verification="passed"):
    pipeline = project(folder, tables=TABLES, datasets=[TEN], splits=[0, 1, 2])
    for name, numbers in splits.items():
        for number in numbers:
            evaluated(pipeline, TEN, number, name, 0, verification)
    return pipeline


def test_splits_give_mean_and_standard_deviation(project, evaluated, tmp_path):
    """A row is the mean over splits ± their standard deviation; a split that was not run is
    counted."""
    pipeline = _on_splits(project, evaluated, tmp_path, {"cnn": (0, 1, 2), "dcct": (0, 2)})
    frame = _named(tabulate(pipeline, "parts")).set_index("variant")
    values = [100 * _headline(pipeline, TEN, split, "cnn")["mAP"] for split in range(3)]
    assert frame.loc["cnn", ["mAP", "mAP_sd"]].tolist() == pytest.approx(
        [np.mean(values), np.std(values, ddof=1)], abs=1e-4
    )
    assert frame["status"].tolist() == ["complete", "complete", "2 of 3 splits", "not run"]
    assert frame["splits"].tolist()[1:3] == ["0 1 2", "0 2"]
    assert frame.loc["chance", "queries"] == frame.loc["cnn", "queries"] == 30
    row = tabulate(pipeline, "pairs").iloc[0]
    assert (row["splits"], row["status"]) == ("0 2", "2 of 3 splits")
    dcct = [100 * _headline(pipeline, TEN, split, "dcct")["mAP"] for split in (0, 2)]
    assert row["mAP_difference"] == pytest.approx(
        np.mean([values[0], values[2]]) - np.mean(dcct), abs=1e-4
    )


def test_results_of_data_that_differ_are_marked(project, evaluated, tmp_path):
    """One warned split marks its row in every format, and a sentence says why."""
    runs = {"cnn": (0,), "dcct": (0,)}
    pipeline = _on_splits(project, evaluated, tmp_path, runs, "warned")
    assert tabulate(pipeline, "parts")["verification"].tolist()[:3] == ["warned"] * 3
    text = _written(pipeline, tmp_path)
    assert "| CNN † |" in text["md"]
    assert "† Walkers as iLIDS-VID differs from what verification expects" in text["md"]
    assert r"{CNN $\dagger$} &" in text["tex"]
    assert ">CNN †</th>" in text["html"]


def test_damaged_metrics_are_refused(finished):
    """Metrics that are not what their receipt says make no table."""
    path = finished.job("rank", DATASET, 0, "dcct", 0) / "metrics.json"
    whole = read_json(path, "rank")
    write_json(path, whole | {"headline": {}})
    with pytest.raises(DataError, match="damaged"):
        tabulate(finished, "parts")
    write_json(path, whole)


def test_markdown_shows_the_csv_rounded(finished, tmp_path):
    """Every number of a row in Markdown is the CSV's number with one decimal, in the same order:
    one seed has an interval over identities alone."""
    written = _written(finished, tmp_path)
    metrics = [name for name, metric in METRICS.items() if metric.printed]
    lines = [line for line in written["md"].splitlines() if line.startswith("| ")]
    rows = pd.read_csv(tmp_path / "parts.csv").to_dict("records")
    for row, line in zip(rows, lines[2:], strict=True):
        assert row["title"] in line
        over = "_identities" if np.isnan(row["mAP_low"]) else ""
        ends = ("", "_sd", f"_low{over}", f"_high{over}")
        order = [f"{metric}{end}" for metric in metrics for end in ends]
        assert re.findall(r"\d+\.\d", line) == [
            f"{row[name]:.1f}" for name in order if not np.isnan(row[name])
        ]


def test_a_second_run_gives_the_same_bytes(finished, tmp_path):
    """Nothing in a table depends on when it was written."""
    assert _written(finished, tmp_path / "a") == _written(finished, tmp_path / "b")


class Cells(HTMLParser):
    """Text of the cells of a page's tables, row by row; every tag that it opens is closed."""

    def __init__(self, text: str):
        super().__init__()
        self.rows, self.open, self.attributes = [], [], set()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1].append(data)


def test_html_shows_what_markdown_shows_and_needs_nothing_else(finished, tmp_path):
    """The same cells in the same order; no file, script or address besides the page itself."""
    written = _written(finished, tmp_path)
    lines = [
        line for line in written["md"].splitlines() if line.startswith("| ") and "---" not in line
    ]
    page = Cells(written["html"])
    assert [[" ".join(cell) for cell in row] for row in page.rows] == [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines
    ]
    assert not {"src", "href", "style", "onclick"} & page.attributes
    assert not [
        word for word in ("http", "<script", "<link", "@import", "url(") if word in written["html"]
    ]


def test_latex_is_escaped_and_ruled(finished, tmp_path):
    """Special characters cannot break a document, and each tabular has its three rules."""
    tex = _written(finished, tmp_path)["tex"]
    body = "".join(line for line in tex.splitlines() if not line.startswith("%"))
    assert not re.search(r"(?<!\\)[%_#]", body)
    assert [tex.count(rule) for rule in ("\\toprule", "\\midrule", "\\bottomrule")] == [1, 1, 1]
    assert (
        latex("50 % of_A & B − 1 ± \\x ‡")
        == "50 \\% of\\_A \\& B $-$ 1 $\\pm$ \\textbackslash{}x $\\ddagger$"
    )
