"""Data sets. `dcct.datasets.read_tracklets(name, root, split=0)` reads any of the five benchmarks'
layouts, and folders of one's own."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcct.datasets.readers import read_tracklets

__all__ = ["read_tracklets"]


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"module 'dcct.datasets' has no attribute {name!r}")
    from dcct.datasets import readers

    return readers.read_tracklets
