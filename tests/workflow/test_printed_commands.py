"""Commands in messages work as printed: each error is provoked, and what it prints is typed."""

import re
import shutil
from pathlib import Path
from shlex import split

import pytest

from dcct.pipeline.steps import read_pipeline
from tests.conftest import ROOT
from tests.workflow.conftest import PROFILE, Checkout

COMMAND = re.compile(r"`((?:dcct|snakemake) [^`]+)`")
RANK = "metrics/walkers-test/split0/dcct/seed0"


@pytest.fixture
def spoilt(finished):
    """spoilt(path below the results, text or None): a file that is so, or gone, for one test."""
    kept = {}

    def spoil(name: str, text: str | None) -> Path:
        path = finished.results / name
        kept[path] = path.read_bytes()
        path.unlink() if text is None else path.write_text(text)
        return path

    yield spoil
    for path, content in kept.items():
        path.write_bytes(content)


def printed(checkout: Checkout, command: str) -> str:
    """The one command that an error of this command prints."""
    done = checkout.run(*split(command))
    assert done.returncode == 1, done.stdout + done.stderr
    said = COMMAND.findall(done.stdout + done.stderr)
    assert said, done.stderr
    return said[0]


@pytest.mark.parametrize(
    ("file", "text", "typed"),
    [
        (f"{RANK}/receipt.json", "{", "dcct compare cnn dcct"),
        (f"{RANK}/metrics.json", "{}", "dcct compare cnn dcct"),
        (f"{RANK}/metrics.json", "{}", "dcct tabulate components"),
        ("tables/components.csv", "variant\ndcct\n", "dcct page --shareable"),
        ("verified/walkers-test/frames.parquet", "", "dcct tracklets walkers-test new.csv"),
        (f"{RANK}/receipt.json", None, "dcct tabulate components"),
        ("runs/rank/walkers-test/split0/dcct/seed0.json", None, "dcct verify-results"),
    ],
)
def test_what_is_spoilt_names_the_command_that_mends_it(finished, spoilt, file, text, typed):
    """With its data set, variant and profile; after it, the first one goes on."""
    spoilt(file, text)
    typed = f"{typed} --configfile {PROFILE}"
    command = printed(finished, typed)
    assert PROFILE in command
    if "snakemake" in command:
        command = command.replace("snakemake", "snakemake --dry-run", 1)
    else:
        (finished.results / file).unlink(missing_ok=True)  # "delete it and run …"
    done = finished.run(*split(command))
    assert done.returncode == 0, done.stderr
    assert printed_again(finished, typed) != command


def printed_again(checkout: Checkout, command: str) -> str | None:
    """What it prints now, if anything."""
    done = checkout.run(*split(command))
    found = COMMAND.search(done.stdout + done.stderr)
    return found[1] if found else None


def test_explain_names_the_profile_of_the_run(finished, spoilt):
    """Though it is given none: other run records tell it."""
    spoilt(f"{RANK}/receipt.json", "{")
    table = "results/test/tables/components.csv"
    assert printed(finished, f"dcct explain {table}").endswith(f"--configfile {PROFILE}")


def test_a_backbone_names_its_extraction(finished):
    """Nothing of it is trained."""
    command = printed(finished, f"dcct train walkers-test distilled-cnn --configfile {PROFILE}")
    assert finished.run(*split(command)).returncode == 0


def test_another_runs_file_is_not_said_to_be_made_here(finished, tmp_path):
    """A command that is typed here would make this run's."""
    other = tmp_path / "other"
    shutil.copytree(finished.results / "metrics", other / "metrics")
    (other / RANK / "metrics.json").write_text("{}")
    done = finished.run("dcct", "compare", str(finished.results), str(other))
    assert done.returncode == 1
    assert "in the folder where it was made" in done.stderr


def test_a_line_names_the_job_whose_place_it_holds():
    """Of several of its step; what no place tells is a whole run."""
    pipeline = read_pipeline(ROOT / "config/test.yaml")
    again = {job: job.again for job in pipeline.jobs() if job.step.verb == "rank"}
    for job, command in again.items():
        line = pipeline.with_commands(f"{job / 'metrics.json'}: damaged: run `dcct rank` again")
        assert line.endswith(f"run `{command}` again")
        assert job.other("extract").again in pipeline.with_commands(f"{job / 'x'}: `dcct extract`")
    assert f"`{pipeline.again}`" in pipeline.with_commands(f"{pipeline.results}/x: `dcct rank`")


def test_a_whole_run_names_the_workflow_where_none_lies(tmp_path, monkeypatch):
    """Beside the package, and the profile that is in use."""
    monkeypatch.chdir(tmp_path)
    command = read_pipeline(ROOT / "config/test.yaml").again
    assert str(ROOT / "workflow/Snakefile") in command
    words = split(command.replace("snakemake", "snakemake --dry-run --quiet", 1))
    done = Checkout(tmp_path).run(*words)
    assert "No Snakefile" not in done.stderr
    assert done.returncode == 0, done.stderr[-2000:]
