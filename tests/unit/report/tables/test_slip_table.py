"""A table of slips says what the metrics say, and what the slips make of them: on a few random
features, judged by the real code."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dcct.errors import ConfigError, DataError, DcctError
from dcct.evaluation.metrics import identity_bootstrap, interval
from dcct.evaluation.slips import SLIPS
from dcct.files import file_digest, read_json, write_json
from dcct.pipeline.steps import TABLE
from dcct.provenance.chain import behind
from dcct.report.tables.cells import NOT_RUN
from dcct.report.tables.parts import read_table
from dcct.report.tables.results import SLIPS as SLIP_COLUMNS
from dcct.report.tables.slips import MEAN
from dcct.report.tables.tables import tabulate, write_table
from dcct.runtime.progress import Progress
from dcct.seeding import Stream, generator
from dcct.verbs.evaluation import misjudge

DATASET, ROWS = "walkers-test", ["untrained", "cnn", "dcct", "dcct-fd-ld"]
TABLES = {"slips": {"compare": "slips", "rows": ROWS}}
CHANGES = {"evaluation": {"epochs": [3], "samplers": ["dense", "begin"], "time_order": []}}


def judge(pipeline, split=0):
    """What `dcct misjudge` does, without receipts of its inputs."""
    job = pipeline.job("misjudge", DATASET, split)
    making = SimpleNamespace(
        job=job, pipeline=pipeline, input=job.reads.__getitem__, progress=Progress()
    )
    misjudge(making, DATASET, split)
    write_json(job.receipt, {"outputs": {one.name: file_digest(one) for one in job.outputs}})


@pytest.fixture(scope="module")
def finished(project, evaluated, tmp_path_factory):
    """Four variants with one seed, of which an epoch was kept; all of it judged with slips."""
    pipeline = project(tmp_path_factory.mktemp("slips"), tables=TABLES, **CHANGES)
    for label in [*ROWS, *(f"{name}@epoch3" for name in ROWS[1:])]:
        evaluated(pipeline, DATASET, 0, label, 0)
    judge(pipeline)
    return pipeline


@pytest.fixture(scope="module")
def frame(finished):
    """The table, by slip and variant."""
    return tabulate(finished, "slips").set_index(["slip", "variant"])


def headline(pipeline, label):
    return read_json(pipeline.job("rank", DATASET, 0, label, 0) / "metrics.json", "")["headline"]


def test_the_right_protocol_is_the_metrics(finished, frame):
    """Every digit of the run's own scores, and of their intervals over identities."""
    for name in ROWS:
        for metric in ("mAP", "rank1"):
            said = headline(finished, name)
            row = frame.loc["right", name]
            for ours, theirs in (
                ("", ""),
                ("_low_identities", "_low"),
                ("_high_identities", "_high"),
            ):
                assert row[f"{metric}{ours}"] == round(100 * said[f"{metric}{theirs}"], 4)


def test_a_change_is_the_difference_of_two_scores(frame):
    """With the slip minus by the right protocol; the first line of a slip is its mean over the
    trained variants."""
    for slip in SLIPS:
        for metric in ("mAP", "rank1"):
            changes = {}
            for name in ROWS[1:] if slip == "best-epoch" else ROWS:
                row, right = frame.loc[slip, name], frame.loc["right", name]
                changes[name] = row[f"{metric}_change"]
                assert changes[name] == pytest.approx(row[metric] - right[metric], abs=2e-4)
            mean = np.mean([changes[name] for name in ROWS[1:]])
            assert frame.loc[(slip, MEAN), f"{metric}_change"] == pytest.approx(mean, abs=2e-4)


def test_a_change_has_the_interval_of_a_paired_difference(finished, frame):
    """Identities are drawn with all their queries, of which both ways see the same."""
    job = finished.job("misjudge", DATASET, 0)
    wrong = pd.read_parquet(job / "queries.parquet").query("variant == 'cnn'")
    wrong = wrong[wrong["slip"] == "itself-left-out"].set_index("tracklet").sort_index()
    right = pd.read_parquet(finished.job("rank", DATASET, 0, "cnn", 0) / "queries.parquet")
    right = right[(right["sampler"] == "dense")].set_index("tracklet").sort_index()
    change = 100 * (wrong["ap"] - right["ap"])
    draw, resamples = generator(0, Stream.BOOTSTRAP), finished.profile.evaluation.bootstrap
    drawn = identity_bootstrap(change.to_numpy(), wrong["pid"].to_numpy(), resamples, draw)
    row = frame.loc["itself-left-out", "cnn"]
    ends = row[["mAP_change_low_identities", "mAP_change_high_identities"]]
    assert ends.tolist() == pytest.approx(interval(drawn), abs=1e-4)


