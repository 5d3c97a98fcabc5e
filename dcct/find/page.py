"""What a search found, as one HTML file: every query with its closest tracklets, as moving
pictures. It asks no network for anything, and what it shows stays on this machine."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dcct.clips.frames import resized
from dcct.datasets.images import decode, read_image_bytes
from dcct.files import write_text
from dcct.find.findings import Findings
from dcct.find.matches import Matches, Tracklets
from dcct.report.page import build
from dcct.report.page.rankings import CHUNK, SCALE
from dcct.report.page.sprites import FRAMES, LIMIT, PIXELS, side_by_side, spaced
from dcct.report.tables.printing import TEMPLATES, environment
from dcct.runtime.progress import Progress

PAGE = Path(build.__file__).parent
"""Its style and scripts are those of the report page."""
NAME = "search"


def write_page(search: Findings, path: Path, progress: Progress) -> None:
    """Write the page. Pictures beyond its limit are left out, and it says so."""
    query, gallery = search.query, search.gallery
    same = query.root == gallery.root
    place = {key: number for number, key in enumerate(gallery.keys)} if same else {}
    first = len(gallery.keys)
    numbers = [place.get(key, first + row) for row, key in enumerate(query.keys)]
    every = {number: (gallery, number) for number in range(first)}
    every |= {number: (query, row) for row, number in enumerate(numbers)}
    wanted = list(dict.fromkeys(_wanted(numbers, search.matches)))
    pictures = _pictures(every, wanted, progress)
    found = {
        "chunk": CHUNK,
        "scale": SCALE,
        "tracklets": {
            number: [side.cameras[row], side.keys[row], len(side.frames[row])]
            for number, (side, row) in every.items()
        },
        "people": None if search.people is None else search.people.tolist(),
        "pictured": list(pictures),
        "query": numbers,
        "top": [[int(one) for one in row if one >= 0] for row in search.matches.places],
        "distance": [
            np.round(SCALE * row[np.isfinite(row)]).astype(int).tolist()
            for row in search.matches.distances
        ],
        "points": [
            [point.distance, point.allowed, point.low, point.high]
            for point in (search.meaning.points if search.meaning else ())
        ],
    }
    sprites = list(pictures.values())
    templates = environment(Path(__file__).parent, PAGE, TEMPLATES)
    templates.filters["json"] = build.as_json
    page = templates.get_template("search.html").render(
        search=search,
        frames=FRAMES,
        name=NAME,
        found=found,
        chunks=["\n".join(sprites[at : at + CHUNK]) for at in range(0, len(sprites), CHUNK)],
        unpictured=len(wanted) - len(pictures),
    )
    write_text(path, page)


def _wanted(queries: list[int], matches: Matches) -> Iterable[int]:
    """Numbers in the order of what is looked at: a query, and what was found for it."""
    for number, row in zip(queries, matches.places, strict=True):
        yield number
        yield from (int(one) for one in row if one >= 0)


def _pictures(
    every: dict[int, tuple[Tracklets, int]], wanted: list[int], progress: Progress
) -> dict[int, str]:
    """Number → sprite, until LIMIT characters."""
    found: dict[int, str] = {}
    length = 0
    for number in progress.track(wanted, len(wanted), "pictures"):
        side, row = every[number]
        sprite = _sprite(Path(side.root), side.frames[row])
        length += len(sprite)
        if length > LIMIT:
            break
        found[number] = sprite
    return found


def _sprite(root: Path, frames: list[str]) -> str:
    paths = [root / frames[position] for position in spaced(len(frames))]
    pictures = (decode(read_image_bytes(path), str(path)) for path in paths)
    return side_by_side(resized(picture, *PIXELS, "bicubic") for picture in pictures)
