"""Metrics of a git commit: dvc.lock there says which files it had; DVC's cache holds them by their
MD5."""

import subprocess
from pathlib import Path

import yaml

from dcct.errors import DataError
from dcct.provenance.git import git

LOCK = "dvc.lock"
KIND = "metrics"
FETCH = "get it with `dvc fetch --all-commits` from where it was pushed"


def is_commit(name: str) -> bool:
    """Whether git knows a commit by this name."""
    words = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
    return git(*words) is not None


def metrics_of(commit: str, folder: Path) -> list[str]:
    """Lay out the metrics of a commit below `folder`, as links into DVC's cache; return a line for
    each run it lacks.

    DVC never removes a stage from dvc.lock, so a run that is lacking may be one that the commit no
    longer had. Raises DataError where the commit has no metrics, or the cache none of them.
    """
    lock = git("show", "--end-of-options", f"{commit}:./{LOCK}")
    digests = _locked_metrics(lock, f"{commit}:{LOCK}") if lock else {}
    if not digests:
        raise DataError(
            f"{commit}: its {LOCK} names no metrics: run `dvc repro`, or `dvc commit`, and commit"
            f" {LOCK}"
        )
    cache = _dvc("cache", "dir")
    if cache is None:
        raise DataError(
            f"{commit}: `dvc cache dir` fails, so its metrics cannot be found: run it to see why"
        )
    files = {
        path: Path(cache.strip(), "files", "md5", digest[:2], digest[2:])
        for path, digest in digests.items()
    }
    lacking = {str(Path(path).parent) for path, file in files.items() if not file.is_file()}
    found = {path: file for path, file in files.items() if str(Path(path).parent) not in lacking}
    if not found:
        raise DataError(f"{commit}: none of its metrics is in DVC's cache: {FETCH}")
    for path, file in found.items():
        parts = Path(path).parts
        link = folder.joinpath(*parts[parts.index(KIND) :])
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    return [f"left out, not in DVC's cache: {run} of {commit}: {FETCH}" for run in sorted(lacking)]


def _locked_metrics(lock: str, where: str) -> dict[str, str]:
    """Path of each metric → its MD5. Raises DataError where the text is no lock file."""
    try:
        stages = yaml.load(lock, yaml.CSafeLoader)["stages"]
        outs = [out for stage in stages.values() for out in stage.get("outs", [])]
        return {out["path"]: out["md5"] for out in outs if _is_metric(Path(out["path"]))}
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise DataError(f"{where}: is no lock file of DVC: name another commit") from None


def _is_metric(path: Path) -> bool:
    """Below a folder of metrics, and no way out of it."""
    return KIND in path.parts and ".." not in path.parts


def _dvc(*words: str) -> str | None:
    """What DVC prints; None where it fails or is not installed."""
    try:
        done = subprocess.run(["dvc", *words], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
