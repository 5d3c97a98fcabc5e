"""Every query of every variant with the first ten tracklets of its ranking, as blocks of data for a
page."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.config.label import source_of
from dcct.datasets.manifest import read_manifest
from dcct.pipeline.pipeline import Pipeline
from dcct.report.page.sprites import LIMIT, sprites
from dcct.report.tables.results import Result, load_result
from dcct.runtime.progress import Progress

CHUNK = 128
"""Sprites in one block, which a browser reads when it first needs one of them."""
SCALE = 10_000
"""AP and distances are whole numbers of this part."""


@dataclass(frozen=True, kw_only=True)
class Rankings:
    """One data set's queries."""

    name: str
    """Of the data set."""
    title: str
    """Of the data set."""
    about: dict
    """What the page must know at once."""
    rankings: dict[str, dict]
    """A block per variant."""
    pictures: list[str]
    """Sprites, in the order that `about` names."""

    @property
    def chunks(self) -> list[str]:
        """Sprites by blocks, one to a line."""
        return [
            "\n".join(self.pictures[start : start + CHUNK])
            for start in range(0, len(self.pictures), CHUNK)
        ]


def rankings_of(pipeline: Pipeline, name: str, *, shareable: bool, progress: Progress) -> Rankings:
    """Queries of a data set's first split; of each variant, the first seed that was run. Empty
    where none was.

    shareable: without pictures if the people are real. Raises DataError at damaged metrics or
    frames.
    """
    dataset, split = pipeline.dataset(name), pipeline.splits(name)[0]
    titles = {label: _title(pipeline, label) for label in pipeline.labels(name)}
    found = {label: _first_run(pipeline, name, split, label) for label in titles}
    runs = {label: run for label, run in found.items() if run}
    ranked = {
        label: run.ranked(run.headline["sampler"], run.headline["feature"])
        for label, run in runs.items()
    }
    first = next((label for label in (pipeline.shown_variant, *ranked) if label in ranked), None)
    numbers = list(dict.fromkeys(_mentioned([ranked[first], *ranked.values()] if first else [])))
    tracklets = _tracklets(pipeline, name, numbers) if first else {}
    pictures = {}
    if first and (dataset.walkers or not shareable):
        manifest, frames = pipeline.pictures(name)
        store = FrameStore(frames.folder, manifest.folder)
        wanted = progress.track(numbers, len(numbers), f"pictures of {dataset.title}")
        lengths = ((number, tracklets[number][-1]) for number in wanted)
        pictures = sprites(store, lengths, LIMIT // len(pipeline.profile.tested))
    return Rankings(
        name=name,
        title=dataset.title,
        about={
            "split": split if dataset.split_count > 1 else None,
            "chunk": CHUNK,
            "scale": SCALE,
            "first": first,
            "missing": [title for label, title in titles.items() if label not in runs],
            "variants": [_about(label, titles[label], run) for label, run in runs.items()],
            "tracklets": tracklets,
            "pictured": list(pictures),
        },
        rankings={label: _block(table) for label, table in ranked.items()},
        pictures=list(pictures.values()),
    )


def _tracklets(pipeline: Pipeline, name: str, numbers: list[int]) -> dict[int, list]:
    """Tracklet → identity, camera and number of frames."""
    manifest, _ = pipeline.pictures(name)
    listed = read_manifest(manifest.folder).select(["pid", "camid", "frames"]).to_pylist()
    return {number: list(listed[number].values()) for number in sorted(numbers)}


def _first_run(pipeline: Pipeline, name: str, split: int, label: str) -> Result | None:
    """The result of the first seed that was run."""
    jobs = (pipeline.job("rank", name, split, label, seed) for seed in pipeline.profile.seeds)
    return next((run for run in map(load_result, jobs) if run), None)


def _title(pipeline: Pipeline, label: str) -> str:
    """A variant's title, and what it was trained on where that is another data set."""
    source, title = source_of(label), pipeline.variant(label).title
    return f"{title}, trained on {pipeline.dataset(source).title}" if source else title


def _about(label: str, title: str, run: Result) -> dict:
    return {
        "name": label,
        "title": title,
        "seed": run.seed,
        "feature": run.headline["feature"],
        "sampler": run.headline["sampler"],
        "receipt": run.ranking.receipt.as_posix(),
    }


def _mentioned(tables: list[pd.DataFrame]) -> Iterator[int]:
    """Tracklets of queries and of their top tens, query by query, in an order that soon covers all
    of AP evenly.

    So what is cut off by a limit leaves whole queries, bad and good alike.
    """
    for table in tables:
        table = table.sort_values("ap", kind="stable")
        for row in _spread(len(table)):
            yield int(table.index[row])
            yield from (int(number) for number in table["top"].iloc[row])


def _spread(count: int) -> list[int]:
    """0 to count − 1, each prefix about evenly spaced: by the fractional parts of multiples of the
    golden ratio."""
    places = np.argsort((np.arange(count) * (5**0.5 - 1) / 2) % 1, kind="stable")
    return np.argsort(places, kind="stable").tolist()


def _block(table: pd.DataFrame) -> dict:
    """Columns of a ranking: query, ap, first (rank of the first match), top and distance."""
    return {
        "query": [int(number) for number in table.index],
        "ap": _whole(table["ap"]),
        "first": [int(rank) for rank in table["first_hit"]],
        "top": [[int(number) for number in top] for top in table["top"]],
        "distance": [_whole(distances) for distances in table["distance"]],
    }


def _whole(values: pd.Series) -> list[int]:
    return np.round(np.asarray(values, float) * SCALE).astype(int).tolist()
