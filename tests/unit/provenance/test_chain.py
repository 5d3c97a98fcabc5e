"""Receipts can be followed from an artefact to the data, and what no longer matches is named; on
six steps without their work."""

import shutil

import pytest

from dcct.errors import DataError
from dcct.files import read_json, write_json
from dcct.provenance.chain import behind, explain
from dcct.provenance.integrity import check_results
from dcct.runtime.progress import Progress

SET = "walkers-test"
KEYS = {
    "source": (SET,),
    "verify": (SET,),
    "manifest": (SET, 0),
    "pack": (SET,),
    "weights": (0,),
    "train": (SET, 0, "cnn", 0),
}
"""Verb → key, in an order in which they can be run: training reads the manifest and the frames, and
both were made from the verification."""


@pytest.fixture
def jobs(pipeline, make):
    """Verb → its job, which was run."""
    found = {verb: pipeline.job(verb, *key) for verb, key in KEYS.items()}
    for job in found.values():
        make(job)
    return found


def _problems(pipeline):
    return check_results(pipeline, Progress()).problems


def test_each_step_stands_once_before_what_it_was_made_from(jobs):
    """Two ways lead back to the verification: it comes after both, with its command and its
    files."""
    chain = explain(jobs["train"] / "model.safetensors")
    verbs = [step.verb for step in chain.steps]
    assert verbs[0] == "train"
    assert sorted(verbs) == sorted(KEYS)
    assert max(verbs.index("manifest"), verbs.index("pack")) < verbs.index("verify")
    assert verbs.index("verify") < verbs.index("source")
    assert all(step.run["seconds"] >= 0 for step in chain.steps)
    assert {file.state for step in chain.steps for file in step.outputs} == {"as recorded"}
    assert explain(jobs["train"].folder).steps == chain.steps


def test_a_step_says_once_what_it_was_made_from(jobs):
    """Inputs, settings and code stand in the step; its run record adds when and how it ran."""
    step = explain(jobs["manifest"].folder).steps[0]
    record = read_json(jobs["manifest"].record, "")
    assert (step.settings, step.code) == (record["settings"], record["code"])
    assert set(record) - set(step.run) == {"inputs", "settings", "code"}


def test_a_copied_folder_is_followed_in_its_new_place(jobs, pipeline, tmp_path):
    """Run records name inputs from where a step ran; a copy of the results is read on its own."""
    place = jobs["train"].folder.relative_to(pipeline.results)
    shutil.move(pipeline.results, tmp_path / "elsewhere")
    chain = explain(tmp_path / "elsewhere" / place)
    assert len(chain.steps) == len(KEYS)
    assert all(
        step.receipt.startswith(str(tmp_path / "elsewhere")) and not step.stale
        for step in chain.steps
    )


def test_what_no_receipt_names_has_no_chain(jobs):
    """A file of nobody's is one line."""
    (jobs["pack"] / "other.bin").write_bytes(b"")
    with pytest.raises(DataError, match=r"other\.bin: no receipt names it"):
        explain(jobs["pack"] / "other.bin")


def test_an_untouched_folder_holds(jobs, pipeline):
    """Nothing is complained of; everything was looked at."""
    found = check_results(pipeline, Progress())
    files = sum(len(job.outputs) for job in jobs.values())
    assert (found.receipts, found.files, found.problems) == (len(jobs), files, {})


def test_what_lies_in_the_way_is_named_and_hides_nothing(jobs, pipeline):
    """A receipt that is of no step is one problem; everything else is checked still."""
    stranger = pipeline.results / "elsewhere/receipt.json"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("{}")
    changed = jobs["pack"] / "frames.bin"
    changed.write_text("[]")
    problems = _problems(pipeline)
    assert set(problems) == {changed, stranger}
    assert "move its folder out" in problems[stranger]


def test_a_flipped_byte_is_named_with_the_command_that_makes_it_again(jobs, pipeline):
    """The file, and only it: receipts still agree with each other."""
    changed, missing = jobs["pack"] / "frames.bin", jobs["verify"] / "frames.parquet"
    changed.write_text("[]")
    missing.unlink()
    problems = _problems(pipeline)
    assert set(problems) == {changed, missing}
    assert "changed since it was written" in problems[changed]
    assert "delete it and run `dcct" in problems[changed]
    found = {
        file.path: file.state
        for step in explain(jobs["train"].folder).steps
        for file in step.outputs
        if file.state != "as recorded"
    }
    assert found == {changed.as_posix(): "changed", missing.as_posix(): "missing"}


def test_what_was_made_from_an_earlier_input_is_stale(jobs, pipeline, make):
    """An input that was made differently, or is gone, makes what was made from it stale, and
    nothing else."""
    make(jobs["manifest"])
    assert not _problems(pipeline)
    make(jobs["manifest"], "made differently")
    problems = _problems(pipeline)
    assert set(problems) == {jobs["train"].receipt}
    assert "tracklets.parquet has changed since" in problems[jobs["train"].receipt]
    shutil.rmtree(jobs["pack"].folder)
    more = 1 + len(jobs["pack"].outputs) - 1
    assert f"(and {more} more)" in _problems(pipeline)[jobs["train"].receipt]


def test_a_row_is_made_from_its_own_runs():
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


def test_a_record_that_leads_back_to_itself_is_one_line(jobs):
    """No search without end: the line names the record, and the command that makes it again."""
    source, verify = jobs["source"], jobs["verify"]
    record = read_json(source.record, "") | {"inputs": {str(verify / "report.json"): "x"}}
    write_json(source.record, record)
    with pytest.raises(DataError, match=r"was made from itself: delete it and run `[^`]+`$"):
        explain(jobs["train"].folder)


def test_what_is_published_is_never_to_be_deleted(jobs, pipeline):
    """A receipt that was copied below the results, wherever: it has no step, and stays."""
    folder = pipeline.results / "published"
    folder.mkdir()
    (folder / "a.csv").write_text("x")
    write_json(folder / "a.receipt.json", {"outputs": {"a.csv": "x"}})
    with pytest.raises(DataError, match="of no step, perhaps published") as error:
        explain(folder / "a.csv")
    assert "delete" not in str(error.value)


def test_a_record_without_its_command_names_one_that_works(jobs, pipeline):
    """The step and what its path says."""
    write_json(jobs["train"].record, {})
    (jobs["train"] / "model.safetensors").unlink()
    line = _problems(pipeline)[jobs["train"] / "model.safetensors"]
    assert f"`{jobs['train'].again}`" in line


@pytest.mark.parametrize("key", ["inputs", "settings", "code"])
def test_a_receipt_says_nothing_but_outputs(key, jobs):
    """Further keys in it, of whatever type, do not stand for what the run record says."""
    before = explain(jobs["train"].folder)
    receipt = jobs["train"].receipt
    write_json(receipt, read_json(receipt, "") | {key: None})
    assert explain(jobs["train"].folder) == before
