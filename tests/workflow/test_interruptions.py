"""Trainings that are killed or asked to stop, run again by the documented commands, end with the
same digests."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

KILLS = int(os.environ.get("DCCT_KILLS", "3"))
TRAIN = (
    "dcct",
    "train",
    "walkers-test",
    "dcct",
    "--split",
    "0",
    "--seed",
    "0",
    "--configfile",
    "config/test.yaml",
)
SNAKEMAKE = (
    "snakemake",
    "results/test/checkpoints/walkers-test/split0/dcct/seed0/receipt.json",
    "--cores",
    "2",
)
JOB = (
    "set -euo pipefail; trap : INT TERM USR1;"
    " {command} 2>&1 | (trap '' INT TERM USR1; exec tee -- {log})"
)
"""As the rules' shell command (workflow/rules/steps.smk)."""
SNAKEMAKE += ("--configfile", "config/test.yaml", "--quiet", "--rerun-incomplete")


@pytest.fixture
def untrained(finished):
    """The finished checkout without one checkpoint, the folder it belongs to, and its receipt's
    bytes."""
    folder = finished.results / "checkpoints/walkers-test/split0/dcct/seed0"
    expected = (folder / "receipt.json").read_bytes()
    shutil.rmtree(folder)
    return finished, folder, expected


@pytest.mark.parametrize("number", range(KILLS))
def test_sigkill_at_a_random_moment(untrained, number):
    """SIGKILL to the whole process group, directly and through Snakemake: the digests are those of
    a calm run.

    DCCT_KILLS sets how many; the moment is anywhere from the first saved state to the end.
    """
    finished, folder, expected = untrained
    command = (TRAIN, SNAKEMAKE)[number % 2]
    process = finished.start(*command)
    finished.wait_for_a_state()
    time.sleep(Random(number).uniform(0, 1.5))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if command is SNAKEMAKE:
        assert finished.snakemake("--unlock").returncode == 0
    done = finished.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "receipt.json").read_bytes() == expected


def test_a_lost_process_ends_the_others(finished):
    """Two processes, one killed: the job ends within a minute with a line that says which, and can
    go on."""
    profile = finished.folder / "config/two.yaml"
    text = (finished.folder / "config/test.yaml").read_text()
    profile.write_text(
        text.replace("  workers: 0", "  workers: 0\n  processes: 2").replace(
            "epochs: 8", "epochs: 3"
        )
    )
    assert (
        finished.run("dcct", "weights", "--seed", "1", "--configfile", "config/two.yaml").returncode
        == 0
    )
    train = [
        "dcct",
        "train",
        "walkers-test",
        "cnn",
        "--seed",
        "1",
        "--configfile",
        "config/two.yaml",
    ]
    job = subprocess.Popen(
        train, cwd=finished.folder, env=finished.environment, stderr=subprocess.PIPE, text=True
    )
    finished.wait_for_a_state("cnn/seed1")
    first, second = Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()
    os.kill(int(second), signal.SIGKILL)
    started = time.monotonic()
    _, said = job.communicate(timeout=60)
    assert time.monotonic() - started < 60
    assert job.returncode == 1
    assert said.splitlines()[-1].startswith(
        "error: process 1 of 2 was ended by SIGKILL, and the others with it"
    )
    assert not Path(f"/proc/{first}").exists()
    done = finished.run(*train)
    assert done.returncode == 0, done.stderr
    assert "going on after epoch" in done.stdout


def test_signal_to_all_processes_of_a_job(untrained):
    """SIGTERM to the shell, the training and its log: status 75, and one line in the log; the same
    command goes on."""
    finished, folder, expected = untrained
    log = finished.results / "stopped.log"
    process = finished.start("bash", "-c", JOB.format(command=" ".join(TRAIN), log=log))
    finished.wait_for_a_state()
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) == 75
    assert "SIGTERM: stopped after" in log.read_text()
    done = finished.run(*TRAIN)
    assert done.returncode == 0
    assert "going on after epoch" in done.stdout
    assert (folder / "receipt.json").read_bytes() == expected


def test_snakemake_passes_the_signal_on(untrained):
    """SIGUSR1 to Snakemake alone, as from SLURM's cgroups: the training saves; the same command
    goes on."""
    finished, folder, expected = untrained
    process = finished.start(*SNAKEMAKE)
    finished.wait_for_a_state()
    process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=30) == 1
    log = finished.results / "logs/train/walkers-test/split0/dcct/seed0.log"
    assert "SIGUSR1: stopped after" in log.read_text()
    assert finished.run(*SNAKEMAKE).returncode == 0
    assert "going on after epoch" in log.read_text()
    assert (folder / "receipt.json").read_bytes() == expected
