"""Names and paths that come from outside. They become words of a shell, parts of a pattern and
places of a file system: what one of these could misread is refused before anything runs."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator

from dcct.errors import ConfigError

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")
UNFINISHED = ".partial"
"""How a folder is called while it is filled: what is left of it is deleted."""
LONGEST_NAME = 100
"""Characters of a name. Two of them and an ending stay below what a file system takes."""
LONGEST_PART, LONGEST_PATH = 255, 1000
"""Bytes of one part of a path, which file systems limit, and of a whole one, to which we add."""
RESERVED = {
    "datasets": {"archives": "the folder of archives beside the data sets"},
    "tables": {"cost": "the table of costs, which every run makes"},
    "variants": {
        "chance": "the row of a random ranking",
        "mean": "the row of what a slip of evaluators does to all variants",
    },
}
"""Kind of file → a name that it cannot have, and what has it."""


def check_name(kind: str, name: str, where: object) -> None:
    """Refuse what cannot be the name of a file of a kind. Raises ConfigError that begins with
    `where`."""
    if not NAME.fullmatch(name) or name.endswith(UNFINISHED) or len(name) > LONGEST_NAME:
        raise ConfigError(
            f"{where}: {kind}: {name[:LONGEST_NAME]!r}: a name is made of letters, digits, dots,"
            f" dashes and underscores, at most {LONGEST_NAME}, begins with a letter or digit and"
            f" ends with no dot and not with {UNFINISHED}: rename it"
        )
    if name in RESERVED.get(kind, ()):
        raise ConfigError(f"{where}: {kind}: {name} is {RESERVED[kind][name]}: rename it")


def at_home(path: str) -> str:
    """A path with ~ and ~user as a shell would read them."""
    return os.path.expanduser(path)


def usable_path(path: str) -> str:
    """A path as it is used, ~ expanded. Raises ValueError where no workflow could take it."""
    found = at_home(path)
    if not found:
        raise ValueError("a path is not empty: name a folder, . for this one")
    if "{" in found or "}" in found:
        raise ValueError("a path holds no braces, into which workflows put names: rename it")
    if not found.isprintable():
        raise ValueError("a path holds only characters that can be printed: rename it")
    if found != found.strip():
        raise ValueError("a path neither begins nor ends with a space: rename it")
    if found.startswith("~"):
        raise ValueError("nobody of that name has a home here: write ./~ for a name with a tilde")
    longest = max(len(os.fsencode(part)) for part in found.split("/"))
    if longest > LONGEST_PART or len(os.fsencode(found)) > LONGEST_PATH:
        raise ValueError(
            f"a path has at most {LONGEST_PATH} bytes, {LONGEST_PART} between slashes: shorten it"
        )
    return found


Folder = Annotated[str, AfterValidator(usable_path)]
"""A path as a configuration file names it."""
