"""A table as Markdown: one section per data set, with what a reader must know below it."""

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.table import Table
from dcct.report.cells import PUBLISHED_TITLE, Grid, grid, heading, notes, published_grid


def markdown(table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset]) -> str:
    """The whole file's text."""
    blocks = [f"# {table.title}", table.about.strip()]
    for (name, _), part in frame.groupby(["dataset", "trained_on"], sort=False):
        blocks += [f"## {heading(part, datasets)}", pipes(grid(table, part)), *notes(table, part, datasets[name])]
    if table.published:
        blocks += [
            f"## {PUBLISHED_TITLE}",
            pipes(published_grid(table.published)),
            f"In percent. Source: {table.published.source}.",
        ]
    return "\n\n".join(blocks) + "\n"


def pipes(content: Grid) -> str:
    """A grid as a Markdown table."""
    rule = ["---:" if numeric else "---" for numeric in content.numeric]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [content.headings, rule, *content.rows])
