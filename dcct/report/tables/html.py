"""A table as a page of HTML that needs nothing else: light or dark as the reader's system is, wide
tables scroll."""

from html import escape

from dcct.report.tables.grid import Grid, Part

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --quiet: #5d5d5d; --line: #d9d9d9; --band: #f5f6f7; --page: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --quiet: #a3a8ad; --line: #3d4043; --band: #24272a; --page: #191b1d; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.4rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.4rem; }
p { max-width: 46rem; margin: 0.6rem 0; }
.notes { font-size: 0.875rem; color: var(--quiet); }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.7rem; text-align: left; vertical-align: top; white-space: nowrap; }
.wide th, .wide td { padding-left: 0.45rem; padding-right: 0.45rem; }
thead th { vertical-align: bottom; border-bottom: 1px solid var(--ink); }
thead th.group { text-align: center; border-bottom: 1px solid var(--line); }
thead tr:first-child > * { border-top: 2px solid var(--ink); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 2px solid var(--ink); }
tbody tr:hover > * { background: var(--band); }
tbody th { font-weight: 600; }
tr > :first-child { position: sticky; left: 0; background: var(--page); }
.number { text-align: right; }
.gap { color: var(--quiet); }
td small { display: block; font-size: 0.78rem; line-height: 1.35; color: var(--quiet); }
@media (max-width: 40rem) {
  th, td { padding: 0.3rem 0.45rem; }
  table { font-size: 0.82rem; }
  thead th, td:not(.number), tr > :first-child { white-space: normal; max-width: 6.5rem; }
  td:not(.number) { min-width: 4.6rem; }
  tr > :first-child { border-right: 1px solid var(--line); }
}
""".strip()
"""What `table_element` and `page` look like."""


def html(title: str, about: str, parts: list[Part]) -> str:
    """The whole file's text."""
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(about)}</p>"]
    for part in parts:
        body += [
            *([f"<h2>{escape(part.heading)}</h2>"] if part.heading else []),
            table_element(part),
        ]
    return page(title, "\n".join(body))


def page(title: str, body: str) -> str:
    """A whole document around the content of its <main>."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def table_element(part: Part) -> str:
    """A part's <table>, in a box that scrolls, and the paragraphs below it. Needs STYLE; has no
    heading."""
    grid = part.grid
    heads = [
        _cell("th", text, numeric, ' scope="col"')
        for text, numeric in zip(grid.headings, grid.numeric, strict=True)
    ]
    body = [_row(row, grid) for row in grid.rows]
    wide = ' class="wide"' if grid.groups else ""
    table = [f"<table{wide}>", "<thead>", *_groups(grid), f"<tr>{''.join(heads)}</tr>", "</thead>"]
    table += ["<tbody>", *body, "</tbody>", "</table>"]
    below = "\n".join(f"<p>{escape(note)}</p>" for note in part.notes)
    return (
        '<div class="scroll">\n'
        + "\n".join(table)
        + f'\n</div>\n<div class="notes">\n{below}\n</div>'
    )


def _row(row: list[str], grid: Grid) -> str:
    """The first cell names the row and stays in sight when a wide table is scrolled."""
    first, *others = zip(row, grid.numeric, strict=True)
    cells = [_cell("th", *first, ' scope="row"'), *(_cell("td", *one) for one in others)]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(tag: str, text: str, numeric: bool, more: str = "") -> str:
    first, *below = (escape(line) for line in text.split("\n"))
    gap = " gap" * (tag == "td" and not any(sign.isdigit() for sign in first))
    kind = f' class="number{gap}"' if numeric else ""
    return (
        f"<{tag}{more}{kind}>{first}{''.join(f'<small>{line}</small>' for line in below)}</{tag}>"
    )


def _groups(grid: Grid) -> list[str]:
    """Headings over several columns."""
    cells = "".join(
        (
            f'<th class="group" colspan="{count}" scope="colgroup">{escape(name)}</th>'
            if name
            else f'<td colspan="{count}"></td>'
        )
        for name, count in grid.groups
    )
    return [f"<tr>{cells}</tr>"] if cells else []
