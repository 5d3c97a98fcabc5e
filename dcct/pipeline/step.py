"""What a step is: one arrow of the pipeline, from which its rule, its stages and its paths follow.

A job is a step for one key. This file knows jobs only as what a step's functions are asked about:
their type, J, is pipeline.Job.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

from dcct.config.profile import Clips, Resize

RECEIPT = "receipt.json"
RUNS = "runs"
"""Folder of run records: how each artefact came to be."""
REFERENCE = "reference"
"""Folder below the results in which published ones are kept."""
NUMBERS = ("split", "seed")
"""Fields of a key that are whole numbers, and options of the command."""
J = TypeVar("J")
Watched = tuple[str, str, tuple[str, ...]]
"""A kind of configuration file, a name of that kind, and keys (dotted); no keys for all of them."""


@dataclass(frozen=True, kw_only=True)
class Step(Generic[J]):
    """One arrow."""

    verb: str
    """Of the command; also the rule's name, and the beginning of its stages' names."""
    at: str
    """How paths of what it makes begin, below the results; braces hold the key, in order."""
    files: Callable[[J], tuple[str, ...]]
    """What follows `at` in the paths of what it makes, beside the receipt."""
    reads: Callable[[J], Mapping[str, J]] = lambda job: {}
    """Jobs whose files it reads, by what they are to it."""
    records: Callable[[J], Iterable[J]] = lambda job: ()
    """Jobs whose receipts and run records it reads, whatever else they made."""
    modules: tuple[str, ...]
    """Modules that do its work, and folders of texts that it fills; braces as in `at`."""
    profile: tuple[str, ...] = ()
    """Keys of the profile (dotted) that decide its numbers."""
    watches: Callable[[J], list[Watched]] = lambda job: []
    """Keys of other configuration files that do."""
    quotes: Callable[[J], list[Path]] = lambda job: []
    """Configuration files whose whole text it shows."""
    given: Callable[[J], list[Path]] = lambda job: []
    """Files of the user's own that it reads, beside data."""
    gaps: bool = False
    """Inputs may be missing: it says so where they would stand."""
    runs_on: Literal["core", "threads", "cores", "device", "devices"] = "core"
    """core: one. threads: those of a training's process. cores: all. device: where the profile
    trains, with those threads. devices: as many as processes."""
    alone: bool = False
    """It measures time: its rule takes all cores, so that nothing runs beside it."""
    long: bool = False
    """It starts before whatever else could: short ones fill the cores at the end."""
    resumes: bool = False
    """What an interruption leaves in its work folder is gone on from, by one process at a time."""
    report: str | None = None
    """The file that `snakemake --report` shows."""
    caption: str = ""
    """Its caption, a file below the package; braces as in `at`."""
    metrics: str | None = None
    """The file that `dvc metrics` shows."""
    plots: str | None = None
    """The file that `dvc plots` shows, over its column `epoch`."""
    key: tuple[str, ...] = field(init=False)
    """Fields that name one job of it."""
    pattern: re.Pattern = field(init=False)
    """Matches the path of a file that it makes, with the key's fields, and `file` for what follows
    `at`, as named groups."""

    def __post_init__(self):
        key = tuple(re.findall(r"{(\w+)}", self.at))
        object.__setattr__(self, "key", key)
        kinds = {name: r"\d+" if name in NUMBERS else "[^/]+?" for name in key}
        groups = {name: f"(?P<{name}>{kind})" for name, kind in kinds.items()}
        pattern = re.escape(self.at).replace(r"\{", "{").replace(r"\}", "}").format(**groups)
        ending = "[^/]+" if self.at.endswith("/") else rf"{re.escape(RECEIPT)}|[^/.]+"
        pattern += f"(?P<file>{ending})"  # a name may hold dots, and so may a folder's files
        object.__setattr__(self, "pattern", re.compile(pattern))


def pixels_file(height: int, width: int, method: Resize) -> str:
    """Where a frame store keeps frames decoded and resized to height × width, if it does."""
    return f"pixels-{height}x{width}-{method}.bin"


def pixels_files(clips: Clips) -> dict[str, Resize]:
    """Such files that a profile asks for, and how their frames are resized."""
    methods = dict.fromkeys((clips.train_resize, clips.test_resize)) if clips.decoded else ()
    return {pixels_file(clips.height, clips.width, method): method for method in methods}


def record_of(step: Step[J], values: dict[str, str | int]) -> Path:
    """Where a job's run record lies, below the results folder."""
    parts = [f"{name}{values[name]}" if name in NUMBERS else values[name] for name in step.key]
    *folders, last = map(str, parts or [step.verb])
    return Path(RUNS, step.verb, *folders, f"{last}.json")
