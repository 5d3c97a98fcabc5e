"""What tests share: the repository's root and a tiny data set with its manifest, frame store and
weights."""

import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARING = [
    f"tests/workflow/test_{name}.py"
    for name in (
        "accidents",
        "dag",
        "foreign_rows",
        "inputs",
        "interruptions",
        "latex",
        "overview",
        "page",
        "printed_commands",
        "results",
        "slurm",
    )
]
ROOT = Path(__file__).parent.parent
os.environ["OMP_NUM_THREADS"] = "1"


class ByWorkflow(LoadScopeScheduling):
    """Side by side (pytest -n 2): a file to a process, and the files that share a finished workflow
    together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "snakemake" if file in SHARING else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByWorkflow:
    return ByWorkflow(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workflows take longest: they begin first."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/workflow"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def profile():
    """The shipped test profile."""
    from dcct.config.load import load_profile

    return load_profile(ROOT / "config/test.yaml")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, profile):
    """Twenty identities of walkers: data, list of frames, manifest, frame store, weights."""
    from dcct import walkers
    from dcct.clips.frames import pack
    from dcct.config.dataset import Expected
    from dcct.config.load import load_dataset
    from dcct.datasets.manifest import write_manifest
    from dcct.datasets.mars import read_tracklets
    from dcct.datasets.verify import verify
    from dcct.models.weights import initial_backbones, write_weights
    from dcct.runtime.progress import Progress

    base = tmp_path_factory.mktemp("tiny")
    dataset = load_dataset("walkers-test", ROOT / "config/test.yaml")
    spec = dataset.walkers.model_copy(update={"train_ids": 16, "test_ids": 4, "frames": 8})
    walkers.write(base / "data", spec)
    unknown = Expected(**dict.fromkeys(Expected.model_fields))
    listing = base / "verified/frames.parquet"
    verify(
        dataset.model_copy(update={"walkers": spec, "expected": unknown}),
        base / "data",
        listing,
        Progress(),
    )
    write_manifest(read_tracklets(base / "data"), listing, base / "manifest")
    pack(listing, base / "data", base / "frames", base / "work", profile.clips, Progress())
    write_weights(
        initial_backbones(profile.network, profile.weights, profile.clips, 0), base / "weights"
    )
    return SimpleNamespace(
        spec=spec,
        data=base / "data",
        listing=listing,
        manifest=base / "manifest",
        frames=base / "frames",
        weights=base / "weights",
    )


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KiB, mounted at `folder`; enlarge() gives it 64 MiB. Skips where nothing may be
    mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    if (
        shutil.which("mount") is None
        or subprocess.run([*mount, "size=64k", "tmpfs", folder]).returncode
    ):
        pytest.skip("needs the right to mount a small disk")

    def enlarge() -> None:
        subprocess.run([*mount, "remount,size=64m", "tmpfs", folder], check=True)

    yield SimpleNamespace(folder=folder, enlarge=enlarge)
    subprocess.run(["umount", "--lazy", folder], check=True)
