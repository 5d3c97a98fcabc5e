"""How much memory a training will take, counted before its first step; and what to set when there
is not enough."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from dcct.config.profile import Profile, Training
from dcct.config.variant import Variant
from dcct.errors import DcctError, is_out_of_memory
from dcct.models.dcct import DCCT
from dcct.training.footprint import COUNTED_CLIPS, Memory, memory_of_step


def memory_of(variant: Variant, profile: Profile, identities: int) -> Memory:
    """What a training step keeps in each process. See count_step and memory_of_step."""
    return memory_of_step(*count_step(variant, profile, identities), profile.training)


def count_step(variant: Variant, profile: Profile, identities: int) -> tuple[int, int]:
    """Parameters, and bytes that the backward pass of COUNTED_CLIPS clips needs, counted without
    memory for them on torch's meta device."""
    clips = profile.clips
    with torch.device("meta"):
        model = DCCT(variant, profile.network, clips, identities).train()
        images = torch.empty(COUNTED_CLIPS, clips.length, 3, clips.height, clips.width)
    for branch in profile.training.checkpointing:
        if net := getattr(model, branch):
            net.checkpointing = True
    kept = _kept_by_backward(model, images)
    return sum(parameter.numel() for parameter in model.parameters()), kept


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
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        images = training.identities * training.tracklets * frames
        raise DcctError(
            f"not enough memory on {training.device} for {images} images a step: set"
            " training.checkpointing: [cnn, vit] (same result), then training.precision: bf16, or"
            " fewer training.identities, and run the same command again"
        ) from None
