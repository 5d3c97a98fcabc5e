"""The table of figures: a row, a module and a caption each, and nothing else."""

from importlib import import_module

from matplotlib.figure import Figure

from dcct.pipeline.code import PACKAGE
from dcct.pipeline.figures import FIGURES

FOLDER = PACKAGE / "report/figures"


def test_every_figure_has_a_module_and_every_module_a_row():
    """A module that draws is a figure; others only help."""
    modules = {
        path.stem: import_module(f"dcct.report.figures.{path.stem}") for path in FOLDER.glob("*.py")
    }
    drawing = {name for name, module in modules.items() if hasattr(module, "draw")}
    assert drawing == set(FIGURES)
    for name in FIGURES:
        assert modules[name].draw.__annotations__["return"] is Figure


def test_every_figure_has_a_caption_and_every_caption_a_figure():
    """None of them is empty."""
    captions = {path.stem: path.read_text("utf-8").strip() for path in FOLDER.glob("captions/*")}
    assert set(captions) == set(FIGURES)
    assert all(captions.values())
