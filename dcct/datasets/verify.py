"""Verification: every count, every frame, one digest of the whole set, before anything is built on
it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.datasets.contents import Contents, Listed
from dcct.datasets.listing import Frame, listing_writer
from dcct.datasets.matches import Matches
from dcct.datasets.pin import compare_pin
from dcct.datasets.readers import count_junk, numbers_of, reader_of
from dcct.datasets.tracklet import Tracklet, checked, count, digested
from dcct.datasets.verification import (
    Differences,
    Verification,
    holding,
    in_words,
    value_range,
)
from dcct.errors import DataError
from dcct.runtime.progress import Progress


def verify(dataset: Dataset, root: Path, listing: Path, progress: Progress) -> Verification:
    """Check counts in every split, decode every frame that any of them uses, digest every file;
    write `listing`.

    Raises DataError naming the first file or the counts that are wrong. Under `verification: warn`,
    counts that differ and frames that cannot be used are recorded instead, and such frames are not
    listed; metadata that contradict themselves are an error always.
    """
    differences = Differences(strict=dataset.verification == "strict")
    counts, tracklets, unmatched = _counts(dataset, root, differences)
    with Contents(root) as contents:
        with listing_writer(listing) as append:
            usable = 0
            frames = contents.inspect(_frames(dataset, root))
            for frame in progress.track(frames, max(counts["frames"]), "frames decoded"):
                if isinstance(frame, Frame):
                    append(frame)
                    usable += 1
                else:
                    differences.add(frame)
        contents.add_others()
        return Verification(
            counts=counts,
            tracklets=tracklets,
            unmatched=unmatched,
            numbers=numbers_of(dataset.layout, root),
            frames=usable,
            files=len(contents),
            digest=contents.digest(),
            pin=compare_pin(dataset, contents),
            differences=differences,
        )


def _counts(
    dataset: Dataset, root: Path, differences: Differences
) -> tuple[dict[str, list[int]], list[str], list[int]]:
    """Counts, the digest of all tracklets, and how many queries have no match, in each split."""
    found, digests, unmatched = [], [], []
    for tracklets in _splits(dataset, root):
        digest, matches = hashlib.sha256(), Matches(dataset.protocol)
        found.append(count(matches.watch(checked(digested(tracklets, digest)))))
        digests.append(digest.hexdigest())
        unmatched.append(matches.unmatched)
        if matches.unmatched == matches.queries:
            raise DataError(
                f"{root}: none of {matches.queries:,} queries has a match that its `protocol` lets"
                " it find, at another camera: check the labels, or change `protocol`"
            )
    junk = count_junk(dataset.layout, root)
    counts = {name: [one[name] for one in found] for name in found[0]} | {
        "junk_tracklets": [junk] * len(found)
    }
    wrong = [
        f"{name} {value_range(counts[name])} instead of {expected:,}"
        for name, expected in dataset.expected.known.items()
        if set(counts[name]) != {expected}
    ]
    if dataset.either and not holding(dataset, counts):
        names = dict.fromkeys(name for reading in dataset.either for name in reading.known)
        wrong.append(
            f"{', '.join(f'{name} {value_range(counts[name])}' for name in names)} instead of"
            f" {' or '.join(map(in_words, dataset.either))}"
        )
    if wrong:
        differences.add(f"{root}: is not the {dataset.title} that was expected: {'; '.join(wrong)}")
    return counts, digests, unmatched


def _splits(dataset: Dataset, root: Path) -> Iterator[Iterator[Tracklet]]:
    for split in range(dataset.split_count):
        yield reader_of(dataset.layout, split, dataset.protocol)(root)


def _frames(dataset: Dataset, root: Path) -> Iterator[Listed]:
    """Every frame of every tracklet that any split uses, with the tracklet's number."""
    for number, tracklet in enumerate(_distinct(dataset, root)):
        for frame in tracklet.frames:
            yield frame, number


def _distinct(dataset: Dataset, root: Path) -> Iterator[Tracklet]:
    """Tracklets in the order in which the splits first use them."""
    lengths: dict[str, int] = {}
    for tracklets in _splits(dataset, root):
        here: set[str] = set()
        for tracklet in tracklets:
            first, length = tracklet.frames[0], len(tracklet.frames)
            if first in here or lengths.get(first, length) != length:
                raise DataError(f"{root / first}: begins two tracklets: the metadata are wrong")
            here.add(first)
            if first not in lengths:
                lengths[first] = length
                yield tracklet
