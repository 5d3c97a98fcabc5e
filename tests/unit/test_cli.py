"""The command, whatever its surroundings."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from dcct.cli import _told

DCCT = [sys.executable, "-m", "dcct"]


def shell(root, line: str, **environment: str) -> subprocess.CompletedProcess:
    """What a shell line does with the command as `$@`."""
    env = {**os.environ, "PYTHONPATH": str(root), **environment}
    command = ["bash", "-c", line, "bash", *DCCT]
    return subprocess.run(command, env=env, cwd=root, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "redirection", [">&-", ">&- 2>&-", "<&- >&-", "| head -c 1 >/dev/null; exit ${PIPESTATUS[0]}"]
)
def test_closed_streams_are_no_traceback(root, redirection):
    """Standard output, error or input that is closed, before or while it is written to."""
    done = shell(root, f'"$@" --help {redirection}')
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1)


def test_full_standard_output_is_one_line(root):
    """What was to be printed is lost: status 1, and a line."""
    done = shell(root, '"$@" --version > /dev/full')
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_terminals_that_lack_characters_get_others(root, encoding):
    """Arrows and dashes of the help and of errors are escaped, not stumbled over."""
    done = shell(root, '"$@" --help', PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert b"source" in done.stdout
    done = shell(root, '"$@" tabulate → --configfile nö', PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_backend_of_a_notebook_is_left_alone(root):
    """Figures are drawn although the environment names a backend that is not here, and it stays
    named."""
    code = (
        "import os; from dcct.report.figures import style; style.new_figure(1, 1, 'x');"
        " print(os.environ['MPLBACKEND'])"
    )
    env = {**os.environ, "PYTHONPATH": str(root), "MPLBACKEND": "module://nosuch.backend_inline"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert done.stdout.strip() == b"module://nosuch.backend_inline"


def test_alone_it_names_what_a_newcomer_types(root):
    """A few commands, each of which is one; status 0. All verbs are one word away."""
    done = shell(root, '"$@"')
    assert done.returncode == 0
    named = re.findall(r"^  dcct ([a-z]+)", done.stdout.decode(), re.M)
    assert named == ["doctor", "claims", "agree", "search"]
    help_of = "; ".join(f'"$@" {verb} --help || exit 1' for verb in named)
    assert shell(root, help_of).returncode == 0
    assert b"dcct --help" in done.stdout
    assert len(done.stdout.splitlines()) < 15


@pytest.mark.parametrize("asked", [lambda: torch.empty(10**14), lambda: np.empty(10**15)])
def test_exhausted_memory_is_one_line(asked, capsys):
    """Whoever asked for it: what was wanted, and what to set; any other error of torch is ours."""
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        asked()
    assert _told(raised.value) == 1
    assert "set evaluation.batch_frames lower" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="shape"):
        _told(RuntimeError("shape"))
