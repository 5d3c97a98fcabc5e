"""Every query of every variant with the first ten tracklets of its ranking, as blocks of data for a
page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.config.load import load_dataset, load_variant, splits_of, training_of
from dcct.config.profile import Profile
from dcct.datasets.manifest import read_manifest
from dcct.pipeline.paths import Paths
from dcct.pipeline.plan import shown_variant
from dcct.provenance.receipt import RECEIPT
from dcct.report.page.sprites import LIMIT, sprites
from dcct.report.tables.results import Result, load_result
from dcct.runtime.progress import Progress

CHUNK = 128
"""Sprites in one block, which a browser reads when it first needs one of them."""
SCALE = 10_000
"""AP and distances are whole numbers of this part."""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """One data set's queries. about: what the page must know at once; rankings: a block per
    variant; pictures: sprites, in the order that `about` names."""

    name: str
    title: str
    about: dict
    rankings: dict[str, dict]
    pictures: list[str]

    @property
    def chunks(self) -> list[str]:
        """Sprites by blocks, one to a line."""
        return [
            "\n".join(self.pictures[start : start + CHUNK])
            for start in range(0, len(self.pictures), CHUNK)
        ]


def gallery(
    name: str,
    profile: Profile,
    paths: Paths,
    configfile: Path,
    *,
    shareable: bool,
    progress: Progress,
) -> Gallery:
    """The gallery of a data set's first split; of each variant, the first seed that was run. Empty
    where none was.

    shareable: without pictures if the people are real. Raises DataError at damaged metrics or
    frames.
    """
    dataset = load_dataset(name, configfile)
    split = splits_of(dataset, profile)[0]
    labels = [*(profile.judged if name in profile.datasets else ()), *profile.crossed(name)]
    titles = {label: _title(label, configfile) for label in labels}
    found = {label: _first_run(name, split, label, profile, paths, configfile) for label in labels}
    runs = {label: run for label, run in found.items() if run}
    ranked = {
        label: run.ranked(run.headline["sampler"], run.headline["feature"])
        for label, run in runs.items()
    }
    shown = next((label for label in (shown_variant(profile), *ranked) if label in ranked), None)
    tables = [ranked[shown], *ranked.values()] if shown else []
    numbers, tracklets, pictures = list(dict.fromkeys(_mentioned(tables))), {}, {}
    if shown:
        listed = (
            read_manifest(paths.manifest(name, split))
            .select(["pid", "camid", "frames"])
            .to_pylist()
        )
        tracklets = {number: list(listed[number].values()) for number in sorted(numbers)}
        if dataset.walkers or not shareable:
            store = FrameStore(paths.frames(name), paths.manifest(name, split))
            wanted = progress.track(numbers, len(numbers), f"pictures of {dataset.title}")
            frames = ((number, tracklets[number][-1]) for number in wanted)
            pictures = sprites(store, frames, LIMIT // len(profile.tested))
    return Gallery(
        name=name,
        title=dataset.title,
        about={
            "split": split if dataset.split_count > 1 else None,
            "chunk": CHUNK,
            "scale": SCALE,
            "shown": shown,
            "missing": [titles[label] for label in labels if label not in runs],
            "variants": [_about(label, titles[label], run) for label, run in runs.items()],
            "tracklets": tracklets,
            "pictured": list(pictures),
        },
        rankings={label: _block(table) for label, table in ranked.items()},
        pictures=list(pictures.values()),
    )


def _first_run(
    name: str, split: int, label: str, profile: Profile, paths: Paths, configfile: Path
) -> Result | None:
    """The result of the first seed that was run."""
    training = training_of(name, split, label, profile, configfile)
    variant = load_variant(label, configfile)
    runs = (
        load_result(paths, name, split, label, variant, seed, training) for seed in profile.seeds
    )
    return next((run for run in runs if run), None)


def _title(label: str, configfile: Path) -> str:
    """A variant's title, and what it was trained on where that is another data set."""
    source, title = label.partition("@")[2], load_variant(label, configfile).title
    return f"{title}, trained on {load_dataset(source, configfile).title}" if source else title


def _about(label: str, title: str, run: Result) -> dict:
    return {
        "name": label,
        "title": title,
        "seed": run.seed,
        "feature": run.headline["feature"],
        "sampler": run.headline["sampler"],
        "receipt": (run.folder / RECEIPT).as_posix(),
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
