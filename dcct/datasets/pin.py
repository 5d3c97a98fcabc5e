"""Holding a data set against data.dvc, which pins the bytes that the published numbers were made
from."""

import hashlib
from pathlib import Path

import yaml

from dcct import walkers
from dcct.config.dataset import Dataset, WalkersSpec
from dcct.datasets.contents import Contents
from dcct.errors import DataError

PIN_FILE = Path("data.dvc")


def compare_pin(dataset: Dataset, contents: Contents) -> str:
    """Say how the files compare. A drawn set that differs is drawn again: damage, or another JPEG
    library?

    Raises DataError naming the first file that the generator does not draw.
    """
    root = contents.root
    try:
        pin = yaml.safe_load(PIN_FILE.read_text(encoding="utf-8"))["outs"][0]
        pinned_root = Path(pin["path"])
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return f"no {PIN_FILE} to compare with"
    if root.parent != pinned_root:
        return f"{PIN_FILE} pins {pinned_root}, not {root.parent}"
    if pin.get("md5") == contents.digest(f"{root.name}/"):
        return f"identical to {PIN_FILE}"
    if dataset.walkers is None:
        return (
            f"{PIN_FILE} pins other files or more sets: `dvc status data.dvc` compares all of them"
        )
    draw_again(dataset.walkers, dataset.layout, contents)
    return (
        f"intact, but other bytes than {PIN_FILE} pins: this machine's JPEG library compresses"
        " differently, or the pin holds more sets; numbers may differ slightly from the published"
        " ones"
    )


def draw_again(spec: WalkersSpec, layout: str, contents: Contents) -> None:
    """Hold every file against what is drawn now. Raises DataError at one that differs or is none of
    the set's."""
    drawn = set()
    for path, content in walkers.files(spec, layout):
        drawn.add(path)
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != contents.md5_of(path):
            raise DataError(
                f"{contents.root / path}: is not what its settings draw: delete {contents.root}"
                " and run `dcct source` again"
            )
    for path in contents.paths():
        if path not in drawn:
            raise DataError(
                f"{contents.root / path}: is not part of the data set: delete {contents.root} and"
                " run `dcct source` again"
            )
