"""A table as Markdown: one section per part, with what a reader must know below it."""

from dcct.report.tables.grid import Grid, Part


def markdown(title: str, about: str, parts: list[Part]) -> str:
    """The whole file's text."""
    blocks = [f"# {title}", about]
    for part in parts:
        blocks += [*([f"## {part.heading}"] if part.heading else []), pipes(part.grid), *part.notes]
    return "\n\n".join(blocks) + "\n"


def pipes(grid: Grid) -> str:
    """A grid as a Markdown table, which knows no groups: their headings stand before those of their
    columns."""
    groups = [name for name, count in grid.groups for _ in range(count)] or [""] * len(
        grid.headings
    )
    headings = [
        f"{group} {text}".strip() for group, text in zip(groups, grid.headings, strict=True)
    ]
    rule = ["---:" if numeric else "---" for numeric in grid.numeric]
    rows = [[_one_line(cell) for cell in row] for row in grid.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [headings, rule, *rows])


def _one_line(cell: str) -> str:
    """An interval stays beside its value, so that the file reads well as it is."""
    return cell.replace("\n[", " [").replace("\n", "<br>")
