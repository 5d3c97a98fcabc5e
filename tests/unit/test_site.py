"""The documentation site is whole: it builds without a warning, every link of it leads somewhere,
and a browser fetches nothing from elsewhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings")

TAGS = (
    "a article body br button code defs desc div em footer form g h1 h2 h3 h4 head header hr html"
    " img input label li link main marker meta nav ol p path pre rect script small span strong"
    " style svg table tbody td text th thead title tr ul"
)
"""What pages are made of."""
LEADS = {"a": "href", "area": "href"}
"""Tags that a reader follows; what all others name is fetched."""
FETCHED = {"src", "href", "poster", "data", "action", "srcset"}
IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
ELSEWHERE = re.compile(r"(?:[a-z]+:)?//")


class Links(HTMLParser):
    """What a page leads to, what it fetches, and its anchors."""

    def __init__(self, page: Path):
        super().__init__()
        self.leads: set[str] = set()
        self.fetched: set[str] = set()
        self.anchors: set[str] = set()
        self.tags: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("id", "name"):
                self.anchors.add(value or "")
            elif value and LEADS.get(tag) == name:
                self.leads.add(value)
            elif value and name in FETCHED and ("rel", "canonical") not in attrs:
                self.fetched.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Built as `make site` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Links]:
    return {page: Links(page) for page in site.rglob("*.html")}


def test_every_link_leads_to_a_page_and_a_place_in_it(pages):
    """Of all pages: links, pictures, scripts and styles, with their anchors."""
    broken = []
    for page, links in pages.items():
        if page.name == "404.html":
            continue  # its links begin at the root of a server
        for link in links.leads | links.fetched:
            path, anchor = urlsplit(link).path, unquote(urlsplit(link).fragment)
            if re.match(r"[a-z]+:", link):
                continue
            target = (page.parent / unquote(path)).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].anchors if target in pages else set()
            if not target.is_file() or (anchor and anchor not in known):
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_nothing_is_fetched_from_another_host(site, pages):
    """By no tag of a page, and by no style."""
    foreign = {link for one in pages.values() for link in one.fetched if ELSEWHERE.match(link)}
    for sheet in [*site.rglob("*.css"), *pages]:
        foreign |= set(IN_STYLES.findall(sheet.read_text(encoding="utf-8")))
    assert foreign == set()


def test_every_tag_is_one_of_html(pages):
    """Texts of the code are shown as Markdown: `<camera>` without its backticks is a tag there, and
    some browsers know it."""
    assert set().union(*(one.tags for one in pages.values())) <= set(TAGS.split())
