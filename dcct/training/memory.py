"""How much memory a training will take, counted before its first step; and what to set when there
is not enough."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from dcct.config.profile import Profile, Training
from dcct.config.variant import Variant
from dcct.errors import DcctError
from dcct.models.dcct import DCCT

ADAM_TENSORS = 4
"""fp32 tensors of a parameter's size: itself, its gradient, and Adam's two averages."""
EXHAUSTED = ("can't allocate memory", "not enough memory", "out of memory")


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes: state: weights, gradients and optimiser. activations: what the backward pass of one
    batch needs."""

    state: int
    activations: int

    def __str__(self) -> str:
        size, unit = (2**30, "GiB") if self.state + self.activations >= 2**30 else (2**20, "MiB")
        whole, state, activations = (
            f"{part / size:.1f}"
            for part in (self.state + self.activations, self.state, self.activations)
        )
        return (
            f"about {whole} {unit}: {state} for weights and optimiser, {activations} for a batch's"
            " activations"
        )


def memory_of(variant: Variant, profile: Profile, identities: int) -> Memory:
    """Count what a training step keeps in each process, without memory for it: two clips on torch's
    meta device.

    Left out: the input, scratch space of single operations, and what a checkpointed block computes
    again.
    """
    training, clips = profile.training, profile.clips
    with torch.device("meta"):
        model = DCCT(variant, profile.network, clips, identities).train()
        images = torch.empty(2, clips.length, 3, clips.height, clips.width)
    for branch in training.checkpointing:
        if net := getattr(model, branch):
            net.checkpointing = True
    kept = _kept_by_backward(model, images)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    halved = 2 if training.precision in ("bf16", "fp16") else 1
    tensors = ADAM_TENSORS + bool(training.extras.average)
    return Memory(
        state=4 * tensors * parameters,
        activations=kept
        * training.identities
        * training.tracklets
        // (2 * halved * training.processes),
    )


def _kept_by_backward(model: nn.Module, images: Tensor) -> int:
    """Bytes of all tensors but parameters that a forward pass saves for the backward pass."""
    own = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        output = model(images)  # noqa: F841 - holds the graph, so that no storage's number is used twice
    return sum(tensor.untyped_storage().nbytes() for key, tensor in kept.items() if key not in own)


@contextlib.contextmanager
def memory_advice(training: Training, frames: int) -> Iterator[None]:
    """Turn an exhausted memory into one line that says which option to set. frames: per clip."""
    try:
        yield
    except (
        RuntimeError
    ) as error:  # torch.OutOfMemoryError is one; the CPU's allocator raises the plain kind
        if not any(sign in str(error) for sign in EXHAUSTED):
            raise
        images = training.identities * training.tracklets * frames
        raise DcctError(
            f"not enough memory on {training.device} for {images} images a step: set"
            " training.checkpointing: [cnn, vit] (same result), then training.precision: bf16, or"
            " fewer training.identities, and run the same command again"
        ) from None
