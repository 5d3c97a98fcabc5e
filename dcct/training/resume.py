"""Resume states: files from which an interrupted training goes on.

They are read with `weights_only=True`, which runs no code. A state's name carries its digest, so
that writing it is one rename.
"""

import os
import re
from pathlib import Path

import torch

from dcct.errors import DataError
from dcct.files import atomic, file_digest

KEPT_STATES = 2
STATE_NAME = re.compile(r"epoch(\d+)-step(\d+)-([0-9a-f]{16})\.pt")


def save_state(folder: Path, epoch: int, step: int, state: dict) -> None:
    """Write the state after `epoch` whole epochs and `step` steps of the next; the last two are
    kept."""
    with atomic(folder / "writing.pt") as temporary:
        try:
            torch.save(state, temporary)
        except RuntimeError as error:  # what torch makes of a full disk, over many lines
            raise OSError(str(error).splitlines()[0]) from error
        name = f"epoch{epoch:05d}-step{step:05d}-{file_digest(temporary)[:16]}.pt"
    os.replace(folder / "writing.pt", folder / name)
    for stale in _states(folder)[:-KEPT_STATES]:
        stale.unlink()


def load_state(folder: Path, device: str) -> dict | None:
    """The newest resume state, or None. Raises DataError when its bytes are not those that were
    written."""
    states = _states(folder)
    if not states:
        return None
    path = states[-1]
    if not path.stem.endswith(f"-{file_digest(path)[:16]}"):
        raise DataError(
            f"{path}: damaged resume state: delete it to go on from the one before (or its folder"
            " to start again), then run the same command"
        )
    return torch.load(path, map_location=device, weights_only=True)


def set_aside(folder: Path, made_from: dict[str, str]) -> Path:
    """Move states that do not fit, and weights kept with them, beside their folder, under a name
    that says of what they are."""
    digests = "-".join(f"{part}-{digest[:8]}" for part, digest in made_from.items())
    aside = folder.with_name(f"{folder.name}.of-{digests}")
    aside.mkdir(parents=True, exist_ok=True)
    for file in (*_states(folder), *folder.glob("epoch*.safetensors")):
        os.replace(file, aside / file.name)
    return aside


def _states(folder: Path) -> list[Path]:
    matches = [(STATE_NAME.fullmatch(path.name), path) for path in folder.glob("epoch*.pt")]
    return [
        path
        for *_, path in sorted(
            (int(match[1]), int(match[2]), path) for match, path in matches if match
        )
    ]
