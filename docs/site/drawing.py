"""Drawings stand in the page itself: so they take its colours, by day and by night."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

DRAWING = re.compile(r'<img [^>]*src="([^"]+\.svg)"[^>]*>')


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """In the place of each picture that is an SVG, its text; a title in it says what it shows."""
    folder = Path(config.config_file_path).parent / Path(page.file.src_uri).parent

    def drawn(match: re.Match[str]) -> str:
        text = (folder / match[1]).read_text(encoding="utf-8")
        return f'<span class="drawing">{text}</span>'

    return DRAWING.sub(drawn, html)
