"""What this machine lets a run have: cores, memory, disk, shared memory.

A container's limits count: inside one, /proc speaks of the whole machine.
"""

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dcct.doctor.finding import GB, Finding, hint, ok, wrong
from dcct.errors import ConfigError
from dcct.pipeline.pipeline import Pipeline

CGROUPS, OURS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
MEMINFO = Path("/proc/meminfo")
SHARED_MEMORY = Path("/dev/shm")
A_JOB, A_RUN = 1.2 * GB, 1 * GB
"""Memory of a job of the default run (at most 1.13 GB), and disk of all of it (0.5 GB), rounded
up."""


def look_at_cores(pipeline: Pipeline) -> Finding:
    """How many this process may use, by its affinity and its cgroup's quota."""
    may, whole = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    says = f"{may} of {whole} may be used"
    quotas = [int(quota) / int(period) for quota, period in _limits("cpu") if quota.isdigit()]
    if quotas and min(quotas) < may:
        few = max(1, math.floor(min(quotas)))
        says += f", but a limit of the container gives the time of {min(quotas):.3g}"
        return hint("cores", says, _on(few, pipeline))
    return ok("cores", says)


def look_at_memory(pipeline: Pipeline) -> Finding:
    """What is free, or the cgroup's limit where that is less, against a job of the default run on
    each core."""
    lines = (line.split() for line in MEMINFO.read_text().splitlines())
    kib = {words[0].rstrip(":"): int(words[1]) for words in lines}
    total, free = kib["MemTotal"] * 1024, kib["MemAvailable"] * 1024
    limit = min((int(bound) for bound, *_ in _limits("memory") if bound.isdigit()), default=total)
    says = f"{min(free, limit) / GB:.1f} of {min(total, limit) / GB:.1f} GB are free"
    if limit < total:
        says += " (a limit of the container)"
    jobs = int(min(free, limit) // A_JOB)
    if jobs == 0:
        more = f"{says}; a job of the default run takes {A_JOB / GB:.1f} GB"
        return wrong("memory", more, "end other programs, or give the container more")
    if jobs < len(os.sched_getaffinity(0)):
        more = f"{says}: enough for {jobs} jobs of the default run at once"
        return hint("memory", more, _on(jobs, pipeline))
    return ok("memory", says)


def _on(cores: int, pipeline: Pipeline) -> str:
    """The command of a whole run, on so many cores."""
    return f"`{pipeline.again.replace('--cores all', f'--cores {cores}', 1)}`"


def _limits(controller: str) -> Iterator[list[str]]:
    """Words of the limits on this process' cgroup and on all that it is part of: of memory bytes,
    of cpu µs in how many; "max" or −1 is none. Both versions of cgroups."""
    files = {"cpu": "cpu.max", "memory": "memory.max"}[controller]
    older = {
        "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us"),
        "memory": ("memory.limit_in_bytes",),
    }[controller]
    for line in OURS.read_text().splitlines() if OURS.is_file() else []:
        _, controllers, place = line.split(":", 2)
        names = (files,) if not controllers else older
        top = CGROUPS / controller if controllers else CGROUPS
        if controllers and controller not in controllers.split(","):
            continue
        folder = top / place.lstrip("/")
        for one in (folder, *folder.parents):
            if one.is_relative_to(top):
                with suppress(OSError):
                    yield [word for name in names for word in (one / name).read_text().split()]


def look_at_disk(key: str, folder: Path, pipeline: Pipeline) -> Finding:
    """Whether there is room below a folder of the profile, and whether we may write there.

    key: of the profile, which names it.
    """
    about, other = f"disk of {key}", f"name another {key} in {pipeline.configfile}"
    place = nearest(folder)
    if not place.is_dir():
        return wrong(about, f"{place} is no folder", f"move it away, or {other}", place)
    free = shutil.disk_usage(place).free
    says = f"{folder}: {free / GB:,.1f} GB are free"
    if not os.access(place, os.W_OK | os.X_OK):
        then = f"put its permissions right, or {other}"
        return wrong(about, f"{place} cannot be written", then, place)
    if free < A_RUN:
        more = f"{says}; the default run takes up to {A_RUN / GB:.0f} GB"
        return wrong(about, more, f"free the disk, or {other}", folder)
    return ok(about, says, folder)


def nearest(folder: Path) -> Path:
    """The folder itself where it is there, else the nearest one around it that is."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists() or one.is_symlink())


def look_at_shared_memory(pipeline: Pipeline) -> Finding:
    """Whether what worker processes hand over fits into /dev/shm."""
    about, training = str(SHARED_MEMORY), pipeline.profile.training
    if not SHARED_MEMORY.is_dir():
        return ok(about, "is not there: nothing limits what processes share")
    says = f"{shutil.disk_usage(SHARED_MEMORY).free / GB:.2f} GB are free"
    if not training.workers or training.loader != "processes":
        return ok(about, f"{says}; the profile needs none")
    from dcct.clips.loader import need_shared_memory

    clips = math.ceil(training.identities * training.tracklets / training.processes)
    try:
        need_shared_memory(pipeline.profile.clips, training.workers, clips)
    except ConfigError as error:
        what, _, then = str(error).partition(" are free: ")
        return wrong(about, f"{what} are free", then)
    return ok(about, f"{says}, enough for {training.workers} workers")
