"""All that is looked at, what is wrong first."""

import sys
from collections.abc import Iterator
from pathlib import Path

from dcct.doctor.asked import Asked
from dcct.doctor.cards import DRIVER, DRIVER_S, look_at_cards
from dcct.doctor.finding import ORDER, Finding, wrong
from dcct.doctor.machine import (
    look_at_cores,
    look_at_disk,
    look_at_memory,
    look_at_shared_memory,
)
from dcct.doctor.project import (
    CACHE_S,
    look_at_cache,
    look_at_data,
    look_at_git,
    look_at_profile,
)
from dcct.doctor.software import (
    TORCH,
    TORCH_S,
    look_at_libraries,
    look_at_python,
    look_at_torch,
)
from dcct.errors import ConfigError
from dcct.pipeline.steps import read_pipeline


def examine(configfile: Path) -> list[Finding]:
    """Everything that a run of a profile needs of this machine, in the order of ORDER. Nothing is
    written, and nothing waits longer than its limit."""
    return sorted(_looked_at(configfile), key=lambda finding: ORDER.index(finding.state))


def _looked_at(configfile: Path) -> Iterator[Finding]:
    torch, driver = Asked(*TORCH, seconds=TORCH_S), Asked(*DRIVER, seconds=DRIVER_S)
    cache = Asked(sys.executable, "-P", "-m", "dvc", "cache", "dir", seconds=CACHE_S)
    yield look_at_python()
    yield from look_at_libraries()
    try:
        pipeline = read_pipeline(configfile)
    except ConfigError as error:
        yield wrong("profile", str(error), "put this right, or name another with --configfile")
        pipeline = None
    if pipeline:
        yield look_at_profile(pipeline)
        yield from look_at_data(pipeline)
        yield look_at_cores(pipeline)
        yield look_at_memory(pipeline)
        yield look_at_disk("results_dir", pipeline.results, pipeline)
        yield look_at_disk("data_dir", pipeline.data, pipeline)
    yield look_at_git()
    yield look_at_cache(cache)
    finding, version = look_at_torch(torch)
    yield finding
    if pipeline:
        yield look_at_cards(driver, version, pipeline)
        if version:
            yield look_at_shared_memory(pipeline)
