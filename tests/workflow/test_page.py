"""The report page of a finished run, in a real browser, from file://."""

import re
from pathlib import Path

import pytest

from dcct.files import read_json

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs Chromium (Debian: see .ci/browser)"
)
MOVED = "e => getComputedStyle(e).animationName"


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, finished):
    """open_page(**options of the browser): the page with its gallery drawn. No test may leave a
    console message, an error, or a request that is not for the file itself."""
    complaints, contexts = [], []

    def start(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda one: one.url.startswith(("file:", "data:")) or complaints.append(one.url),
        )
        page.goto((finished.results / "index.html").as_uri())
        page.wait_for_selector(".query")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not complaints


def _aps(page) -> list[float]:
    return [float(text) for text in page.locator(".query .ap b").all_inner_texts()]


def test_every_table_figure_and_setting_is_there(open_page, finished):
    """Nothing that the run made is missing from the page, and no gap stands where something was
    made."""
    page = open_page()
    tables = {path.stem for path in (finished.results / "tables").glob("*.html")}
    assert {one.get_attribute("data-name") for one in page.locator(".table").all()} == tables
    figures = {path.stem for path in (finished.results / "figures/walkers-test").glob("*.png")}
    assert page.locator("#figures img, #results img").count() == len(figures)
    assert page.locator("#figures .gap").count() == 0
    assert (
        page.locator("#configuration pre").first.text_content()
        == (finished.folder / "config/test.yaml").read_text()
    )
    assert page.locator("#steps-by-verb tbody tr").count() > 10


def test_queries_are_filtered_and_ordered(open_page):
    """Each filter leaves what it says, the count says how many, and clearing brings all back."""
    page = open_page()
    everything = page.locator("#count").inner_text()
    assert _aps(page) == sorted(_aps(page))
    page.select_option("[name=order]", "best")
    assert _aps(page) == sorted(_aps(page), reverse=True)
    page.select_option("[name=result]", "wrong")
    marks = page.locator(".query .marks i:first-child")
    assert {one.get_attribute("class") for one in marks.all()} == {"wrong"}
    page.select_option("[name=result]", "")
    page.fill("[name=low]", "20")
    page.fill("[name=high]", "60")
    assert all(20 <= ap <= 60 for ap in _aps(page))
    page.fill("[name=identity]", "no such person")
    assert page.locator(".query").count() == 0
    assert "clear the filters" in page.locator("#count").inner_text()
    page.click("button[type=reset]")
    page.wait_for_selector(".query")
    assert page.locator("#count").inner_text() == everything


def test_a_query_shows_its_top_ten_and_what_the_metrics_say(open_page, finished):
    """Its strip holds eleven moving pictures with signs, and the mean AP of all queries is the
    headline's mAP."""
    page = open_page()
    page.locator(".query").first.click()
    tiles = page.locator(".strip .tile")
    assert tiles.count() == 11
    signs = [text[0] for text in page.locator(".strip .tile b").all_inner_texts()[1:]]
    assert signs == [
        {"right": "✓", "wrong": "✗"}[one.get_attribute("class")[5:]] for one in tiles.all()[1:]
    ]
    assert all(
        page.locator(".strip .sprite").evaluate_all(
            "all => all.map(e => e.style.backgroundImage.length > 500)"
        )
    )
    headline = read_json(
        finished.results / "metrics/walkers-test/split0/dcct/seed0/metrics.json", "rank"
    )["headline"]
    assert f"mean AP {100 * headline['mAP']:.1f}" in page.locator("#count").inner_text()
    page.select_option("[name=variant]", "cnn")
    other = read_json(
        finished.results / "metrics/walkers-test/split0/cnn/seed0/metrics.json", "rank"
    )["headline"]
    assert f"mean AP {100 * other['mAP']:.1f}" in page.locator("#count").inner_text()


def test_a_number_leads_back_to_the_data(open_page, finished):
    """A click on a cell shows every kind of step behind it, and the digests that the receipts
    hold."""
    page = open_page()
    row = page.locator("#table-components tbody tr", has_text="CNN").first
    row.locator("td.number:not(.gap)").nth(1).click()
    assert page.locator("#panel").is_visible()
    verbs = page.locator("#chain h3 span").all_inner_texts()
    steps = (
        "tabulate",
        "rank",
        "extract",
        "train",
        "weights",
        "sample",
        "manifest",
        "pack",
        "verify",
        "source",
    )
    assert verbs == [f"dcct {verb}" for verb in steps]
    page.locator("#chain li", has_text="dcct train").locator("summary").click()
    receipt = read_json(
        finished.results / "checkpoints/walkers-test/split0/cnn/seed0/receipt.json", "train"
    )
    text = page.locator("#chain li", has_text="dcct train").inner_text()
    assert receipt["outputs"]["model.safetensors"] in text
    assert "--seed 0" in text
    page.keyboard.press("Escape")
    assert not page.locator("#panel").is_visible()
    page.locator("#figures .how").first.click()
    page.locator("#chain h3 span", has_text="dcct draw").first.wait_for()


