"""The arrows: one function per step, joining paths and receipts to the module that does the work.

Each is one verb of the command, one Snakemake rule and one DVC stage. A step checks its inputs' digests, does its
work, and leaves a receipt; it imports torch only if it needs it.
"""

from dcct.steps.checks import agree, compare, explain, publish, verify_results
from dcct.steps.context import Context, open_context
from dcct.steps.data import manifest, pack, sample, source, status, verify
from dcct.steps.learning import budget, evaluate, export, extract, parity, rank, train, weights
from dcct.steps.paper import cost, draw, gallery, sheet, tabulate

__all__ = [
    "Context",
    "agree",
    "budget",
    "compare",
    "cost",
    "draw",
    "evaluate",
    "explain",
    "export",
    "extract",
    "gallery",
    "manifest",
    "open_context",
    "pack",
    "parity",
    "publish",
    "rank",
    "sample",
    "sheet",
    "source",
    "status",
    "tabulate",
    "train",
    "verify",
    "verify_results",
    "weights",
]