def test_a_tracklet_of_one_frame_has_its_own_camera(frame):
    """These have one each: the list of frames is that of tracklets, and the slip changes
    nothing."""
    rows = frame.loc["frame-cameras"]
    assert (rows[["mAP_change", "rank1_change"]] == 0).all(axis=None)
    assert rows.loc[MEAN, ["mAP_tau", "mAP_flips"]].tolist() == [1, "none"]


def test_a_query_that_finds_itself_says_nothing(frame):
    """Rank-1 is 100 % whatever the network, and no order is left."""
    rows = frame.loc["nothing-left-out"]
    assert (rows.loc[ROWS, "rank1"] == 100).all()
    assert rows.loc[MEAN, "rank1_flips"] == "all alike"
    assert np.isnan(rows.loc[MEAN, "rank1_tau"])


def test_the_best_epoch_is_the_better_one_of_each_training(finished, frame):
    """Of the kept and the last one; what was not trained has none, and other clips are those of
    the other sampler."""
    for name in ROWS[1:]:
        scores = [headline(finished, label)["mAP"] for label in (name, f"{name}@epoch3")]
        assert frame.loc[("best-epoch", name), "mAP"] == pytest.approx(100 * max(scores), abs=1e-4)
    assert frame.loc[("best-epoch", "untrained"), "status"] == NOT_RUN
    assert set(frame.loc["other-clips", "sampler"]) == {"begin"}


def test_every_pair_that_changes_places_is_named(frame):
    """Where the order of two trained variants is another one than by the right protocol."""
    right = frame.loc["right", "mAP"]
    for slip in SLIPS:
        ours, named = frame.loc[slip, "mAP"], frame.loc[(slip, MEAN), "mAP_flips"]
        flips = {
            f"{a} ↔ {b}"
            for a in ROWS[1:]
            for b in ROWS[1:]
            if right[a] > right[b] and ours[a] < ours[b]
        }
        assert set(named.split(", ")) == (flips or {"none"})


