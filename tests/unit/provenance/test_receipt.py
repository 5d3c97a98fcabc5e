"""Atomic writes and receipts: nothing half-written, nothing damaged unnoticed."""

import json

import pytest

from dcct.errors import DataError, DcctError
from dcct.files import atomic
from dcct.provenance.receipt import check_outputs, made_from, origin_of, recorded


def step(folder, content=b"result", settings=None):
    origin = origin_of({}, settings or {"a": 1}, [])
    with recorded(folder / "receipt.json", folder / "run.json", [folder / "out.bin"], origin):
        (folder / "out.bin").write_bytes(content)
    return origin


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


def test_flipped_byte_is_noticed(tmp_path):
    """check_outputs names the file whose bytes are no longer those that were written."""
    step(tmp_path)
    check_outputs(tmp_path / "receipt.json", "make")
    (tmp_path / "out.bin").write_bytes(b"resulT")
    with pytest.raises(DataError, match=r"out\.bin: damaged.*`dcct make`"):
        check_outputs(tmp_path / "receipt.json", "make")


def test_receipts_of_equal_runs_are_equal_bytes(tmp_path):
    """Nothing in a receipt depends on when or how fast the step ran."""
    step(tmp_path)
    first = (tmp_path / "receipt.json").read_bytes()
    step(tmp_path)
    assert (tmp_path / "receipt.json").read_bytes() == first
    assert "seconds" in json.loads((tmp_path / "run.json").read_text())


def test_failed_step_leaves_no_receipt(tmp_path):
    """A step that dies takes the receipt of the previous result with it."""
    origin = step(tmp_path)
    with (
        pytest.raises(RuntimeError),
        recorded(tmp_path / "receipt.json", tmp_path / "run.json", [], origin),
    ):
        raise RuntimeError
    assert not made_from(tmp_path / "receipt.json", origin)
