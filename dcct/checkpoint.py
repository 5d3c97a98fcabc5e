"""Checkpoints: the final model as safetensors, and the state from which an interrupted training goes on.

Neither format can run code when read: safetensors holds only tensors, and resume states are read with
`weights_only=True`. A resume state's name carries its digest, so that writing it is one rename.
"""

import contextlib
import fcntl
import os
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dcct.errors import DataError
from dcct.receipt import atomic, file_digest

MODEL = "model.safetensors"
KEPT_STATES = 2
STATE_NAME = re.compile(r"epoch(\d+)-step(\d+)-([0-9a-f]{16})\.pt")


def save_model(model: nn.Module, path: Path) -> None:
    """Write a model's parameters and buffers; same weights, same bytes."""
    with atomic(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}, temporary)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A state dict that anyone wrote: safetensors, or a PyTorch file that holds nothing but tensors.

    Raises DataError when the file is missing or damaged, or when reading it would run code.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        if path.suffix == ".safetensors":
            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" not in str(error):
            raise DataError(f"{path}: damaged or not a checkpoint: fetch it again") from None
        raise DataError(
            f"{path}: refused: reading it would run code that it carries: ask for its state dict alone, as "
            "`torch.save(model.state_dict(), ...)` or safetensors write it"
        ) from None
    except Exception:  # torch and safetensors raise many kinds at truncated and foreign files
        raise DataError(f"{path}: damaged or not a checkpoint: fetch it again") from None
    if not isinstance(found, dict) or not all(isinstance(tensor, Tensor) for tensor in found.values()):
        raise DataError(f"{path}: not a state dict: expected names and tensors, nothing else")
    return found


def load_model(model: nn.Module, path: Path, prefixes: tuple[str, ...] = ("",)) -> None:
    """Fill `model` from a checkpoint. With prefixes, only names that start with one of them are taken.

    Raises DataError naming what is missing, unexpected or of another shape.
    """
    try:
        found = load_file(path)
    except Exception as error:  # safetensors raises its own error types at damaged files
        raise DataError(f"{path}: not a readable checkpoint ({error}): delete it and run `dcct train` again") from None
    found = {name: tensor for name, tensor in found.items() if name.startswith(prefixes)}
    problems = differences(found, model.state_dict())
    if problems:
        raise DataError(
            f"{path}: is not a checkpoint of this variant and profile: {problems[0]} "
            f"({len(problems)} differences): train it with this profile"
        )
    model.load_state_dict(found)


def differences(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> list[str]:
    """What is missing, unexpected or of another shape in a state dict, one phrase each."""
    problems = [f"{name} is missing" for name in wanted if name not in found]
    problems += [f"{name} is unexpected" for name in found if name not in wanted]
    problems += [
        f"{name} has shape {tuple(found[name].shape)}, expected {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in found and found[name].shape != tensor.shape
    ]
    return problems


def save_state(folder: Path, epoch: int, step: int, state: dict) -> None:
    """Write the state after `epoch` whole epochs and `step` steps of the next; the last two are kept."""
    with atomic(folder / "writing.pt") as temporary:
        torch.save(state, temporary)
        name = f"epoch{epoch:05d}-step{step:05d}-{file_digest(temporary)[:16]}.pt"
    os.replace(folder / "writing.pt", folder / name)
    for stale in _states(folder)[:-KEPT_STATES]:
        stale.unlink()


def load_state(folder: Path, device: str) -> dict | None:
    """The newest resume state, or None. Raises DataError when its bytes are not those that were written."""
    states = _states(folder)
    if not states:
        return None
    path = states[-1]
    if file_digest(path)[:16] != STATE_NAME.fullmatch(path.name)[3]:
        raise DataError(
            f"{path}: damaged resume state: delete it to go on from the one before (or its folder to start "
            "again), then run the same command"
        )
    return torch.load(path, map_location=device, weights_only=True)


def _states(folder: Path) -> list[Path]:
    matches = [(STATE_NAME.fullmatch(path.name), path) for path in folder.glob("epoch*.pt")]
    return [path for *_, path in sorted((int(match[1]), int(match[2]), path) for match, path in matches if match)]


@contextlib.contextmanager
def only_one(folder: Path, waiting: Callable[[str], None]) -> Iterator[bool]:
    """Hold a lock on a work folder: a training orphaned by a killed workflow must end before another starts.

    Yields whether it had to wait for another process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a+", encoding="ascii") as lock:
        waited = False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            waiting(f"process {lock.read().strip()} is making this already: waiting until it ends")
            fcntl.flock(lock, fcntl.LOCK_EX)
            waited = True
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield waited
