"""A table as LaTeX: one booktabs tabular per part, to be put into a table environment; captions are
comments."""

from dcct.report.tables.grid import Grid, Part

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "→": r"$\rightarrow$",
    "τ": r"$\tau$",
    "λ": r"$\lambda$",
    "–": "--",
    "’": "'",
}
PAGE = 40
"""Lines above which a table is a longtable, which may go over pages."""


def latex(title: str, about: str, parts: list[Part]) -> str:
    r"""The whole file's text. Needs \usepackage{booktabs}, and \usepackage{longtable} for what is over a page long."""
    blocks = []
    for part in parts:
        caption = f"Caption: {', '.join(text for text in (title, part.heading) if text)}. {about}"
        blocks.append(comment(caption, *part.notes) + tabular(part.grid))
    return "\n".join(blocks)


def escape(text: str) -> str:
    """Plain text as LaTeX text."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def comment(*paragraphs: str) -> str:
    """Paragraphs as LaTeX comments, one line each."""
    return "".join(f"% {' '.join(paragraph.split())}\n" for paragraph in paragraphs)


def tabular(grid: Grid) -> str:
    """A grid as a booktabs tabular, or longtable. Further lines of a row's cells stand small in
    rows below it."""
    align = "".join("r" if numeric else "l" for numeric in grid.numeric)
    rows = [line for row in grid.rows for line in _lines(row)]
    kind = "longtable" if len(rows) > PAGE else "tabular"
    head = [
        r"\toprule",
        *_groups(grid),
        _line(grid.headings),
        r"\midrule",
        *([r"\endhead"] * (kind == "longtable")),
    ]
    begin, end = f"\\begin{{{kind}}}{{{align}}}", f"\\end{{{kind}}}"
    return "\n".join([begin, *head, *rows, r"\bottomrule", end, ""])


def _lines(row: list[str]) -> list[str]:
    """One per line of the cells; those of one row stand closer together than rows do."""
    cells = [cell.split("\n") for cell in row]
    lines = [
        [cell[n] if n < len(cell) else "" for cell in cells] for n in range(max(map(len, cells)))
    ]
    ends = ["[-0.5ex]"] * (len(lines) - 1) + ["[0.3ex]" * (len(lines) > 1)]
    return [_line(line, n > 0) + end for n, (line, end) in enumerate(zip(lines, ends, strict=True))]


def _line(cells: list[str], small: bool = False) -> str:
    r"""Braces keep a cell that begins with a bracket from being read as an argument of the \\ before it."""
    before = r"\scriptsize " if small else ""
    return " & ".join(f"{{{before}{escape(cell)}}}" if cell else "" for cell in cells) + r" \\"


def _groups(grid: Grid) -> list[str]:
    """Headings over several columns, each with a rule below it."""
    if not grid.groups:
        return []
    texts, rules, first = [], [], 1
    for name, count in grid.groups:
        texts.append(f"\\multicolumn{{{count}}}{{c}}{{{escape(name)}}}")
        rules += [f"\\cmidrule(lr){{{first}-{first + count - 1}}}"] * bool(name)
        first += count
    return [" & ".join(texts) + r" \\", *rules]
