"""Trainings that are killed or asked to stop, run again by the documented commands, end with the same digests."""

import os
import shutil
import signal
import time
from random import Random

import pytest

KILLS = int(os.environ.get("DCCT_KILLS", "3"))
TRAIN = ("dcct", "train", "walkers-test", "dcct", "--split", "0", "--seed", "0", "--configfile", "config/test.yaml")
SNAKEMAKE = ("snakemake", "results/test/checkpoints/walkers-test/split0/dcct/seed0/receipt.json", "--cores", "2")
SNAKEMAKE += ("--configfile", "config/test.yaml", "--quiet", "--rerun-incomplete")


@pytest.fixture
def untrained(finished):
    """The finished checkout without one checkpoint, the folder it belongs to, and its receipt's bytes."""
    folder = finished.results / "checkpoints/walkers-test/split0/dcct/seed0"
    expected = (folder / "receipt.json").read_bytes()
    shutil.rmtree(folder)
    return finished, folder, expected


@pytest.mark.parametrize("number", range(KILLS))
def test_sigkill_at_a_random_moment(untrained, number):
    """SIGKILL to the whole process group, directly and through Snakemake: the digests are those of a calm run.

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


def test_preemption_saves_and_asks_for_a_rerun(untrained):
    """SIGTERM ends the step with status 75 and one line; the same command goes on in the middle of the epoch."""
    finished, folder, expected = untrained
    process = finished.start(*TRAIN)
    finished.wait_for_a_state()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 75
    assert not (folder / "receipt.json").exists()
    done = finished.run(*TRAIN)
    assert done.returncode == 0
    assert "going on after epoch" in done.stdout
    assert (folder / "receipt.json").read_bytes() == expected


def test_signal_to_all_processes_of_a_job(untrained):
    """The shell waits and hands on status 75, and the log outlives the training's last line."""
    finished, _, _ = untrained
    log = finished.results / "stopped.log"
    process = finished.start("bash", "-c", f"source workflow/jobs.sh; {' '.join(TRAIN)} 2>&1 | log {log}")
    finished.wait_for_a_state()
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) == 75
    assert "SIGTERM: stopped after" in log.read_text()
    assert finished.run(*TRAIN).returncode == 0


def test_snakemake_passes_the_signal_on(untrained):
    """SIGUSR1 to Snakemake alone, as from SLURM's cgroups: the training saves; the same command goes on."""
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
