"""What a fork's CI runs is what lies in .ci/."""

import subprocess

import yaml

WORKFLOW = ".github/workflows/ci.yml"


def test_every_row_of_the_matrix_is_run(root):
    """Each version that pyproject.toml promises, lowest and newest, as `.ci/matrix` names them."""
    refused = subprocess.run(
        [root / ".ci/matrix", "none"], capture_output=True, text=True, check=False
    )
    rows = refused.stderr.partition("choose from ")[2].split()
    jobs = yaml.safe_load((root / WORKFLOW).read_text())["jobs"]
    assert rows
    assert jobs["versions"]["strategy"]["matrix"]["row"] == rows


def test_commands_of_the_workflow_are_there(root):
    """Scripts of the checkout, and goals of its Makefile."""
    jobs = yaml.safe_load((root / WORKFLOW).read_text())["jobs"]
    words = [one["run"].split() for job in jobs.values() for one in job["steps"] if "run" in one]
    scripts = [first for first, *_ in words if first.startswith(".ci/")]
    assert scripts == [".ci/run", ".ci/matrix"]
    assert all((root / script).is_file() for script in scripts)
    goals = [goal for first, *goals in words if first == "make" for goal in goals]
    done = subprocess.run(["make", "--dry-run", *goals], cwd=root, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
