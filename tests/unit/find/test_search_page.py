"""The page of a search of drawn people, in a real browser, from file://, without a network."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcct.datasets.tracklet_folders import found_in
from dcct.evaluation.calibration import Point
from dcct.files import write_text
from dcct.find.findings import Findings
from dcct.find.link import same_people
from dcct.find.matches import Tracklets, find_matches
from dcct.find.meaning import Meaning
from dcct.find.page import page_of
from dcct.find.search import spans_of
from dcct.find.tables import matches_table
from dcct.runtime.progress import Progress
from dcct.video.boxes import BOXES, KINDS, write_boxes

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs Chromium (Debian: see .ci/browser)"
)
DOOR, YARD = "<script>alert(1)<∕script>", "Hof \"ü\" & 'x'  y"
"""Cameras: folders may be called so."""
PEOPLE = {DOOR: [1, 2, 3, 1], YARD: [1, 2, 3]}
"""Whom each sees, one after the other."""
STEP = 20
"""Frames from one to the next."""
MOVED = "e => getComputedStyle(e).animationName"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture(scope="module")
def gallery(draw_into, tmp_path_factory) -> Tracklets:
    """Tracklets whose features lie around their people's; when they were seen is known of DOOR."""
    root = tmp_path_factory.mktemp("drawn") / "my people"
    for camera, (name, people) in enumerate(PEOPLE.items(), 1):
        for place, person in enumerate(people):
            draw_into(root / name / f"{place}", person, camera)
    frames = [[str(place), STEP * place + 1 + at] for place in range(4) for at in range(10)]
    boxes = pd.DataFrame(frames, columns=["tracklet", "frame"])
    write_boxes(root / DOOR / BOXES, boxes.assign(**dict.fromkeys(list(KINDS)[2:], 1)))
    draw = np.random.default_rng(0)
    around = [draw.normal(size=16), draw.normal(size=16), draw.normal(size=16)]
    found = found_in(root)[1]
    features = [around[PEOPLE[one.camera][int(one.name)] - 1] for one in found]
    return Tracklets(
        keys=[one.key for one in found],
        cameras=[one.camera for one in found],
        frames=[list(one.frames) for one in found],
        features=np.float32(features + 0.25 * draw.normal(size=(len(found), 16))),
        root=str(root),
    )


@pytest.fixture(scope="module")
def found(gallery) -> Findings:
    """Every tracklet looked for, people linked, and some distances of a known meaning: the first
    point is a pair's own distance, beyond which it would lie once it were rounded."""
    matches = find_matches(gallery, gallery, top=5)
    near = next(
        float(one) for one in np.sort(matches.distances, None) if round(float(one), 4) > one
    )
    points = [
        Point(allowed=rate, distance=at, false_rate=rate, low=low, high=2 * rate, true_rate=1)
        for rate, at, low in (
            (0.000251, near, 0.0),
            (0.01, near + 0.02, 0.004),
            (0.05, near + 0.1, 0.03),
        )
    ]
    spans = spans_of(gallery)
    return Findings(
        title="dcct",
        query=gallery,
        gallery=gallery,
        matches=matches,
        reranked=False,
        meaning=Meaning(points=points, measured_on="3 people in <b>mine</b>"),
        people=same_people(gallery.features, spans, 0.3),
        spans=spans,
        query_spans=spans,
    )


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, found, tmp_path):
    """open_page(findings, **options of the browser): their page. No test may leave a console
    message, an error, a dialog, or a request that is not for the file itself."""
    complaints, contexts = [], []

    def start(findings=found, **options):
        write_text(tmp_path / "index.html", page_of(findings, Progress()))
        contexts.append(chromium.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda one: one.url.startswith(("file:", "data:")) or complaints.append(one.url),
        )
        page.goto((tmp_path / "index.html").as_uri())
        page.wait_for_selector(".query")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not complaints


def _keys(page) -> list[str]:
    return page.locator(".query .key b").all_text_contents()


def _words(rate: float) -> str:
    return "> 1 in 20" if pd.isna(rate) else f"1 in {float(f'{1 / rate:.2g}'):,.0f}"


def test_a_row_says_what_matches_csv_says(open_page, found):
    """Of every query, without opening it: its matches in order, how close they are in words, those
    of its own camera marked; opened, their names and distances too."""
    page, table = open_page(), matches_table(found)
    assert set(_keys(page)) == set(table["query"])
    said = {_words(rate) for rate in table["false_at_most"]}
    assert said >= {"1 in 4,000", "> 1 in 20"}
    for place, key in enumerate(_keys(page)):
        rows, query = table[table["query"] == key], page.locator(".query").nth(place)
        words = [_words(rate) for rate in rows["false_at_most"]]
        cameras = [match.split("/")[0] for match in rows["match"]]
        same = [camera == key.split("/")[0] for camera in cameras]
        assert query.locator(".near b").all_text_contents() == words
        assert query.locator(".near small").all_text_contents() == [
            "same camera" if own else camera for own, camera in zip(same, cameras, strict=True)
        ]
        query.click()
        tiles = page.locator("#queries .tile")
        assert tiles.locator("b").all_text_contents() == ["query", *map(str, rows["rank"])]
        for tile, match, distance in zip(
            tiles.all()[1:], rows["match"], rows["distance"], strict=True
        ):
            lines = tile.locator("span:not(.sprite)").all_text_contents()
            assert lines[0] == match
            assert lines[-1] == f"distance {distance:.3f}"
        query.click()


