"""Starting the processes of one training: torch's elastic launcher, which ends all of them when one
is lost."""

import logging
import os
import signal
import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from dcct.errors import AskedToStopError, DcctError

LOOK_EVERY_S = 0.2


def launch(processes: int, arguments: list[str]) -> int:
    """Run `python -m dcct` with these arguments in several processes of this machine, until all
    have ended.

    Returns the exit status of processes that said themselves what is wrong. Raises DcctError when
    one was killed. A signal that asks to stop is passed on, AskedToStopError raised: the processes
    have the launcher's half a minute to save their state.
    """
    logging.disable()  # what the launcher reports at length is said here in one line
    signal.signal(signal.SIGUSR1, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id="dcct",
        max_restarts=0,
        monitor_interval=LOOK_EVERY_S,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "dcct", *arguments)
    except SignalException as error:
        raise AskedToStopError(
            f"{error.sigval.name}: all processes have stopped: run the same command to go on"
        ) from None
    except ChildFailedError as error:
        statuses = {rank: failure.exitcode for rank, failure in error.failures.items()}
        rank, status = min(
            statuses.items(), key=lambda item: item[1]
        )  # a killed one is the cause, others the effect
        if status > 0:
            return status
        raise DcctError(
            f"process {rank} of {processes} was ended by {signal.Signals(-status).name}, and the"
            " others with it: run the same command to go on from the last saved state"
        ) from None
    return 0
