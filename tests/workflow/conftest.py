"""A copy of the project in which workflows run, finished once for all tests."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from shlex import split

import pytest
from typer.testing import CliRunner

from dcct.command import app
from dcct.pipeline.steps import read_pipeline

LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".snakemake", ".dvc", "data", "results", "__pycache__", ".*_cache"
)
PROFILE = "config/test.yaml"


class Checkout:
    """A working copy: commands run in it and import the package from it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.results = folder / "results/test"

    def run(self, *command: str, **options) -> subprocess.CompletedProcess:
        """Run a command, capturing what it prints."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            **options,
        )

    def start(self, *command: str) -> subprocess.Popen:
        """Start a command in a process group of its own, so that a test can kill all of it."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.run("snakemake", "--cores", "2", "--configfile", PROFILE, *arguments)

    def jobs(self) -> set[str]:
        """What a dry run would do, as "rule wildcards"."""
        done = self.snakemake("--dry-run")
        assert done.returncode == 0, done.stderr
        jobs, rule = set(), ""
        for line in (done.stdout + done.stderr).splitlines():
            if line.startswith(("rule ", "localrule ")):
                rule = line.split()[1].rstrip(":")
                jobs.add(rule)
            elif line.strip().startswith("wildcards:"):
                jobs.discard(rule)
                jobs.add(f"{rule} {line.split(':', 1)[1].strip()}")
        return jobs - {"all"}

    def wait_for_a_state(self, run: str = "dcct/seed0") -> None:
        """Return as soon as a training has saved its state; five minutes are enough on any
        machine, however many share it."""
        work = self.results / "work/checkpoints/walkers-test/split0" / run
        deadline = time.monotonic() + 300
        while not list(work.glob("epoch*.pt")):
            assert time.monotonic() < deadline, "training did not save a state in time"
            time.sleep(0.02)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200"}


def copy_project(root: Path, folder: Path) -> Checkout:
    shutil.copytree(root, folder, ignore=LEFT_BEHIND)
    return Checkout(folder)


def make_in_process(checkout: Checkout, profile: str) -> None:
    """Every job of a profile by the verbs' own functions, in this process: torch is imported once,
    not by each of them."""
    here = Path.cwd()
    os.chdir(checkout.folder)
    try:
        for job in read_pipeline(Path(profile)).jobs():
            done = CliRunner().invoke(app, split(job.again)[1:])
            assert done.exit_code == 0, (job, done.output, done.exception)
    finally:
        os.chdir(here)


@pytest.fixture(scope="session")
def finished(root, tmp_path_factory) -> Checkout:
    """The whole test-size DAG, run from scratch by Snakemake."""
    checkout = copy_project(root, tmp_path_factory.mktemp("snakemake") / "dcct")
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return checkout


@pytest.fixture
def edited(finished):
    """Edit files of the finished checkout for one test: edited(path, old, new)."""
    originals = {}

    def edit(path: str, old: str, new: str) -> None:
        file = finished.folder / path
        originals.setdefault(file, (file.read_text(), file.stat()))
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))

    yield edit
    for file, (text, stat) in originals.items():
        file.write_text(text)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
