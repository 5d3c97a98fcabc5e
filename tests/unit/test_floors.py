"""The building's rule: imports go down only, and the lower floors do without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from dcct.stages import PACKAGE, imports_of

FLOOR = {
    "errors.py": 0,
    "config": 0,
    "paths.py": 0,
    "receipt.py": 0,
    "receipts.py": 0,
    "provenance.py": 0,
    "integrity.py": 0,
    "commits.py": 0,
    "progress.py": 0,
    "streams.py": 0,
    "stages.py": 0,
    "allocator.py": 0,
    "plan.py": 0,
    "datasets": 1,
    "clips": 2,
    "models": 2,
    "losses.py": 2,
    "metrics.py": 2,
    "distances.py": 2,
    "reranking.py": 2,
    "features.py": 2,
    "others.py": 3,
    "ranking.py": 2,
    "checkpoint.py": 2,
    "device.py": 2,
    "training": 3,
    "extraction.py": 3,
    "attended.py": 2,
    "attention.py": 3,
    "evaluation.py": 3,
    "budget.py": 3,
    "cost.py": 3,
    "export.py": 3,
    "parity.py": 3,
    "report": 4,
    "steps": 5,
    "commands": 5,
    "cli.py": 5,
    "__main__.py": 5,
    "__init__.py": 5,
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
    """Config, data, ranking, tables and the command itself import neither torch nor a workflow engine."""
    modules = [
        "dcct.cli",
        "dcct.plan",
        "dcct.datasets.verify",
        "dcct.clips.frames",
        "dcct.clips.sampling",
        "dcct.evaluation",
        "dcct.report.tables",
        "dcct.report.figures",
        "dcct.report.spatial",
        "dcct.report.embedding",
    ]
    code = f"import sys, {', '.join(modules)}; print([m for m in ('torch', 'snakemake', 'dvc') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_learning_needs_no_workflow_engine():
    """Training and extraction import neither snakemake nor dvc."""
    code = (
        "import sys, dcct.training.loop, dcct.extraction; print([m for m in ('snakemake', 'dvc') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
