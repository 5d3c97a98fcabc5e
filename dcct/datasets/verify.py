"""Verification: every count, every frame, one digest of the whole set, before anything is built on it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from dcct.config.dataset import Dataset
from dcct.datasets import walkers
from dcct.datasets.images import decode, read_image_bytes
from dcct.datasets.manifest import count
from dcct.datasets.readers import count_junk, reader_of
from dcct.datasets.tracklet import check_tracklets
from dcct.errors import DataError
from dcct.progress import Progress
from dcct.receipt import file_digest

PIN_FILE = Path("data.dvc")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found. pin: how the digest compares with the one in data.dvc."""

    counts: dict[str, int]
    files: int
    digest: str
    pin: str

    def as_dict(self) -> dict:
        return {"counts": self.counts, "files": self.files, "digest": self.digest, "pin": self.pin}


def verify(dataset: Dataset, root: Path, progress: Progress) -> Verification:
    """Check counts, decode every referenced frame, digest every file.

    Raises DataError naming the first file or the counts that are wrong.
    """
    tracklets = check_tracklets(reader_of(dataset.layout, dataset.protocol.split, dataset.protocol.first_half)(root))
    counts = {**count(tracklets), "junk_tracklets": count_junk(dataset.layout, root)}
    wrong = [
        f"{name} {counts[name]:,} instead of {expected:,}"
        for name, expected in dataset.expected.model_dump().items()
        if expected is not None and counts[name] != expected
    ]
    if wrong:
        raise DataError(f"{root}: is not the {dataset.title} that was expected: {'; '.join(wrong)}")
    frames = [frame for tracklet in tracklets for frame in tracklet.frames]
    for frame in progress.track(frames, len(frames), "frames decoded"):
        decode(read_image_bytes(root / frame), str(root / frame))
    hashes = {path.relative_to(root).as_posix(): file_digest(path, "md5") for path in root.rglob("*") if path.is_file()}
    digest = directory_digest(hashes)
    return Verification(counts=counts, files=len(hashes), digest=digest, pin=_compare_pin(dataset, root, hashes))


def directory_digest(hashes: dict[str, str]) -> str:
    """DVC's digest of a folder, from {relative path: md5}: md5 of the sorted JSON list of both."""
    listing = [{"md5": md5, "relpath": path} for path, md5 in sorted(hashes.items())]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


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
        f"| {name.replace('_', ' ')} | {'unknown' if expected is None else f'{expected:,}'} | {found.counts[name]:,} |"
        for name, expected in dataset.expected.model_dump().items()
    ]
    lines += [
        "",
        f"Every referenced frame is present and decodable. {found.files:,} files, digest `{found.digest}`.",
        "",
        f"Pin: {found.pin}.",
        "",
        f"Licence: {dataset.licence.strip()}",
    ]
    return "\n".join(lines) + "\n"


def _compare_pin(dataset: Dataset, root: Path, hashes: dict[str, str]) -> str:
    """Hold the set against data.dvc. A drawn set that differs is drawn again: damage, or another JPEG library?"""
    try:
        pin = yaml.safe_load(PIN_FILE.read_text(encoding="utf-8"))["outs"][0]
        pinned_root = Path(pin["path"])
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return f"no {PIN_FILE} to compare with"
    if root.parent != pinned_root:
        return f"{PIN_FILE} pins {pinned_root}, not {root.parent}"
    if pin.get("md5") == directory_digest({f"{root.name}/{path}": md5 for path, md5 in hashes.items()}):
        return f"identical to {PIN_FILE}"
    if dataset.walkers is None:
        return f"{PIN_FILE} pins other files or more sets: `dvc status data.dvc` compares all of them"
    for path, content in walkers.files(dataset.walkers, dataset.layout):
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != hashes.pop(path, None):
            raise DataError(
                f"{root / path}: is not what the generator draws: delete {root} and run `dcct source` again"
            )
    if hashes:
        raise DataError(f"{root / min(hashes)}: is not part of the data set: delete {root} and run `dcct source` again")
    return (
        f"intact, but other bytes than {PIN_FILE} pins: this machine's JPEG library compresses differently, or the pin "
        "holds more sets; numbers may differ slightly from the published ones"
    )