def test_an_interval_is_drawn_of_shares_alone(open_page):
    """Not of differences, of which one that is zero looks like a share."""
    drawn = open_page().locator(".table .sure")
    above = "cells => cells.map(c => [...c.closest('table').tHead.rows].at(-1).cells[c.cellIndex]"
    headings = set(drawn.evaluate_all(f"{above}.textContent)"))
    assert "mAP [95 %]" in headings
    assert not [heading for heading in headings if "−" in heading]


def test_it_can_be_used_by_keyboard(open_page):
    """/ searches, arrows move, Enter opens, space pauses, Esc closes; in a table arrows move and
    Enter asks."""
    page = open_page()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "identity"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".query").nth(1).get_attribute("aria-expanded") == "true"
    sprite = page.locator(".strip .sprite").first
    assert sprite.evaluate(MOVED) == "tracklet"
    page.keyboard.press("Space")
    assert sprite.evaluate(MOVED) == "none"
    assert page.locator(".strip").count() == 1
    page.keyboard.press("Space")
    assert sprite.evaluate(MOVED) == "tracklet"
    page.keyboard.press("Escape")
    assert page.locator(".strip").count() == 0
    page.locator("#table-components tbody th").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#panel-title").inner_text().startswith("Untrained DCCT · Features")


def test_colours_follow_the_system_until_one_is_chosen(open_page):
    """Dark by the system's wish; the switch goes to light and to dark."""
    page = open_page(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.click("#theme")
    light = page.evaluate(ground)
    assert light != dark
    page.click("#theme")
    assert page.evaluate(ground) == dark


def test_nothing_moves_where_less_motion_is_wished(open_page):
    """prefers-reduced-motion: pictures stand still until they are played."""
    page = open_page(reduced_motion="reduce")
    page.locator(".query").first.click()
    sprite = page.locator(".strip .sprite").first
    assert sprite.evaluate(MOVED) == "none"
    page.click("#play")
    assert sprite.evaluate(MOVED) == "tracklet"


def test_it_fits_a_phone(open_page):
    """At 390 pixels nothing but tables and texts of files scrolls sideways, with a query and a
    figure open too."""
    page = open_page(viewport={"width": 390, "height": 844})
    page.locator(".query").first.click()
    page.locator(".picture").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_phone_shows_every_section_and_short_captions(open_page):
    """At 390 pixels each section can be reached without scrolling sideways, and a caption has five
    lines at most: the rest is folded."""
    page = open_page(viewport={"width": 390, "height": 844})
    for link in page.locator(".bar nav a").all():
        box = link.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    lines = "all => all.map(e => e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight))"
    assert max(page.locator(".picture ~ figcaption").evaluate_all(lines)) < 5.5
    assert page.locator(".picture ~ details[open]").count() == 0


def test_drawings_are_dark_on_a_dark_page(open_page):
    """Their colours are turned round, by the system's wish or the switch, also when enlarged;
    pictures of people stay as they are."""
    page = open_page(color_scheme="dark")
    look = "e => getComputedStyle(e).filter"
    drawing = page.locator(".picture.turned").first
    assert drawing.evaluate(look).startswith("invert(0.9)")
    drawing.click()
    assert page.locator("#large").evaluate(look).startswith("invert(0.9)")
    page.keyboard.press("Escape")
    assert page.locator(".picture:not(.turned)").first.evaluate(look) == "none"
    page.click("#theme")
    assert drawing.evaluate(look).startswith("invert(0)")


def test_it_is_explained_as_any_artefact(finished):
    """The page's chain goes back to the data, through tables, figures and metrics."""
    done = finished.run("dcct", "explain", str(finished.results / "index.html"))
    assert done.returncode == 0, done.stderr
    for verb in ("tabulate", "cost", "draw", "attend", "rank", "verify"):
        assert verb in done.stdout


def test_it_holds_no_address(finished):
    """Nothing in the file could be fetched: scripts, styles and pictures are inside."""
    text = (finished.results / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:)', text)
    assert "default-src 'none'" in text
