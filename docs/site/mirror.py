"""The site mirrors the repository: every page, picture and file stands where it stands there, so
that links of Markdown files hold as they are. Any other file X that is linked has a page X.md.

Begins with the pages of the navigation, and takes what they lead to.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
AS_THEY_ARE = {".md", ".png", ".svg", ".webp"}
SPOKEN = {".cff": "yaml", ".py": "python", ".yaml": "yaml"}
"""Ending of a file → its language, for colours."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add all that is reached from the navigation and lies in the repository."""
    todo = [path for name in _named(config.nav) if (path := _lies(name)).is_file()]
    known = set(todo)
    while todo:
        path = todo.pop()
        for file in _files(path, config):
            files.append(file)
        if path.suffix == ".md":
            reached = {target for target in _links(path) if target.is_file()} - known
            known |= reached
            todo += sorted(reached)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to other files to their pages."""
    folder = (ROOT / page.file.src_uri).parent

    def lead(match: re.Match[str]) -> str:
        target = (folder / match[2]).resolve()
        shown = target.is_file() and target.suffix not in AS_THEY_ARE
        return f"{match[1]}{match[2]}.md{match[3]}" if shown else match[0]

    return LINK.sub(lead, markdown)


def _named(nav: object) -> Iterator[str]:
    """Every page of the navigation, which is lists and mappings in each other."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict | list):
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(part)


def _lies(name: str) -> Path:
    """The file of a page: itself, or the one whose page it is."""
    page = ROOT / name
    return page if page.is_file() else page.with_suffix("")


def _links(page: Path) -> Iterator[Path]:
    for match in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", match[2]):
            yield (page.parent / match[2]).resolve()


def _files(path: Path, config: MkDocsConfig) -> Iterator[File]:
    """The file itself and, of one that a browser does not show, its page."""
    name = path.relative_to(ROOT).as_posix()
    yield File.generated(config, name, abs_src_path=str(path))
    if path.suffix == ".ipynb":
        yield File.generated(config, f"{name}.md", content=_notebook(path))
    elif path.suffix not in AS_THEY_ARE:
        yield File.generated(config, f"{name}.md", content=_coloured(path, name))


def _coloured(path: Path, name: str) -> str:
    """A text of the repository. Searches look for guides, not for these."""
    text = path.read_text(encoding="utf-8")
    language = SPOKEN.get(path.suffix, "text")
    return (
        f"---\nsearch: {{exclude: true}}\n---\n\n# {path.name}\n\n"
        f"~~~~~~{{.{language} title='{name}'}}\n{text}~~~~~~\n"
    )


def _notebook(path: Path) -> str:
    """Its texts and its code; it is kept without outputs."""
    cells = [
        cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```"
        for cell in nbformat.read(path, as_version=4).cells
    ]
    whole = f'<a href="{path.name}" download>{path.name}</a> is the notebook itself.'
    return "\n\n".join([*cells, whole])
