"""One process at a time."""

import subprocess
import sys

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