def test_what_is_printed_is_the_table_row_by_row(finished, tmp_path):
    """In the order of the CSV, so that a click on a number of the page finds its row; what each
    slip is stands below."""
    write_table(finished, "slips", tmp_path)
    assert all((tmp_path / f"slips.{kind}").is_file() for kind in TABLE)
    text = (tmp_path / "slips.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    printed = [line for line in lines if not line.startswith(("| Slip ", "| Variant "))]
    csv = pd.read_csv(tmp_path / "slips.csv")
    assert len(printed) == len(csv)
    names = csv["slip_title"].fillna(csv["title"])
    assert all(line.startswith(f"| {name} |") for line, name in zip(printed, names, strict=True))
    assert all(slip.says.split("`")[0] in text for slip in SLIPS.values())
    assert "nan" not in text.lower()
    tex = (tmp_path / "slips.tex").read_text(encoding="utf-8").splitlines()
    assert all(line.isascii() for line in tex if not line.startswith("%"))


def test_a_slip_that_this_version_does_not_know_is_refused(finished, tmp_path):
    """A CSV of another one, with the same columns."""
    write_table(finished, "slips", tmp_path)
    path = tmp_path / "slips.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("re-ranked", "unheard-of"))
    with pytest.raises(
        DataError, match=r"has other rows .*: run `dcct tabulate slips --configfile .*` again"
    ):
        read_table(finished, "slips", path)


def test_a_row_is_made_from_its_metrics_and_slips(finished):
    """Not from slips, by the right protocol; from kept epochs where the best one is chosen."""
    inputs = [one.receipt.as_posix() for one in finished.job("tabulate", "slips").reads.values()]
    slips = finished.job("misjudge", DATASET, 0).receipt.as_posix()
    last, kept = (
        finished.job("rank", DATASET, 0, label, 0).receipt.as_posix()
        for label in ("cnn", "cnn@epoch3")
    )
    row = {"dataset": DATASET, "trained_on": DATASET, "splits": "0", "variant": "cnn"}
    for slip, expected in {
        "right": {last},
        "re-ranked": {last, slips},
        "best-epoch": {last, kept, slips},
    }.items():
        assert set(behind({**row, "slip": slip}, inputs)) == expected
    assert set(behind({**row, "slip": "re-ranked", "variant": MEAN}, inputs)) == set(inputs)


def test_what_is_untrained_has_no_epochs(finished):
    """Nothing is asked for that the profile does not run."""
    for job in finished.jobs():
        finished.check(job)


def test_chance_and_a_profile_without_slips_are_refused(project, tmp_path):
    """Chance has no features to be misjudged, and a profile whose tables compare no slips has
    nothing to judge: one line each."""
    with pytest.raises(ConfigError, match="chance makes no slips"):
        project(tmp_path / "a", tables={"slips": {"compare": "slips", "rows": ["chance"]}})
    pipeline = project(tmp_path / "b", tables={"other": {"compare": "variants", "rows": ["cnn"]}})
    with pytest.raises(DcctError, match="none compares slips on walkers-test"):
        judge(pipeline)


def test_what_nobody_can_know_is_left_out_in_a_line(project, evaluated, tmp_path):
    """No kept epochs, one way to draw clips, one variant that was not run, and nothing judged."""
    changes = {"evaluation": {"samplers": ["begin"], "time_order": []}}
    pipeline = project(tmp_path, tables=TABLES, **changes)
    write_table(pipeline, "slips", tmp_path / "nothing")
    assert set(pd.read_csv(tmp_path / "nothing/slips.csv")["status"]) == {NOT_RUN}
    for name in ROWS[:3]:
        evaluated(pipeline, DATASET, 0, name, 0)
    write_table(pipeline, "slips", tmp_path)
    frame = pd.read_csv(tmp_path / "slips.csv")
    text = (tmp_path / "slips.md").read_text(encoding="utf-8")
    assert not {"best-epoch", "other-clips"} & set(frame["slip"])
    assert "Best epoch on the test set: left out, since no epochs were kept" in text
    assert "The other test clips: left out, since begin and dense" in text
    judged = frame[frame["slip"].isin(set(SLIPS))]
    assert set(judged["status"]) == {NOT_RUN}
    assert frame[frame["slip"] == "right"]["status"].tolist() == [*["complete"] * 3, NOT_RUN]


def test_without_a_trained_variant_there_is_no_mean(project, evaluated, tmp_path):
    """What is untrained was judged, so that no row says it was not run."""
    rows = {"slips": {"compare": "slips", "rows": ["untrained"]}}
    pipeline = project(tmp_path, tables=rows, evaluation={"time_order": []})
    evaluated(pipeline, DATASET, 0, "untrained", 0)
    judge(pipeline)
    frame = tabulate(pipeline, "slips")
    assert set(frame["variant"]) == {"untrained"}
    assert set(frame["status"]) == {"complete"}


DAMAGED = {
    "of another run": lambda table: table.assign(tracklet=table["tracklet"] + 1),
    "twice": lambda table: pd.concat([table, table]),
    "without a value": lambda table: table.astype({"first_hit": "Int64"}).replace(
        {"first_hit": {1: pd.NA}}
    ),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_slips_of_other_queries_are_refused(project, evaluated, tmp_path, damage):
    """Even where their receipt holds: in one line that names the file and who makes it."""
    rows = {"slips": {"compare": "slips", "rows": ["cnn"]}}
    pipeline = project(tmp_path, tables=rows, evaluation={"time_order": []})
    evaluated(pipeline, DATASET, 0, "cnn", 0)
    judge(pipeline)
    job = pipeline.job("misjudge", DATASET, 0)
    path = job / "queries.parquet"
    table = damage(pd.read_parquet(path))
    pq.write_table(pa.Table.from_pandas(table, SLIP_COLUMNS, preserve_index=False), path)
    write_json(job.receipt, {"outputs": {path.name: file_digest(path)}})
    with pytest.raises(DataError, match=r"queries\.parquet: .*run `dcct misjudge walkers-test "):
        tabulate(pipeline, "slips")
