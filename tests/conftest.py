"""What tests share: the repository's root and a tiny data set with its manifest, frame store and weights."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent
os.environ["OMP_NUM_THREADS"] = "1"


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
    """Eight identities of walkers, with 4 training batches an epoch: data, manifest, frames, weights."""
    from dcct.clips.frames import pack
    from dcct.config.load import load_dataset
    from dcct.datasets import walkers
    from dcct.datasets.manifest import write_manifest
    from dcct.datasets.mars import read_tracklets
    from dcct.models.weights import initial_backbones, write_weights
    from dcct.progress import Progress

    base = tmp_path_factory.mktemp("tiny")
    dataset = load_dataset("walkers-test", ROOT / "config/test.yaml")
    spec = dataset.walkers.model_copy(update={"train_ids": 16, "test_ids": 4, "frames": 8})
    walkers.write(base / "data", spec)
    write_manifest(read_tracklets(base / "data"), base / "manifest")
    pack(base / "manifest", base / "data", base / "frames", profile.clips, Progress())
    write_weights(initial_backbones(profile.network, profile.weights, profile.clips, 0), base / "weights")
    return SimpleNamespace(
        spec=spec, data=base / "data", manifest=base / "manifest", frames=base / "frames", weights=base / "weights"
    )
