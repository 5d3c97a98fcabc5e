"""Atomic writes and receipts: nothing half-written, nothing damaged unnoticed."""

import pytest

from dcct.errors import DataError, DcctError
from dcct.files import atomic, read_json, write_json
from dcct.provenance.receipt import check_outputs, made_from, origin_of, recorded

SET = "walkers-test"


@pytest.fixture
def job(pipeline, make):
    """A step that was run."""
    found = pipeline.job("source", SET)
    make(found)
    return found


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    """An exception inside atomic() keeps the previous content and removes the temporary file."""
    (tmp_path / "file").write_text("old")
    with pytest.raises(RuntimeError), atomic(tmp_path / "file") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_unwritable_place_is_one_line(tmp_path):
    """A folder that cannot be made gives an error naming the path."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(
            DcctError, match=r"file/out: cannot be written: .*run the same command again"
        ),
        atomic(tmp_path / "file" / "out"),
    ):
        pass


def test_flipped_byte_is_noticed(job):
    """check_outputs names the file whose bytes are no longer those that were written."""
    check_outputs(job.receipt, "make")
    (job / "source.json").write_text("[]")
    with pytest.raises(DataError, match=r"source\.json: damaged.*`make`"):
        check_outputs(job.receipt, "make")


def test_receipts_of_equal_runs_are_equal_bytes(job, make):
    """Nothing in a receipt depends on when, how fast, or from what the step ran."""
    first = job.receipt.read_bytes()
    make(job)
    assert job.receipt.read_bytes() == first
    assert set(read_json(job.receipt, "")) == {"schema", "outputs"}
    assert {"seconds", "inputs", "settings", "code"} <= set(read_json(job.record, ""))


def test_failed_step_leaves_no_receipt(job):
    """A step that dies takes the receipt of the previous result with it."""
    origin = origin_of(job)
    assert made_from(job, origin)
    with pytest.raises(RuntimeError), recorded(job, origin):
        raise RuntimeError
    assert not made_from(job, origin)


def test_what_was_made_from_an_earlier_input_is_not_made_from_this_one(job, pipeline, make):
    """An input with other bytes changes the origin of what reads it; with the same bytes, made
    again, it does not."""
    verify = pipeline.job("verify", SET)
    make(verify)
    make(job)
    assert made_from(verify, origin_of(verify))
    make(job, "[]")
    assert not made_from(verify, origin_of(verify))


def test_a_damaged_input_stops_a_step(job, pipeline):
    """Everything that a step reads is held against its receipt first."""
    (job / "source.json").write_text("[]")
    with pytest.raises(DataError, match=r"source\.json: damaged"):
        origin_of(pipeline.job("verify", SET))


def test_an_input_of_other_settings_stops_a_step(job, pipeline):
    """What was made before the configuration was edited is not taken for what it says now."""
    origin_of(pipeline.job("verify", SET))
    record = read_json(job.record, "")
    write_json(job.record, record | {"settings": "other"})
    with pytest.raises(DataError, match=r"was made under other settings .* run `dcct source"):
        origin_of(pipeline.job("verify", SET))
