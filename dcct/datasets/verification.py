"""What a verification found: a record, and the report that people read."""

from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from dcct.config.dataset import Dataset, Expected
from dcct.errors import DataError, one_line

NAMED = 100
"""Differences that a report spells out; further ones are counted."""


@dataclass
class Differences:
    """What is not as expected: an error at once when `strict`, otherwise a list."""

    strict: bool
    """Whether a difference is an error."""
    number: int = 0
    """How many there are."""
    lines: list[str] = field(default_factory=list)
    """The first NAMED of them."""

    def add(self, line: str) -> None:
        """Raises DataError when strict."""
        if self.strict:
            raise DataError(line)
        self.number += 1
        if len(self.lines) < NAMED:
            self.lines.append(line)


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found."""

    counts: dict[str, list[int]]
    """Name → one number for each of the set's splits."""
    tracklets: list[str]
    """Digest of the tracklets of each split, as the metadata name them."""
    unmatched: list[int]
    """Queries without a match in the gallery, in each split."""
    numbers: dict[str, dict[str, int]]
    """What readers number themselves (readers.numbers_of)."""
    frames: int
    """Usable ones, as listed."""
    files: int
    """In the whole folder."""
    digest: str
    """Of the whole folder."""
    pin: str
    """How the digest compares with the one in data.dvc."""
    differences: Differences
    """Empty unless the set is only warned of."""

    def as_dict(self) -> dict:
        return {
            "verification": "warned" if self.differences.number else "passed",
            "counts": self.counts,
            "tracklets": self.tracklets,
            "frames": self.frames,
            "files": self.files,
            "digest": self.digest,
            "pin": self.pin,
            "differences": self.differences.number,
            "differences_named": self.differences.lines,
        }


def readable_report(dataset: Dataset, root: Path, found: Verification) -> str:
    """The verification as Markdown."""
    lines = [
        f"# {dataset.title} at `{root}`",
        "",
        dataset.about.strip(),
        "",
        "| count | expected | found |",
        "|---|---:|---:|",
    ]
    lines += [
        f"| {name.replace('_', ' ')} | {'unknown' if expected is None else f'{expected:,}'} | "
        f"{value_range(found.counts[name])} |"
        for name, expected in dataset.expected.model_dump().items()
    ]
    if dataset.either:
        readings = " or ".join(map(in_words, dataset.either))
        held = " and ".join(map(in_words, holding(dataset, found.counts))) or "neither"
        lines += ["", f"Sources differ: {readings}. Found: {held}."]
    lines += ["", f"Found in each of {dataset.split_count} splits."] * (dataset.split_count > 1)
    lines += ["", f"{found.frames:,} frames are present and decodable.", ""]
    if any(found.unmatched):
        lines += [
            f"Queries without a match in the gallery, which no metric counts:"
            f" {value_range(found.unmatched)}.",
            "",
        ]
    if found.differences.number:
        lines += [
            (
                f"**{found.differences.number:,} differences; every result made from this set is"
                " marked.**"
            ),
            "",
        ]
        lines += [f"- {line}" for line in found.differences.lines]
        lines += [f"- and {found.differences.number - NAMED:,} more"] * (
            found.differences.number > NAMED
        ) + [""]
    else:
        lines += [
            (
                "Every frame that a protocol names is among them; nothing differs from what is"
                " expected."
            ),
            "",
        ]
    lines += [f"{found.files:,} files, digest `{found.digest}`.", "", f"Pin: {found.pin}.", ""]
    lines += [f"Licence: {dataset.licence.strip()}"]
    for kind, numbers in found.numbers.items():
        lines += ["", *_numbered(kind, numbers)]
    return "\n".join(lines) + "\n"


def _numbered(kind: str, numbers: dict[str, int]) -> list[str]:
    """A section that says which folder got which number, by which results name it."""
    rows = [
        f"| {_cell(name)} | {number} |"
        for name, number in sorted(numbers.items(), key=itemgetter(1))
        if not name.isdecimal() or int(name) != number
    ]
    counted = " Files count them from 0 as here, figures from 1." * (kind == "cameras")
    return [
        *(f"## Numbers of {kind}", ""),
        *(["| folder | number |", "|---|---:|", *rows, ""] if rows else []),
        f"A folder that is not listed is named by its number.{counted}",
    ]


def _cell(text: str) -> str:
    """A text as it may stand in a table of Markdown."""
    return one_line(text).replace("|", "\\|")


def holding(dataset: Dataset, counts: dict[str, list[int]]) -> list[Expected]:
    """Those readings of a doubtful count that the data bear out."""
    return [
        reading
        for reading in dataset.either
        if all(set(counts[name]) == {number} for name, number in reading.known.items())
    ]


def in_words(expected: Expected) -> str:
    """Counts that are expected, as in: test tracklets 2,636."""
    return ", ".join(
        f"{name.replace('_', ' ')} {number:,}" for name, number in expected.known.items()
    )


def value_range(values: list[int]) -> str:
    """Numbers of several splits: one if they agree, else from which to which."""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
