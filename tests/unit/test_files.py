"""Files that are written: whole, at their place alone, or one line. JSON that is read: what can be
written again, or one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.datasets.manifest import write_parquet
from dcct.errors import DataError, DcctError
from dcct.files import MOST_JSON, atomic, parse_json, read_json, whole_folder, write_json
from dcct.models.checkpoint import write_tensors
from dcct.training.resume import load_state, save_state

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
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


NO_JSON = {
    "NaN": '{"a": NaN}',
    "infinity": '{"a": -Infinity}',
    "too large a number": '{"a": 1e999}',
    "too many digits": '{"a": ' + "9" * 5000 + "}",
    "deep lists": '{"a": ' + "[" * 50 + "]" * 50 + "}",
    "very deep": "[" * 200_000,
    "deep mappings": '{"a": ' * 900 + "1" + "}" * 900,
    "a key twice": '{"a": {"b": 1, "b": 2}}',
    "half a character": '{"a": "\\ud800"}',
    "half a character as a key": '{"\\udfff": 1}',
    "two values": "{} {}",
    "a byte order mark": "\ufeff{}",
}


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_one_line(text, tmp_path):
    """It names the file, why, and the command that makes it again."""
    path = tmp_path / "a.json"
    path.write_text(text)
    said = r"^[^\n]*a\.json: cannot be read [^\n]*: delete it and run `dcct x` again$"
    with pytest.raises(DataError, match=said):
        read_json(path, "dcct x")


@pytest.mark.parametrize("kind", ["pipe", "folder", "too long"])
def test_what_is_no_file_of_ours_is_refused_unread(kind, tmp_path):
    """A pipe would be waited for; a file without end would fill the memory."""
    path = tmp_path / "a.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, MOST_JSON + 1)
    with pytest.raises(DataError, match=r"a\.json: cannot be read \((it is no file|.* bytes)"):
        read_json(path, "dcct x")


@settings(max_examples=EXAMPLES, deadline=5000, derandomize=True)
@given(text=st.text(max_size=80) | st.text('{}[]",:0189.eE-+NaIfinty\\u d', max_size=80))
def test_any_text_is_values_that_can_be_written_or_refused(text):
    """What is read can be written and is then the same."""
    try:
        found = parse_json(text)
    except ValueError:
        return
    assert parse_json(json.dumps(found, allow_nan=False)) == found


def test_a_folder_is_whole_or_not_there(tmp_path):
    """What fails leaves nothing, nor does a process that was killed; nothing is written into what
    is there."""
    (tmp_path / ".made.999999999.partial/half").mkdir(parents=True)
    with pytest.raises(ValueError, match="wrong"), whole_folder(tmp_path / "made") as folder:
        (folder / "a").touch()
        raise ValueError("wrong")
    assert not list(tmp_path.iterdir())
    with whole_folder(tmp_path / "made") as folder:
        (folder / "a").touch()
        assert not (tmp_path / "made").exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "a"]
    with pytest.raises(DcctError, match="made: is there already"), whole_folder(tmp_path / "made"):
        pass


def test_what_a_dead_process_left_is_removed_before_anyone_waits_for_it(tmp_path):
    """As in a container whose first process waits for nobody: it still has its number."""
    dead = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    dead.stdout.read()  # its end
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    (tmp_path / f".cam.{dead.pid}.partial").mkdir()
    with whole_folder(tmp_path / "cam"):
        pass
    dead.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["cam"]
