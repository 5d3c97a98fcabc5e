"""A training of a few steps, to be watched."""

from tests.unit.training.conftest import run

__all__ = ["run"]
