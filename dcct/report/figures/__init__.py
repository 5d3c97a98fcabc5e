"""Figures. They are drawn into files and need no backend; matplotlib would stop at one that the
environment names and this installation lacks, as a notebook's."""

import os

_named = os.environ.pop("MPLBACKEND", None)
try:
    import matplotlib  # noqa: F401
finally:
    if _named is not None:
        os.environ["MPLBACKEND"] = _named
