"""What users give beside data: files of features, and the source files of methods. These are found
as Python would import them, but none of them is run."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dcct.config.foreign import ForeignFeatures, ForeignMethod
from dcct.config.names import at_home
from dcct.config.variant import Variant
from dcct.errors import ConfigError, DataError
from dcct.files import file_digest


def given_by(variant: Variant, dataset: str, split: int, seed: int) -> list[Path]:
    """The user's own files behind a variant's features: none of our variants has any.

    Raises ConfigError where the module of a method is not there.
    """
    if isinstance(variant, ForeignFeatures):
        return [features_file(variant, dataset, split, seed)]
    return sources_of(variant) if isinstance(variant, ForeignMethod) else []


def features_file(variant: ForeignFeatures, dataset: str, split: int, seed: int) -> Path:
    """Where the features of a variant lie, relative to the working directory."""
    filled = variant.features.replace("{dataset}", dataset).replace("{split}", str(split))
    return Path(at_home(filled.replace("{seed}", str(seed))))


def sources_of(variant: ForeignMethod) -> list[Path]:
    """The module of a method, and all that lies in the same package: what decides whether it is
    trained anew."""
    name = variant.method.partition(":")[0]
    with importable_here():
        package, file = _found(name.split("."))
    if file is None:
        raise ConfigError(
            f"{variant.title}: method: {variant.method}: no module {name} in {Path.cwd()}, nor"
            " installed: run where it lies, or install it"
        )
    files = sorted(package.rglob("*.py")) if package else [file]
    return [Path(os.path.relpath(one)) if one.is_relative_to(Path.cwd()) else one for one in files]


def digests_of(files: list[Path]) -> dict[str, str]:
    """File → SHA-256. Raises DataError where one is not there."""
    found = {}
    for file in files:
        try:
            state = file.stat()
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror}: put it there") from None
        found[file.as_posix()] = _digest(file, state.st_mtime_ns, state.st_size)
    return found


@contextmanager
def importable_here() -> Iterator[None]:
    """Modules in the working directory are found before others, as `python -m` finds them."""
    here = os.getcwd()
    sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(here)


def _found(words: list[str]) -> tuple[Path | None, Path | None]:
    """The folder of the first word, if it is a package, and the source file of the last."""
    try:
        spec = find_spec(words[0])  # of a first word alone, this imports nothing
    except ValueError:
        spec = None
    if spec is None:
        return None, None
    file = Path(spec.origin) if spec.origin else None
    tops = places = [Path(folder) for folder in spec.submodule_search_locations or ()]
    for word in words[1:]:
        choices = [one / end for one in places for end in (f"{word}/__init__.py", f"{word}.py")]
        file = next((one for one in choices if one.is_file()), None)
        if file is None:  # a folder without __init__.py is a package, too
            places = [one / word for one in places]
        else:
            places = [file.parent] if file.name == "__init__.py" else []
    if file is None or file.suffix != ".py":
        return None, None
    return next((top for top in tops if file.is_relative_to(top)), None), file


@cache
def _digest(file: Path, changed: int, size: int) -> str:
    return file_digest(file)
