"""One process at a time."""

import subprocess
import sys

import pytest

from dcct.errors import DcctError
from dcct.runtime.lock import only_one


def test_second_training_waits_for_the_first(tmp_path):
    """A work folder held by another process is waited for, and the wait is announced with its
    process number."""
    code = (
        "import sys, time; from dcct.runtime.lock import only_one; from pathlib import Path\n"
        f"with only_one(Path({str(tmp_path)!r}), print): print('held', flush=True); time.sleep(1.5)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        said = []
        with only_one(tmp_path, said.append) as waited:
            assert waited
        assert f"process {other.pid} is making this already" in said[0]


def test_a_folder_that_its_holder_takes_away_is_made_again(tmp_path):
    """Who waits for it holds it then, and does not fail for the lock that is gone."""
    work = tmp_path / "work"
    code = (
        "import shutil, time; from dcct.runtime.lock import only_one; from pathlib import Path\n"
        f"with only_one(Path({str(work)!r}), print):\n"
        "    print('held', flush=True); time.sleep(1); shutil.rmtree('WORK', ignore_errors=True)"
    ).replace("WORK", str(work))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        with only_one(work, print) as waited:
            assert waited
            assert work.is_dir()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    """Below a file, for one."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(DcctError, match="file/work: cannot be written"),
        only_one(tmp_path / "file/work", print),
    ):
        pass
