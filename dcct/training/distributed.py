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
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from dcct.config.profile import Training
from dcct.errors import ConfigError, LostProcessError
from dcct.training.batch_norm import share_statistics

if TYPE_CHECKING:
    from accelerate import Accelerator

TIMEOUT = timedelta(minutes=10)
"""How long a process waits for the others: the first may be digesting a data set. A dead one is
noticed at once."""
Value = TypeVar("Value")


def started_in_group() -> bool:
    """Whether this process was started as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_first() -> bool:
    """Whether this process is the one that reads resume states, writes files and shows progress."""
    return os.environ.get("RANK", "0") == "0"


class Group:
    """A process that trains alone, `rank` 0 of `size` 1: every method is the identity."""

    rank, size = 0, 1

    @property
    def first(self) -> bool:
        return is_first()

    def part(self, whole: int) -> slice:
        """This process's share of `whole` items: the ranks' shares in turn are the whole, in
        order."""
        share = whole // self.size
        return slice(share * self.rank, share * (self.rank + 1))

    def together(self, model: nn.Module, *, statistics: bool) -> nn.Module:
        """The model with gradients averaged over all processes; statistics: BatchNorm's too, which
        are then those of the whole batch."""
        return model

    def whole(self, x: Tensor) -> Tensor:
        """A tensor (B/size,…) of every process's clips as one (B,…), of which this process's part
        carries gradients."""
        return x

    def agreed(self, value: Value) -> Value:
        """The first process's value."""
        return value

    def asked(self, here: str | None) -> str | None:
        """The signal that has asked any of the processes to stop; all get the same answer."""
        return here

    def wait(self) -> None:
        """Until all are here."""

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Turn a broken connection into one line."""
        yield


class SharedGroup(Group):
    """Several processes, of which this one is `rank` of `size`."""

    def __init__(self, rank: int, size: int, accelerator: "Accelerator"):
        self.rank, self.size, self._accelerator = rank, size, accelerator

    def together(self, model: nn.Module, *, statistics: bool) -> nn.Module:
        if statistics:
            share_statistics(model)
        return self._accelerator.prepare_model(model)

    def whole(self, x: Tensor) -> Tensor:
        parts = list(self._accelerator.gather(x.detach().contiguous()).chunk(self.size))
        parts[self.rank] = x
        return torch.cat(parts)

    def agreed(self, value: Value) -> Value:
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def asked(self, here: str | None) -> str | None:
        number = [signal.Signals[here] if here else 0]
        numbers = self._accelerator.gather(torch.tensor(number, device=self._accelerator.device))
        found = int(numbers.max())
        return signal.Signals(found).name if found else None

    def wait(self) -> None:
        self._accelerator.wait_for_everyone()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            if not _is_of_connection(error):
                raise
            raise LostProcessError(
                "another process of this training is gone: run the same command to go on from the"
                " last saved state"
            ) from None


def join_group(training: Training) -> Group:
    """The group that this process was started in.

    Raises ConfigError when it was started with other companions than training.processes says.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size != training.processes:
        raise ConfigError(
            f"training.processes: {training.processes}, but {size} were started: start as"
            " many, or none (`dcct train` alone starts them all)"
        )
    if size == 1:
        return Group()
    return SharedGroup(int(os.environ.get("RANK", "0")), size, _accelerator(training))


def _accelerator(training: Training) -> "Accelerator":
    from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs

    settings = [
        InitProcessGroupKwargs(timeout=TIMEOUT),
        DistributedDataParallelKwargs(gradient_as_bucket_view=True),
    ]
    return Accelerator(cpu=training.device == "cpu", mixed_precision="no", kwargs_handlers=settings)


def _is_of_connection(error: RuntimeError) -> bool:
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)
