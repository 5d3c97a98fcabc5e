"""Files that are written: whole, at their place alone, or one line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
import torch

from dcct.datasets.manifest import write_parquet
from dcct.errors import DcctError
from dcct.files import atomic, write_json
from dcct.models.checkpoint import write_tensors
from dcct.training.resume import load_state, save_state

LINES = 40_000
BIG = torch.arange(LINES)


def write_csv(path: Path) -> None:
    with atomic(path) as temporary:
        pyarrow.csv.write_csv(pa.table({"x": BIG.numpy()}), temporary)


WRITERS = {
    "json": lambda folder: write_json(folder / "a.json", BIG.tolist()),
    "parquet": lambda folder: write_parquet(
        folder / "a.parquet", pa.table({"x": np.random.default_rng(0).random(LINES)})
    ),
    "csv": lambda folder: write_csv(folder / "a.csv"),
    "safetensors": lambda folder: write_tensors({"x": BIG}, folder / "a.safetensors"),
    "state": lambda folder: save_state(folder, 1, 0, {"x": BIG}),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_full_disk_is_one_line_and_leaves_nothing(kind, small_disk):
    """Whatever its library raises; with room, the same call writes."""
    with pytest.raises(DcctError, match=r"^[^\n]*cannot be written[^\n]*$"):
        WRITERS[kind](small_disk.folder)
    assert not list(small_disk.folder.iterdir())
    small_disk.enlarge()
    WRITERS[kind](small_disk.folder)
    assert len(list(small_disk.folder.iterdir())) == 1


def test_full_disk_keeps_the_state_before(small_disk):
    """A training goes on from the last state that found room."""
    save_state(small_disk.folder, 1, 0, {"x": torch.ones(3)})
    with pytest.raises(DcctError, match="cannot be written"):
        save_state(small_disk.folder, 2, 0, {"x": BIG})
    assert torch.equal(load_state(small_disk.folder, "cpu")["x"], torch.ones(3))


@pytest.mark.parametrize("kind", ["link", "dead link", "pipe", "folder"])
def test_what_is_no_plain_file_is_never_replaced(kind, tmp_path):
    """A link, a pipe or a folder at the place of an output stays, and so does what it leads to."""
    path, target = tmp_path / "out.json", tmp_path / "mine"
    target.write_text("keep")
    make = {
        "link": lambda: path.symlink_to(target),
        "dead link": lambda: path.symlink_to("nowhere"),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }
    make[kind]()
    before = path.lstat()
    with pytest.raises(DcctError, match=r"out\.json: is .*never replaced: name another file"):
        write_json(path, {})
    assert path.lstat().st_ino == before.st_ino
    assert target.read_text() == "keep"


def test_what_a_killed_process_left_is_removed(tmp_path):
    """Temporary files of the same output whose process is no more; another's stay."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    for name in (f".a.json.{done.pid}.partial", ".a.json.x1y2.partial"):
        (tmp_path / name).touch()
    (tmp_path / f".a.json.{os.getppid()}.partial").touch()
    (tmp_path / f".b.json.{done.pid}.partial").touch()
    write_json(tmp_path / "a.json", {})
    left = sorted(path.name for path in tmp_path.iterdir())
    expected = [f".a.json.{os.getppid()}.partial", f".b.json.{done.pid}.partial", "a.json"]
    assert left == sorted(expected)
