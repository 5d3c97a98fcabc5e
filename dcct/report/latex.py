"""A table as LaTeX: one booktabs tabular per data set, to be put into a table environment; captions are comments."""

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.table import Table
from dcct.report.cells import PUBLISHED_TITLE, Grid, grid, heading, notes, published_grid

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "−": "$-$",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "×": r"$\times$",
    "–": "--",
    "’": "'",
}


def latex(table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset]) -> str:
    r"""The whole file's text. Needs \usepackage{booktabs}."""
    blocks = []
    for (name, _), part in frame.groupby(["dataset", "trained_on"], sort=False):
        caption = f"Caption: {table.title}, {heading(part, datasets)}. {table.about}"
        blocks.append(comment(caption, *notes(table, part, datasets[name])) + tabular(grid(table, part)))
    if table.published:
        caption = f"Caption: {PUBLISHED_TITLE}. In percent. Source: {table.published.source}."
        blocks.append(comment(caption) + tabular(published_grid(table.published)))
    return "\n".join(blocks)


def escape(text: str) -> str:
    """Plain text as LaTeX text."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def comment(*paragraphs: str) -> str:
    """Paragraphs as LaTeX comments, one line each."""
    return "".join(f"% {' '.join(paragraph.split())}\n" for paragraph in paragraphs)


def tabular(content: Grid) -> str:
    """A grid as a booktabs tabular."""
    align = "".join("r" if numeric else "l" for numeric in content.numeric)
    head, *rows = (f"{' & '.join(escape(cell) for cell in cells)} \\\\" for cells in [content.headings, *content.rows])
    return "\n".join(
        [f"\\begin{{tabular}}{{{align}}}", r"\toprule", head, r"\midrule", *rows, r"\bottomrule", r"\end{tabular}", ""]
    )
