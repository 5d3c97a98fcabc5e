"""A search, from folders of tracklets to what was found in them."""

import os
import tempfile
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd

from dcct.config.profile import Reranking
from dcct.datasets.tracklet_folders import TrackletFolder, found_in
from dcct.errors import DataError
from dcct.evaluation.embedded import features_in, read_embedded
from dcct.find.findings import Findings
from dcct.find.link import MOST, Span, same_people
from dcct.find.matches import Tracklets, find_matches
from dcct.find.meaning import Meaning, meaning_for
from dcct.find.tables import matches_table, people_table
from dcct.inference.embedding import embed_tracklets
from dcct.inference.model import Model, load
from dcct.runtime.progress import Progress
from dcct.video.boxes import BOXES, read_boxes

LINKED = 0.01
"""Share of false pairs that are taken for one person, where no distance is given."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How to search."""

    top: int = 10
    """Tracklets that are shown of each query."""
    rerank: bool = False
    """Order by k-reciprocal neighbours."""
    other_cameras: bool = False
    """Leave out tracklets of the query's own camera."""
    sampler: str = "begin"
    """How clips are drawn."""
    calibration: Path | None = None
    """What `dcct calibrate` wrote."""
    link: bool = False
    """Say which tracklets of the gallery are one person."""
    within: float | None = None
    """Distance up to which they are; that of LINKED if None."""


def searched(
    model: Model, query: Path, gallery: Path, wish: Wish, work: Path, progress: Progress
) -> Findings:
    """Embed both, and compare. work: a folder for features, which are made anew only if they are
    not those of these frames by this model.

    Raises DcctError, one line, where a folder is not as it should be.
    """
    if not isinstance(wish.top, Integral) or wish.top < 1:
        raise DataError(f"top: {wish.top} matches: ask for a whole number of them, one at least")
    meaning = meaning_for(model, wish.sampler, wish.calibration)
    within = _within(meaning, wish) if wish.link else None
    root, asked = found_in(query)  # first: a gallery may take hours
    found = _embedded(model, gallery, work / "gallery.parquet", wish.sampler, progress)
    place = {key: number for number, key in enumerate(found.keys)}
    if root == Path(found.root) and all(one.key in place for one in asked):
        sought = found.part([place[one.key] for one in asked])
    else:
        sought = _embedded(model, query, work / "query.parquet", wish.sampler, progress)
    spans = spans_of(found)
    return Findings(
        title=model.config.name,
        query=sought,
        gallery=found,
        matches=find_matches(
            sought,
            found,
            top=wish.top,
            other_cameras=wish.other_cameras,
            reranking=Reranking() if wish.rerank else None,
        ),
        reranked=wish.rerank,
        meaning=meaning,
        people=None if within is None else _linked(found, spans, within),
        within=within,
        spans=spans,
        query_spans=spans_of(sought),
    )


def search(
    model: Model | str | os.PathLike,
    query: str | os.PathLike,
    gallery: str | os.PathLike,
    *,
    top: int = 10,
    rerank: bool = False,
    exclude_same_camera: bool = False,
    sampler: str = "begin",
    calibration: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The tracklets of a gallery that look most like each query: the rows of matches.csv.

    model: a model, or what `load` takes. query, gallery: folders `<camera>/<tracklet>/*.jpg|png`,
    of all cameras, of one, or of one tracklet. For the rest see Wish. Raises DcctError, one line.
    """
    wish = Wish(
        top=top,
        rerank=rerank,
        other_cameras=exclude_same_camera,
        sampler=sampler,
        calibration=Path(calibration) if calibration else None,
    )
    return matches_table(_in_python(model, query, gallery, wish, progress))


def link(
    model: Model | str | os.PathLike,
    gallery: str | os.PathLike,
    *,
    within: float | None = None,
    sampler: str = "begin",
    calibration: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Which tracklets are one person: the rows of people.csv. Arguments as of `search`."""
    measured = Path(calibration) if calibration else None
    wish = Wish(link=True, within=within, sampler=sampler, calibration=measured)
    return people_table(_in_python(model, gallery, gallery, wish, progress))


def _in_python(
    model: Model | str | os.PathLike,
    query: str | os.PathLike,
    gallery: str | os.PathLike,
    wish: Wish,
    progress: Progress | None,
) -> Findings:
    opened = model if isinstance(model, Model) else load(model)
    with tempfile.TemporaryDirectory() as work:
        folders = Path(query), Path(gallery)
        return searched(opened, *folders, wish, Path(work), progress or Progress())


def _within(meaning: Meaning | None, wish: Wish) -> float:
    known = meaning.distance(LINKED) if meaning else None
    within = known if wish.within is None else wish.within
    if within is None:
        raise DataError(
            "linking needs the distance up to which two tracklets are one person, which was not"
            " measured of this model: give --within, such as 0.2, or --calibration"
        )
    if not isinstance(within, Real) or not 0 <= within <= 2:
        raise DataError(f"within: {within}: expected a cosine distance from 0 to 2")
    return within


def _embedded(model: Model, folder: Path, out: Path, sampler: str, progress: Progress) -> Tracklets:
    root, tracklets = found_in(folder)
    embed_tracklets(model, root, tracklets, out, sampler, progress)
    return _tracklets(root, tracklets, features_in(read_embedded(out), model.config.best))


def _tracklets(root: Path, found: list[TrackletFolder], features: np.ndarray) -> Tracklets:
    return Tracklets(
        keys=[one.key for one in found],
        cameras=[one.camera for one in found],
        frames=[list(one.frames) for one in found],
        features=features,
        root=str(root),
    )


def _linked(found: Tracklets, spans: list[Span | None], within: float) -> np.ndarray:
    if len(found.keys) > MOST:
        raise DataError(f"{found.root}: {len(found.keys):,} tracklets: at most {MOST:,} are linked")
    return same_people(found.features, spans, within)


def spans_of(found: Tracklets) -> list[Span | None]:
    """When each was seen, by what `dcct crop` left in its camera's folder."""
    spans: dict[str, Span] = {}
    for camera in dict.fromkeys(found.cameras):
        path = Path(found.root) / camera / BOXES
        if path.is_file():
            parts = read_boxes(path).groupby("tracklet")["frame"]
            spans |= {
                f"{camera}/{name}": Span(camera=camera, first=int(first), last=int(last))
                for name, first, last in parts.agg(["min", "max"]).itertuples()
            }
    return [spans.get(key) for key in found.keys]
