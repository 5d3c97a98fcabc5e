"""The building's rule: imports go down only, and the lower floors do without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from dcct.pipeline.code import PACKAGE, imports_of

FLOOR = {
    "errors.py": 0,
    "files.py": 0,
    "config": 0,
    "seeding.py": 0,
    "runtime": 0,
    "pipeline": 1,
    "datasets": 1,
    "walkers": 1,
    "clips": 2,
    "models": 2,
    "losses.py": 2,
    "evaluation": 2,
    "video": 2,
    "training": 3,
    "inference": 3,
    "official": 3,
    "provenance": 4,
    "report": 5,
    "find": 5,
    "doctor": 5,
    "verbs": 6,
    "cli.py": 7,
    "command.py": 7,
    "__main__.py": 7,
    "__init__.py": 7,
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def floor(file: Path) -> int:
    return FLOOR[file.relative_to(PACKAGE).parts[0]]


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_go_down_only(file):
    """No module imports one that stands on a higher floor."""
    higher = [path.name for path in imports_of(file) if floor(path) > floor(file)]
    assert not higher


def test_ground_and_paper_need_no_torch():
    """Config, data, plans, ranking, tables and the command itself import neither torch nor a
    workflow engine."""
    modules = [
        "dcct.command",
        "dcct.pipeline.dvc",
        "dcct.datasets.verify",
        "dcct.clips.frames",
        "dcct.clips.sampling",
        "dcct.evaluation.protocol",
        "dcct.inference.budget",
        "dcct.report.tables.tables",
        "dcct.report.figures.ablation",
        "dcct.report.figures.spatial",
        "dcct.report.figures.embedding",
    ]
    code = (
        f"import sys, {', '.join(modules)}; print([m for m in ('torch', 'snakemake', 'dvc') if m in"
        " sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_learning_needs_no_workflow_engine():
    """Training and extraction import neither snakemake nor dvc."""
    code = (
        "import sys, dcct.training.loop, dcct.inference.extraction; print([m for m in ('snakemake',"
        " 'dvc') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
