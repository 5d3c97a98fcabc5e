"""Where and how networks run: device, thread count, memory layout, precision, deterministic
kernels."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from dcct.config.profile import Training
from dcct.errors import DcctError
from dcct.models.network import AnyNetwork

Net = TypeVar("Net", bound=AnyNetwork)
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


def prepare_torch(training: Training, precision: str) -> None:
    """One thread count and deterministic kernels: the same inputs give the same bytes on the same
    machine.

    Raises DcctError when the profile asks for a GPU that is not there.
    """
    torch.set_num_threads(training.threads)
    torch.use_deterministic_algorithms(True)
    # It takes a tenth of a step, to find bugs that are not here. (torch's types do not know it.)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    slow_on_cpu = training.device == "cpu" and precision in HALF
    # There plain matrix products take half as long.
    torch.backends.cuda.enable_flash_sdp(not slow_on_cpu)
    allowed = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    if training.device == "cuda" and not torch.cuda.is_available():
        raise DcctError(
            "training.device: cuda, but torch sees no GPU here: run on a GPU machine, or set it"
            " to cpu"
        )


def chosen_device(name: str | None) -> torch.device:
    """A device by its name (cpu, cuda, cuda:1); without one a GPU, if torch sees any.

    Raises DcctError where it is none, or not there.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    name = name or ("cuda" if gpus else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise DcctError(f"device: {name} is none: name cpu, cuda or cuda:0")
    if name != "cpu" and int(name.partition(":")[2] or 0) >= gpus:
        raise DcctError(f"device: {name}, but torch sees {gpus} GPUs here: name cpu, or another")
    return torch.device(name)


@contextmanager
def exact() -> Iterator[None]:
    """fp32 as it is written, the same each time: torch rounds convolutions to TF32 unasked."""
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield


def autocast(device: str, precision: str) -> torch.autocast:
    """The context in which a network runs: `bf16` and `fp16` halve the bits of matrix products and
    convolutions."""
    dtype = HALF.get(precision)
    return torch.autocast(device, dtype=dtype, enabled=dtype is not None)


def on_device(model: Net, training: Training) -> Net:
    """The model where and how the profile wants it to run."""
    if training.channels_last and model.cnn:
        model.cnn.use_channels_last()
    for branch in training.checkpointing:
        if net := getattr(model, branch):
            net.checkpointing = True
    model.to(training.device)
    return model
