"""Where and how networks run: device, thread count, memory layout, deterministic kernels."""

import torch

from dcct.config.profile import Training
from dcct.errors import DcctError
from dcct.models.dcct import DCCT


def prepare_torch(training: Training) -> None:
    """One thread count and deterministic kernels: the same inputs give the same bytes on the same machine.

    Raises DcctError when the profile asks for a GPU that is not there.
    """
    torch.set_num_threads(training.threads)
    torch.use_deterministic_algorithms(True)
    if training.device == "cuda" and not torch.cuda.is_available():
        raise DcctError("training.device: cuda, but torch sees no GPU here: run on a GPU machine, or set it to cpu")


def on_device(model: DCCT, training: Training) -> DCCT:
    """The model where and how the profile wants it to run."""
    if training.channels_last and model.cnn:
        model.cnn.use_channels_last()
    return model.to(training.device)
