"""What a search found, as tables for other programs."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dcct.find.findings import Findings
from dcct.video.boxes import BOXES, read_boxes

MATCHES = {
    "query": "str",
    "rank": "int64",
    "match": "str",
    "distance": "float64",
    "false_at_most": "float64",
    "false_low": "float64",
    "false_high": "float64",
}
"""Columns of matches.csv: camera/tracklet of both, and the false-match rate at their distance with
its interval, empty where it is not known."""


def matches_table(found: Findings) -> pd.DataFrame:
    """One row for each query and match."""
    return pd.DataFrame(_matches(found), columns=list(MATCHES)).astype(MATCHES)


def _matches(found: Findings) -> Iterator[tuple]:
    pairs = zip(found.matches.places, found.matches.distances, strict=True)
    for key, (places, distances) in zip(found.query.keys, pairs, strict=True):
        for rank, (place, distance) in enumerate(zip(places, distances, strict=True), 1):
            if place >= 0:
                point = found.meaning.of(distance) if found.meaning else None
                rates = (point.allowed, point.low, point.high) if point else (None,) * 3
                yield key, rank, found.gallery.keys[place], round(float(distance), 6), *rates


def people_table(found: Findings) -> pd.DataFrame:
    """Which person each tracklet of the gallery was linked to: person, tracklet (camera/tracklet),
    first and last (frames), empty where nobody knows them."""
    assert found.people is not None
    seen = [(span.first, span.last) if span else (None, None) for span in found.spans]
    times = pd.DataFrame(seen, columns=["first", "last"]).astype("Int64")
    listed = pd.DataFrame({"person": found.people, "tracklet": found.gallery.keys}).join(times)
    return listed.sort_values(["person", "tracklet"], kind="stable", ignore_index=True)


def boxes_of_people(found: Findings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Camera and its boxes, whose ids are people, for each that `dcct crop` cut out."""
    assert found.people is not None
    person = dict(zip(found.gallery.keys, found.people.tolist(), strict=True))
    for camera in dict.fromkeys(found.gallery.cameras):
        path = Path(found.gallery.root) / camera / BOXES
        if path.is_file():
            boxes = read_boxes(path)
            people = (camera + "/" + boxes["tracklet"]).map(person)
            known = people.notna()
            linked = boxes[known].assign(id=people[known].astype("int64"))
            yield camera, linked.sort_values(["frame", "id"])
