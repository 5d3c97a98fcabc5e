"""Checkpoints: models as safetensors, and state dicts that anyone wrote. Reading one never runs
code."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dcct.errors import DataError
from dcct.files import atomic


def save_model(model: nn.Module, path: Path) -> None:
    """Write a model's parameters and buffers; same weights, same bytes."""
    write_tensors(model.state_dict(), path)


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors as safetensors, atomically. Raises DcctError when the disk is full."""
    with atomic(path) as temporary:
        try:
            save_file({name: x.cpu().contiguous() for name, x in tensors.items()}, temporary)
        except SafetensorError as error:  # what the library makes of a full disk
            raise OSError(str(error)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A state dict that anyone wrote: safetensors, or a PyTorch file that holds nothing but
    tensors.

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
            f"{path}: refused: reading it would run code that it carries: ask for its state dict"
            " alone, as `torch.save(model.state_dict(), ...)` or safetensors write it"
        ) from None
    except Exception:  # torch and safetensors raise many kinds at truncated and foreign files
        raise DataError(f"{path}: damaged or not a checkpoint: fetch it again") from None
    if not isinstance(found, dict) or not all(
        isinstance(tensor, Tensor) for tensor in found.values()
    ):
        raise DataError(f"{path}: not a state dict: expected names and tensors, nothing else")
    return found


def load_model(model: nn.Module, path: Path, prefixes: tuple[str, ...] = ("",)) -> None:
    """Fill `model` from a checkpoint. With prefixes, only names that start with one of them are
    taken.

    Raises DataError naming what is missing, unexpected or of another shape.
    """
    try:
        found = load_file(path)
    except Exception as error:  # safetensors raises its own error types at damaged files
        raise DataError(
            f"{path}: not a readable checkpoint ({error}): delete it and run `dcct train` again"
        ) from None
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
