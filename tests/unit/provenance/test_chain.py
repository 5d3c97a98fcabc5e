"""Receipts can be followed from an artefact to the data, and what no longer matches is named; on
four made-up steps."""

import shutil

import pytest

from dcct.errors import DataError
from dcct.pipeline.paths import Paths
from dcct.provenance.chain import behind, explain
from dcct.provenance.integrity import check_results
from dcct.provenance.receipt import RECEIPT, origin_of, recorded
from dcct.runtime.progress import Progress

MADE = {
    "verify": ("verified/set", "frames.parquet"),
    "manifest": ("manifests/set/split0", "tracklets.parquet"),
    "pack": ("frames/set", "frames.bin"),
    "sample": ("clips/set/split0", "clips.parquet"),
}
FROM = {"verify": [], "manifest": ["verify"], "pack": ["verify"], "sample": ["manifest", "pack"]}


def make(root, verb, content=b"made"):
    """Run one step as the real ones do."""
    folder, name = MADE[verb]
    receipts = {root / MADE[source][0] / RECEIPT: source for source in FROM[verb]}
    run = Paths(data_dir=root, results_dir=root).run(verb, *folder.split("/")[1:])
    with recorded(
        root / folder / RECEIPT, run, [root / folder / name], origin_of(receipts, {}, [])
    ):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / name).write_bytes(content)


@pytest.fixture
def results(tmp_path):
    root = tmp_path / "results"
    for verb in MADE:
        make(root, verb)
    return root


def test_each_step_stands_once_before_what_it_was_made_from(results):
    """Two ways lead back to the verification: it comes last, with its command and its files."""
    chain = explain(results / "clips/set/split0/clips.parquet")
    verbs = [step.verb for step in chain.steps]
    assert (verbs[0], verbs[-1], sorted(verbs)) == ("sample", "verify", sorted(MADE))
    assert all(
        step.run["seconds"] >= 0 and step.outputs[0].state == "as recorded" for step in chain.steps
    )
    assert explain(results / "clips/set/split0").steps == chain.steps


def test_a_copied_folder_is_followed_in_its_new_place(results, tmp_path):
    """Receipts name inputs from where a step ran; a copy of the results is read on its own."""
    shutil.move(results, tmp_path / "elsewhere")
    chain = explain(tmp_path / "elsewhere/clips/set/split0")
    assert len(chain.steps) == len(MADE)
    assert all(
        step.receipt.startswith(str(tmp_path / "elsewhere")) and not step.stale
        for step in chain.steps
    )


def test_what_no_receipt_names_has_no_chain(results):
    """A file of nobody's is one line."""
    (results / "frames/set/other.bin").write_bytes(b"")
    with pytest.raises(DataError, match=r"other\.bin: no receipt names it"):
        explain(results / "frames/set/other.bin")


def test_an_untouched_folder_holds(results):
    """Nothing is complained of; everything was looked at."""
    found = check_results(results, Progress())
    assert (found.receipts, found.files, found.problems) == (4, 4, {})


def test_a_flipped_byte_is_named_with_the_command_that_makes_it_again(results):
    """The file, and only it: receipts still agree with each other."""
    (results / "frames/set/frames.bin").write_bytes(b"mad3")
    (results / "verified/set/frames.parquet").unlink()
    problems = check_results(results, Progress()).problems
    assert {path.name for path in problems} == {"frames.bin", "frames.parquet"}
    assert "changed since it was written" in problems[results / "frames/set/frames.bin"]
    assert "delete it and run `dcct" in problems[results / "frames/set/frames.bin"]
    states = {
        step.verb: step.outputs[0].state for step in explain(results / "clips/set/split0").steps
    }
    assert states == {
        "sample": "as recorded",
        "manifest": "as recorded",
        "pack": "changed",
        "verify": "missing",
    }


def test_what_was_made_from_an_earlier_input_is_stale(results):
    """An input that was made again, or is gone, makes what was made from it stale, and nothing
    else."""
    make(results, "manifest", b"made differently")
    problems = check_results(results, Progress()).problems
    assert set(problems) == {results / "clips/set/split0" / RECEIPT}
    assert (
        "manifests/set/split0/tracklets.parquet has changed since"
        in problems[results / "clips/set/split0" / RECEIPT]
    )
    shutil.rmtree(results / "frames")
    line = check_results(results, Progress()).problems[results / "clips/set/split0" / RECEIPT]
    assert "tracklets.parquet has changed since (and 1 more)" in line


def test_a_row_is_made_from_its_own_runs(tmp_path):
    """Of all metrics of a table, those of the row's data set, splits, variants (both of a pair) and
    training."""
    runs = [
        f"results/metrics/{dataset}/split{split}/{variant}/seed{seed}/receipt.json"
        for dataset in ("one", "two")
        for split in (0, 1)
        for variant in ("cnn", "dcct", "cnn@two")
        for seed in (0, 1)
    ]
    row = {"dataset": "one", "trained_on": "one", "splits": "1", "variant": "cnn"}
    assert behind(row, runs) == [run for run in runs if "/one/split1/cnn/" in run]
    assert behind(row | {"trained_on": "two"}, runs) == [
        run for run in runs if "/one/split1/cnn@two/" in run
    ]
    pair = {"dataset": "two", "trained_on": "two", "splits": "0 1", "a": "dcct", "b": "cnn"}
    assert behind(pair, runs) == [run for run in runs if "/two/" in run and "@" not in run]
