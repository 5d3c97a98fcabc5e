"""A profiler's trace of a few training steps, for chrome://tracing or ui.perfetto.dev."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from torch.profiler import profile, schedule

from dcct.files import atomic

SKIPPED, TRACED = 2, 3
"""Steps that are left out, since the first ones allocate and compile; and steps that are traced."""


@contextlib.contextmanager
def traced(path: Path | None) -> Iterator[Callable[[], None]]:
    """Yield what to call after each step; after SKIPPED + TRACED of them the trace is at `path`, if
    one is wanted."""
    if path is None:
        yield lambda: None
        return

    def write(profiler: profile) -> None:
        with atomic(path) as temporary:
            profiler.export_chrome_trace(str(temporary))

    steps = schedule(wait=SKIPPED - 1, warmup=1, active=TRACED, repeat=1)
    with profile(
        schedule=steps, on_trace_ready=write, with_stack=False, profile_memory=True
    ) as profiler:
        yield profiler.step