def test_matches_are_seen_before_anything_is_opened(open_page):
    """The first query's closest matches stand in the first screen, on a phone as well."""
    for options in ({"viewport": {"width": 1280, "height": 800}}, PHONE):
        page = open_page(**options)
        box = page.locator(".near").first.bounding_box()
        assert box["y"] + box["height"] < options["viewport"]["height"]
        assert "no evidence" in page.locator(".warning").inner_text()


def test_queries_are_filtered(open_page, gallery):
    """By camera and by name, whatever folders are called; the count says how many."""
    page = open_page()
    page.select_option("[name=camera]", YARD)
    assert sorted(_keys(page)) == [key for key in gallery.keys if key.startswith(YARD)]
    assert page.locator("#count").inner_text() == "3 of 7 queries."
    page.fill("[name=key]", "SCRIPT")
    assert "clear the filters" in page.locator("#count").inner_text()
    page.click("button[type=reset]")
    page.wait_for_selector(".query")
    assert len(_keys(page)) == 7


def test_a_person_leads_to_all_of_theirs(open_page, found):
    """Their tracklets camera by camera, when they were seen where that is known, and the queries
    that they are."""
    page = open_page()
    page.locator(".query").first.click()
    page.locator(".who").first.click()
    person = int(page.locator("[name=person]").input_value())
    theirs = [key for key, of in zip(found.gallery.keys, found.people, strict=True) if of == person]
    assert len(theirs) > 1
    shown = page.locator("#person .tile").all()
    assert sorted(one.locator("span").nth(1).text_content() for one in shown) == sorted(theirs)
    assert sorted(_keys(page)) == sorted(theirs)
    times = {
        one.locator("span").nth(1).text_content(): one.locator("span").nth(2).text_content()
        for one in shown
    }
    for key in theirs:
        camera, name = key.split("/")
        first = STEP * int(name) + 1
        assert times[key] == (f"frames {first}–{first + 9}" if camera == DOOR else "10 frames")
    assert page.locator("#person .sprite.none").count() == 0


def test_everybody_who_was_linked_is_pictured(found, gallery):
    """Also whom no query has found."""
    asked, spans = gallery.part([3]), found.spans[3:4]
    few = find_matches(asked, gallery, top=1)
    page = page_of(replace(found, query=asked, matches=few, query_spans=spans), Progress())
    block = re.search(r'id="found">(.*?)</script>', page, re.DOTALL)[1]
    assert sorted(json.loads(block)["pictured"]) == list(range(len(gallery.keys)))


def test_it_can_be_used_by_keyboard(open_page):
    """/ filters, arrows move, Enter opens, Space pauses all pictures, Esc closes."""
    page = open_page(**PHONE)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "key"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".query").nth(1).get_attribute("aria-expanded") == "true"
    pictures = [page.locator(place).first for place in (".near .sprite", ".tile .sprite")]
    assert [one.evaluate(MOVED) for one in pictures] == ["tracklet"] * 2
    page.keyboard.press("Space")
    assert [one.evaluate(MOVED) for one in pictures] == ["none"] * 2
    page.keyboard.press("Escape")
    assert page.locator("#queries .strip").count() == 0
    assert page.evaluate("document.activeElement.className") == "query"


def test_nothing_moves_where_less_motion_is_wished(open_page):
    """prefers-reduced-motion: pictures stand still until they are played."""
    page = open_page(reduced_motion="reduce")
    sprite = page.locator(".near .sprite").first
    assert sprite.evaluate(MOVED) == "none"
    page.click("#play")
    assert sprite.evaluate(MOVED) == "tracklet"


def test_it_fits_a_phone_and_a_finger(open_page):
    """At 390 pixels nothing scrolls sideways, with a query and a person open too, and all that is
    touched is 44 pixels high."""
    page = open_page(**PHONE)
    page.locator("#narrow summary").click()
    page.locator(".query").first.click()
    page.locator(".who").first.click()
    page.locator(".query").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    touched = "all => all.filter(e => e.checkVisibility()).map(e => e.offsetHeight)"
    heights = page.locator("button, select, input, summary").evaluate_all(touched)
    assert len(heights) > 10
    assert min(heights) >= 44


def test_names_are_text_and_no_path_is_told(open_page, gallery, tmp_path):
    """Folders are shown as they are called, and only those that somebody named."""
    page = open_page()
    assert any(DOOR in key for key in _keys(page))
    assert page.title() == "7 queries among 7 tracklets of my people"
    assert "<b>mine</b>" in page.locator(".honest").inner_text()
    assert str(Path(gallery.root).parent) not in (tmp_path / "index.html").read_text("utf-8")


def test_without_a_meaning_distances_stand_alone(open_page, gallery):
    """Nothing is said of false pairs, of people, or of an order by neighbours; a query that has
    nothing to be compared with says so."""
    alone = gallery.part([0])
    page = open_page(
        Findings(
            title="dcct",
            query=gallery.part([0, 4]),
            gallery=alone,
            matches=find_matches(gallery.part([0, 4]), alone, top=3),
            reranked=True,
            meaning=None,
            people=None,
            spans=spans_of(alone),
            query_spans=[None, None],
        )
    )
    assert "not measured" in page.locator(".gap").inner_text()
    assert "--rerank" in page.locator(".notes").inner_text()
    assert float(page.locator(".near b").inner_text()) > 0
    assert "nothing to compare with" in page.locator(".query").nth(1).inner_text()
    page.locator(".query").first.click()
    assert page.locator(".who").count() == 0
    assert not page.locator("[name=most]").is_visible()
