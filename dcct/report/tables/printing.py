"""Documents as Markdown, LaTeX and HTML, by the templates beside this module.

HTML needs nothing else: light or dark as the reader's system is, wide tables scroll. LaTeX needs
booktabs, and longtable for what is over a page long; captions are comments.
"""

import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dcct.config.foreign import MARK
from dcct.files import write_text
from dcct.report.tables.cells import YOURS
from dcct.report.tables.grid import RAISED, Document

TEMPLATES = Path(__file__).parent / "templates"
PRINTED = ("md", "tex", "html")
"""Suffixes."""
LATEX_MARKS = {
    "block_start_string": "<%",
    "block_end_string": "%>",
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}
"""Of a template of LaTeX, in which braces and percent signs are LaTeX's own."""
LATEX = str.maketrans(
    {
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
        "§": r"\S{}",
        "¶": r"$\P$",
        MARK: r"$\diamond$",
        YOURS: r"$\star$",
        **{raised: rf"$^{{\mathrm{{{plain}}}}}$" for plain, raised in RAISED.items()},
        "‡": r"$\ddagger$",
        "→": r"$\rightarrow$",
        "↔": r"$\leftrightarrow$",
        "τ": r"$\tau$",
        "λ": r"$\lambda$",
        "–": "--",
        "’": "'",
    }
)


def write_printed(document: Document, path: Path) -> None:
    """Write a document beside its CSV, in every format."""
    for suffix in PRINTED:
        write_text(path.with_suffix(f".{suffix}"), printed(document, suffix))


def printed(document: Document, suffix: str) -> str:
    """The text of a document in one format."""
    template = environment(TEMPLATES, **(LATEX_MARKS if suffix == "tex" else {}))
    return template.get_template(f"table.{suffix}").render(document=document)


def environment(*folders: Path, **options: Any) -> Environment:
    """Templates of these folders. What stands in HTML is escaped by itself; a name that a template
    does not get is an error."""
    loader = FileSystemLoader(folders)
    made = Environment(
        loader=loader,
        autoescape=lambda name: (name or "").endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        **options,
    )
    made.filters |= {"latex": latex, "markdown": markdown, "lines": lines}
    made.filters |= {"markdown_line": markdown_line, "one_line": one_line}
    made.tests["measured"] = measured
    made.globals["inline"] = lambda file: Markup(loader.get_source(made, file)[0])
    return made


def latex(text: str) -> str:
    """Plain text as LaTeX text."""
    return text.translate(LATEX)


def markdown(cell: str) -> str:
    """A cell of a Markdown table: an interval stays beside its value, so that the file reads well
    as it is."""
    lines = [markdown_line(line) for line in cell.replace("\n[", " [").split("\n")]
    return "<br>".join(line.replace("|", r"\|") for line in lines)


def one_line(text: str) -> str:
    """What stands in a comment of LaTeX, which ends with its line."""
    return " ".join(text.split())


def markdown_line(text: str) -> str:
    """A paragraph or heading of Markdown, in which nothing is a tag, a link or code."""
    text = one_line(text).replace("\\", r"\\").replace("`", r"\`")
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text).replace("](", r"]\(")


def lines(row: list[str]) -> list[tuple[str, ...]]:
    """A row of a grid as lines of text: the first of every cell, the second, …"""
    return list(zip_longest(*(cell.split("\n") for cell in row), fillvalue=""))


def measured(cell: str) -> bool:
    """Whether a cell holds a number, and no word in its place."""
    return any(sign.isdigit() for sign in cell.split("\n")[0])
