"""Whatever a title holds, each target shows it as text."""

import csv
import io
import os
import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcct.config.section import Line
from dcct.report.figures.style import new_figure, save, styled
from dcct.report.tables.grid import Document, Grid, Part
from dcct.report.tables.layout import as_csv, read_csv
from dcct.report.tables.printing import latex, printed

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
TEXTS = st.text(
    st.sampled_from("ab $_^\\%&#{}<>|`=+-@'\"()![]/\u202e\u4e2dé~\n")
    | st.characters(exclude_categories=["Cc", "Cs", "Cn"]),
    min_size=1,
    max_size=20,
)
"""Of special characters mostly, and of all that a configuration may hold."""


def document(text: str) -> Document:
    """The text wherever one can stand."""
    grid = Grid(headings=["Variant", "mAP"], numeric=[False, True], rows=[[text, "1.0"]])
    return Document(title=text, about=text, parts=[Part(heading=text, grid=grid, notes=[text])])


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(text=TEXTS)
def test_markdown_has_no_further_columns_tags_or_links(text):
    """A row keeps its columns, a heading its line; nothing is HTML or a link."""
    lines = printed(document(text), "md").splitlines()
    row = next(line for line in lines if line.endswith("| 1.0 |"))
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 3
    assert not re.search(r"<(?!br>)[A-Za-z/!?]", "\n".join(lines))
    assert not re.search(r"(?<!\\)\]\(", "\n".join(lines))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(text=TEXTS)
def test_html_has_no_tags_of_it(text):
    """Whatever it holds, the page has the tags of its template alone."""
    tags, known = (
        set(re.findall(r"<(\w+)", printed(document(one), "html"))) for one in (text, "x")
    )
    assert tags <= known | {"br", "small"}


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(text=TEXTS)
def test_latex_has_no_commands_of_it_and_keeps_its_comments(text):
    """Outside what escaping writes there is no special character; a comment stays one line."""
    source = printed(document(text), "tex")
    assert all(line.startswith("%") for line in source.splitlines()[:2])
    bare = re.sub(r"\\text\w+\{\}|\\[&%$#_{}]|\$\S+?\$", "", latex(text))
    assert not set(bare) & set("\\&%$#_{}^~")


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(text=TEXTS.map(str.strip).filter(bool))
def test_csv_computes_nothing_and_comes_back(text, tmp_path_factory):
    """No cell is a formula that calls something, and reading gives the text again."""
    path = tmp_path_factory.mktemp("c") / "a.csv"
    path.write_text(as_csv(pd.DataFrame({"title": [text], "mAP": [1.0]})), encoding="utf-8")
    cell = next(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))["title"]
    assert not re.match(r"[=@]|[-+].*[(|!]", cell, re.DOTALL)
    assert read_csv(path, {"title": "str"})["title"][0] == text


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@example(text=r"$\frac{1}{$")
@example(text="-->")
@given(text=TEXTS)
@pytest.mark.filterwarnings("ignore:Glyph", "ignore:constrained_layout")
def test_figures_draw_any_title(text, tmp_path_factory):
    """matplotlib's formulas are off; an SVG is XML, whatever the comments say that it makes of
    texts."""
    folder = tmp_path_factory.mktemp("f")
    with styled():
        figure = new_figure(2, 1, text)
        axes = figure.add_subplot()
        axes.plot([0, 1], label=text)
        axes.set_xticks([0, 1], [text, "b"])
        axes.legend()
        save(figure, folder, "a", ("svg",))
    ElementTree.parse(folder / "a.svg")


def test_titles_are_one_line():
    """However YAML writes them."""
    from pydantic import TypeAdapter

    assert TypeAdapter(Line).validate_python(" a\n  b\u2028c ") == "a b c"
