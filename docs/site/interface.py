"""The page of the Python interface: what `dcct` offers, and what guides name besides."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import dcct

ABOUT = """# Python

Every name of the stable interface; [From Python](../docs/python.md) and
[Find people](../docs/using.md#from-python) show them at work.
"""
BESIDES = [
    "dcct.datasets.read_tracklets",
    "dcct.evaluation.metrics.Retrieval",
    "dcct.inference.model.Model",
    "dcct.provenance.chain.explain",
]
"""What it gives or takes, and what guides name with its module."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Functions and classes in the order of their names, each with its signature."""
    names = [*(f"dcct.{name}" for name in dcct.__all__), *BESIDES]
    content = "\n".join([ABOUT, *map(_entry, names)])
    files.append(File.generated(config, "reference/python.md", content=content))
    return files


def _entry(name: str) -> str:
    return f"::: {name}\n    options:\n      heading: {name}\n      toc_label: {name}\n"
