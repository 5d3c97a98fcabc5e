"""A step reads what its record names, and nothing else: where nothing else lies, it makes the same
bytes."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from shlex import split

import pytest
from typer.testing import CliRunner, Result

from dcct.command import app
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.pipeline import Job
from dcct.pipeline.steps import NEEDS, read_pipeline
from tests.conftest import ROOT
from tests.workflow.conftest import PROFILE

PIPELINE = read_pipeline(ROOT / PROFILE)
DATASET = PIPELINE.profile.datasets[0]
JOBS = [
    PIPELINE.shown_run("rank", DATASET),
    *(job for job in PIPELINE.jobs() if job.step.verb in ("tabulate", "draw", "page")),
]
NEEDED = [
    (figure, need)
    for figure in PIPELINE.figures
    for need in FIGURES[figure].needs
    if NEEDS[need](PIPELINE.job("draw", DATASET, figure))  # no number is published of drawn people
]


@pytest.fixture(scope="module", autouse=True)
def settled(finished):
    """Another file's test may have made tables again, in other seconds, which the page shows."""
    assert finished.snakemake().returncode == 0


@pytest.fixture
def alone(finished, tmp_path, monkeypatch):
    """alone(job, what it reads, whose records it reads): make it in a folder that holds nothing
    but these and the configuration."""
    shutil.copytree(finished.folder / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)

    def make(job: Job, reads: Iterable[Job], records: Iterable[Job]) -> Result:
        inputs = [path for one in reads for path in (*one.outputs, one.receipt)]
        beside = [path for one in records for path in (one.receipt, one.record)]
        for path in (*inputs, *beside):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(finished.folder / path, path)
        return CliRunner().invoke(app, [*split(job.command)[1:], "--configfile", PROFILE])

    return make


def _differing(job: Job, folder: Path) -> list[Path]:
    return [path for path in job.outputs if path.read_bytes() != (folder / path).read_bytes()]


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_a_step_reads_nothing_that_its_record_does_not_name(finished, alone, job):
    """Rankings, tables and figures."""
    done = alone(job, job.reads.values(), job.records)
    assert done.exit_code == 0, done.exception
    assert _differing(job, finished.folder) == []


@pytest.mark.parametrize(("figure", "need"), NEEDED, ids=map("-".join, NEEDED))
def test_a_figure_needs_all_that_its_row_names(finished, alone, figure, need):
    """Without it, the figure says so, or is another: what is not named would be found missing."""
    job = PIPELINE.job("draw", DATASET, figure)
    others = set(job.reads.values()) - set(NEEDS[need](job))
    done = alone(job, others, ())
    assert done.exit_code != 0 or _differing(job, finished.folder)
