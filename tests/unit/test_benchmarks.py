"""The programs under benchmarks/ keep up with the package."""

import importlib.util
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))
OPTIONAL = {"lmdb", "trackeval"}
"""What a benchmark tells its user to install."""


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_all_that_a_benchmark_imports_is_there(path, monkeypatch):
    """Benchmarks are no tests and run seldom: what they take from the package must still exist."""
    monkeypatch.syspath_prepend(path.parent)
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] not in OPTIONAL:
            raise
        pytest.skip(f"needs {error.name}")
