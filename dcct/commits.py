"""Metrics of a git commit: dvc.lock there says which files it had; DVC's cache holds them by their MD5."""

import subprocess
from pathlib import Path

import yaml

from dcct.errors import DataError

LOCK = "dvc.lock"
KIND = "metrics"


def is_commit(name: str) -> bool:
    """Whether git knows a commit by this name."""
    return _run("git", "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}") is not None


def metrics_of(commit: str, folder: Path) -> None:
    """Lay out the metrics of a commit below `folder`, as links into DVC's cache.

    Raises DataError where the commit has none, or the cache lacks some.
    """
    lock = _run("git", "show", f"{commit}:./{LOCK}")
    stages = (yaml.load(lock, yaml.CSafeLoader) if lock else None) or {}
    outs = [out for stage in stages.get("stages", {}).values() for out in stage.get("outs", [])]
    digests = {out["path"]: out["md5"] for out in outs if KIND in Path(out["path"]).parts}
    if not digests:
        raise DataError(f"{commit}: its {LOCK} names no metrics: run `dvc repro`, or `dvc commit`, and commit {LOCK}")
    cache = _run("dvc", "cache", "dir")
    if cache is None:
        raise DataError(f"{commit}: `dvc cache dir` fails, so its metrics cannot be found: run it to see why")
    files = {path: Path(cache.strip(), "files", "md5", digest[:2], digest[2:]) for path, digest in digests.items()}
    absent = [path for path, file in files.items() if not file.is_file()]
    if absent:
        raise DataError(
            f"{commit}: {len(absent)} of {len(files)} files of its metrics are not in DVC's cache: get them with "
            "`dvc fetch --all-commits` from where they were pushed"
        )
    for path, file in files.items():
        parts = Path(path).parts
        link = folder.joinpath(*parts[parts.index(KIND) :])
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)


def _run(*command: str) -> str | None:
    """What a command prints; None where it fails or is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
