"""Any step, killed or short of disk, and run again: it ends with the bytes of a calm run.

DCCT_ACCIDENTS sets how many of each kind; they go over the steps in turn.
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from dcct.pipeline.pipeline import Job
from dcct.pipeline.steps import STEPS, read_pipeline

ACCIDENTS = range(int(os.environ.get("DCCT_ACCIDENTS", "1")))
MEASURING = "cost"
"""Its tables show this minute's latencies."""
ON_A_SMALL_DISK = """
set -eu
mount -t tmpfs -o size=1g tmpfs {aside}
cp -a {results}/. {aside}
mount --bind {aside} {results}
rm -rf {products}
space=$(df --output=avail -B1 {results} | tail -1)
fallocate -l $((space - {free})) {results}/filler
status=0; {command} 2> {said} > /dev/null || status=$?
rm {results}/filler
{command} > /dev/null
echo $status
sha256sum {outputs}
"""
"""All of it in a mount table of its own."""


@pytest.fixture
def copied(finished, tmp_path, monkeypatch):
    """A copy of the finished checkout, in which this process stands."""
    shutil.copytree(finished.folder, tmp_path / "dcct", symlinks=True)
    monkeypatch.chdir(tmp_path / "dcct")
    return type(finished)(tmp_path / "dcct")


def _a_job(number: int) -> Job:
    """One of the jobs of a step; 7 and the number of steps have no common divisor."""
    verb = list(STEPS)[number * 7 % len(STEPS)]
    jobs = [job for job in read_pipeline(Path("config/test.yaml")).jobs() if job.step.verb == verb]
    return Random(number).choice(jobs)


def _remove(job: Job) -> None:
    for path in [*job.outputs, job.receipt, job.record]:
        path.unlink(missing_ok=True)


def _digests(job: Job) -> str:
    done = subprocess.run(["sha256sum", *_outputs(job)], capture_output=True, text=True)
    return done.stdout


def _outputs(job: Job) -> list[Path]:
    return sorted([*job.outputs, job.receipt])


def _same(job: Job, found: str, calm: str) -> bool:
    if job.step.verb == MEASURING:
        return len(found.splitlines()) == len(calm.splitlines()) == len(_outputs(job))
    return found == calm


def _calm(checkout, job: Job) -> tuple[str, float]:
    """Digests of what the step makes undisturbed, and the seconds that it takes."""
    _remove(job)
    started = time.monotonic()
    done = checkout.run(*shlex.split(job.again))
    assert done.returncode == 0, done.stderr
    return _digests(job), time.monotonic() - started


@pytest.mark.parametrize("number", ACCIDENTS)
def test_sigkill_at_any_step(copied, number):
    """SIGKILL at a random moment of a step: the same command makes the bytes of a calm run, and
    nothing half-written is left beside them."""
    job = _a_job(number)
    calm, seconds = _calm(copied, job)
    _remove(job)
    process = copied.start(*shlex.split(job.again))
    time.sleep(Random(number).uniform(0.4, 1) * seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = copied.run(*shlex.split(job.again))
    assert done.returncode == 0, done.stderr
    assert _same(job, _digests(job), calm)
    assert not list(job.receipt.parent.rglob("*.partial"))


@pytest.mark.parametrize("number", ACCIDENTS)
def test_full_disk_at_any_step(copied, number, tmp_path):
    """A disk that fills up during a step: one line that names a file, status 1; with space again,
    the same command makes the bytes of a calm run."""
    may = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(may, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    job = _a_job(number)
    calm, _ = _calm(copied, job)
    aside, said = tmp_path / "disk", tmp_path / "said"
    aside.mkdir()
    words = {"aside": [aside], "results": [copied.results], "said": [said]}
    words |= {"products": [*job.outputs, job.receipt, job.record], "outputs": _outputs(job)}
    script = ON_A_SMALL_DISK.format(
        **{name: shlex.join(map(str, paths)) for name, paths in words.items()},
        free=Random(number).choice([0, 4096, 16384]),
        command=job.again,
    )
    done = copied.run("unshare", "-m", "bash", "-c", script)
    assert done.returncode == 0, done.stderr
    status, found = done.stdout.split("\n", 1)
    assert _same(job, found, calm)
    lines = said.read_text().splitlines()
    if status != "0":
        assert (status, len(lines)) == ("1", 1), lines
        assert "cannot be written" in lines[0]
