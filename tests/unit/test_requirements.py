"""The lock file is complete: pip installs from it what pyproject.toml asks for, and nothing whose
digest it does not know."""

import os
import re
import shutil
import subprocess
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

LOCK = (ROOT / "requirements.lock").read_text()


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_has_one_version_and_digests():
    """And the file names no place to fetch from."""
    packages = re.split(r"^(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", LOCK, flags=re.M), flags=re.M)
    packages = [one for one in packages if one.strip()]
    assert all(
        re.match(r"[\w.-]+==[^\s;]+( ;[^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+\Z", one)
        for one in packages
    )
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_everything_that_is_asked_for_is_locked():
    """Dependencies and extras, and what builds the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        asked += extra
    names = {plain(re.match(r"[\w.-]+", one)[0]) for one in asked}
    assert names <= {plain(name) for name in re.findall(r"^([\w.-]+)==", LOCK, re.M)}


def test_without_cuda_all_else_is_as_locked():
    """TORCH=cpu leaves out of the lock what torch alone asks for, and torch and torchvision, whose
    versions are taken for CPUs; not a byte more."""
    if f"torch=={metadata.version('torch').partition('+')[0]} " not in LOCK:
        pytest.skip("another torch is installed than the lock's, which asks for other packages")
    shown = "show: ; @$(WITHOUT_TORCH) requirements.lock; echo $(TORCH_FOR_CPU)"
    command = ["make", "--no-print-directory", "TORCH=cpu", "KIND=", f"--eval={shown}", "show"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *kept, torch = done.stdout.splitlines(keepends=True)
    named = re.compile(r"^([\w.-]+)==", re.M)
    left_out = set(named.findall(LOCK)) - set(named.findall("".join(kept)))
    assert {plain(name) for name in left_out} == {"torch", "torchvision"} | _of_torch_alone()
    lines = iter(LOCK.splitlines(keepends=True))
    assert all(line in lines for line in kept)  # in the same order
    versions = dict(re.findall(r"^(torch|torchvision)==([\d.]+) ", LOCK, re.M))
    assert torch.split() == [f"{name}=={version}+cpu" for name, version in versions.items()]


def _of_torch_alone() -> set[str]:
    """What is installed because torch asks for it, and nobody else; names in the lock."""
    asked: dict[str, set[str]] = {}
    for one in metadata.distributions():
        requirements = [Requirement(line) for line in one.requires or []]
        asked[plain(one.name)] = {plain(requirement.name) for requirement in requirements}
    locked = {plain(name) for name in re.findall(r"^([\w.-]+)==", LOCK, re.M)}
    ours: set[str] = set()
    while True:
        others = set().union(*(asked[name] for name in asked if name not in {"torch", *ours}))
        more = {name for one in {"torch", *ours} for name in asked.get(one, ())} & locked - others
        if more <= ours:
            return ours
        ours |= more


def test_an_environment_stays_of_its_kind(tmp_path):
    """Made without CUDA, it is not filled with CUDA's files by the next `make`; another kind is
    refused in one line, with the command that helps."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    stamp = tmp_path / ".venv/ready"
    stamp.parent.mkdir()
    stamp.write_text("cpu\n")
    os.utime(stamp, (0, 0))

    def make(*words: str) -> subprocess.CompletedProcess:
        command = ["make", "--dry-run", "setup", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "torch==2" in make().stdout
    refused = make("TORCH=cuda")
    assert refused.returncode == 2
    assert refused.stderr.endswith("for another one, first: rm -r .venv.  Stop.\n")
    assert make("TORCH=tpu").returncode == 2
    stamp.unlink()
    assert "torch==2" not in make().stdout
