"""What a search found, as one HTML file: every query with its closest tracklets, as moving
pictures. It asks no network for anything, and what it shows stays on this machine."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dcct.clips.frames import resized
from dcct.datasets.images import decode, read_image_bytes
from dcct.evaluation.thresholds import MOST
from dcct.find.findings import Findings
from dcct.find.link import Span
from dcct.find.matches import Tracklets
from dcct.find.meaning import Meaning
from dcct.report.page import build
from dcct.report.page.rankings import CHUNK, SCALE
from dcct.report.page.sprites import FRAMES, LIMIT, PIXELS, side_by_side, spaced
from dcct.report.tables.printing import TEMPLATES, environment
from dcct.runtime.progress import Progress

PAGE = Path(build.__file__).parent
"""Its style and scripts are those of the report page."""
NAME = "search"


class Shown(NamedTuple):
    """A tracklet on the page."""

    camera: str
    key: str
    root: str
    frames: list[str]
    span: Span | None


def page_of(search: Findings, progress: Progress) -> str:
    """The page. Pictures beyond its limit are left out, and it says so.

    Raises DataError, one line, at a frame that cannot be decoded.
    """
    every, queries = _numbered(search)
    wanted = list(dict.fromkeys(_wanted(queries, search)))
    pictures = _pictures(every, wanted, progress)
    sprites = list(pictures.values())
    templates = environment(Path(__file__).parent, PAGE, TEMPLATES)
    templates.filters["json"] = build.as_json
    return templates.get_template("search.html").render(
        search=search,
        where=Path(search.gallery.root).name,
        frames=FRAMES,
        name=NAME,
        found=_found(search, every, queries) | {"pictured": list(pictures)},
        chunks=["\n".join(sprites[at : at + CHUNK]) for at in range(0, len(sprites), CHUNK)],
        unpictured=len(wanted) - len(pictures),
    )


def _numbered(search: Findings) -> tuple[dict[int, Shown], list[int]]:
    """Number → tracklet, first those of the gallery in its order; and the queries' numbers, which
    are the gallery's own where they are part of it."""
    query, gallery = search.query, search.gallery
    same = query.root == gallery.root
    place = {key: number for number, key in enumerate(gallery.keys)} if same else {}
    first = len(gallery.keys)
    numbers = [place.get(key, first + row) for row, key in enumerate(query.keys)]
    every = dict(enumerate(_shown(gallery, search.spans)))
    return every | dict(zip(numbers, _shown(query, search.query_spans), strict=True)), numbers


def _shown(side: Tracklets, spans: list[Span | None]) -> Iterable[Shown]:
    for camera, key, frames, span in zip(side.cameras, side.keys, side.frames, spans, strict=True):
        yield Shown(camera, key, side.root, frames, span)


def _found(search: Findings, every: Mapping[int, Shown], queries: list[int]) -> dict:
    """What search.js knows. Its words are those of matches.csv: `near` are places among `points`,
    chosen here, by distances that are not yet rounded."""
    meaning = search.meaning or Meaning(points=(), measured_on="")
    kept = [row[np.isfinite(row)] for row in search.matches.distances]
    return {
        "chunk": CHUNK,
        "scale": SCALE,
        "tracklets": {
            number: [one.camera, one.key, len(one.frames), *_ends(one.span)]
            for number, one in every.items()
        },
        "people": None if search.people is None else search.people.tolist(),
        "query": queries,
        "top": [[int(one) for one in row if one >= 0] for row in search.matches.places],
        "distance": [np.round(SCALE * row).astype(int).tolist() for row in kept],
        "near": [[meaning.place(distance) for distance in row] for row in kept],
        "points": [[point.allowed, point.low, point.high] for point in meaning.points],
        "most": MOST,
    }


def _ends(span: Span | None) -> tuple[int, ...]:
    return (span.first, span.last) if span else ()


def _wanted(queries: list[int], search: Findings) -> Iterable[int]:
    """Numbers in the order of what is looked at: a query, what was found for it; people."""
    for number, row in zip(queries, search.matches.places, strict=True):
        yield number
        yield from (int(one) for one in row if one >= 0)
    if search.people is not None:
        yield from range(len(search.gallery.keys))


def _pictures(every: Mapping[int, Shown], wanted: list[int], progress: Progress) -> dict[int, str]:
    """Number → sprite, until LIMIT characters."""
    found: dict[int, str] = {}
    length = 0
    for number in progress.track(wanted, len(wanted), "pictures"):
        sprite = _sprite(Path(every[number].root), every[number].frames)
        length += len(sprite)
        if length > LIMIT:
            break
        found[number] = sprite
    return found


def _sprite(root: Path, frames: list[str]) -> str:
    paths = [root / frames[position] for position in spaced(len(frames))]
    pictures = (decode(read_image_bytes(path), str(path)) for path in paths)
    return side_by_side(resized(picture, *PIXELS, "bicubic") for picture in pictures)
