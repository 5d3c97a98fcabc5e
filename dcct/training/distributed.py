"""The processes that share one training: each takes its part of every batch, and all optimise what
one alone would.

They are started by dcct itself (launch.py), by `accelerate launch` or by torchrun. Hugging Face
Accelerate opens the connection (gloo on the CPU, NCCL on GPUs) and averages gradients over it
(DistributedDataParallel).
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, nn

from dcct.config.profile import Training
from dcct.errors import ConfigError, LostProcessError
from dcct.training.batch_norm import share_statistics

TIMEOUT = timedelta(minutes=10)
"""How long a process waits for the others: the first may be digesting a data set. A dead one is
noticed at once."""
Value = TypeVar("Value")


def started_in_group() -> bool:
    """Whether this process was started as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_first() -> bool:
    """Whether this process is the one that reads resume states, writes files and tells progress."""
    return os.environ.get("RANK", "0") == "0"


class Group:
    """This process's place, `rank` of `size`; every method is the identity where it is alone.

    Raises ConfigError when it was started with other companions than training.processes says.
    """

    def __init__(self, training: Training):
        self.rank, self.size = (
            int(os.environ.get("RANK", "0")),
            int(os.environ.get("WORLD_SIZE", "1")),
        )
        if self.size != training.processes:
            raise ConfigError(
                f"training.processes: {training.processes}, but {self.size} were started: start as"
                " many, or none (`dcct train` alone starts them all)"
            )
        self._accelerator = _accelerator(training) if self.size > 1 else None

    @property
    def first(self) -> bool:
        return is_first()

    def part(self, whole: int) -> slice:
        """This process's share of `whole` items: the ranks' shares in turn are the whole, in
        order."""
        share = whole // self.size
        return slice(share * self.rank, share * (self.rank + 1))

    def together(self, model: nn.Module) -> nn.Module:
        """The model with gradients averaged over all processes, and BatchNorm over the whole
        batch."""
        if self.size == 1:
            return model
        share_statistics(model)
        return self._accelerator.prepare_model(model)

    def whole(self, x: Tensor) -> Tensor:
        """A tensor (B/size,…) of every process's clips as one (B,…), of which this process's own
        carry gradients."""
        if self.size == 1:
            return x
        parts = list(self._accelerator.gather(x.detach().contiguous()).chunk(self.size))
        parts[self.rank] = x
        return torch.cat(parts)

    def agreed(self, value: Value) -> Value:
        """The first process's value."""
        if self.size == 1:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def asked(self, own: str | None) -> str | None:
        """The signal that has asked any of the processes to stop; all get the same answer."""
        if self.size == 1:
            return own
        number = torch.tensor([signal.Signals[own] if own else 0], device=self._accelerator.device)
        found = int(self._accelerator.gather(number).max())
        return signal.Signals(found).name if found else None

    def wait(self) -> None:
        """Until all are here."""
        if self.size > 1:
            self._accelerator.wait_for_everyone()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Turn a broken connection into one line."""
        try:
            yield
        except RuntimeError as error:
            if self.size == 1 or not _is_of_connection(error):
                raise
            raise LostProcessError(
                "another process of this training is gone: run the same command to go on from the"
                " last saved state"
            ) from None


def _accelerator(training: Training):
    from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs

    settings = [
        InitProcessGroupKwargs(timeout=TIMEOUT),
        DistributedDataParallelKwargs(gradient_as_bucket_view=True),
    ]
    return Accelerator(cpu=training.device == "cpu", mixed_precision="no", kwargs_handlers=settings)


def _is_of_connection(error: RuntimeError) -> bool:
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)
