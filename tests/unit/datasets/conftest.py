"""The drawn people in the layout of every benchmark."""

import shutil
from pathlib import Path

import pytest

from dcct import walkers
from dcct.config.load import load_dataset

LAYOUTS = ["mars", "dukemtmc-videoreid", "ilids-vid", "prid-2011", "ls-vid", "folders"]
IDS = 3


@pytest.fixture(scope="session")
def drawn(root, tmp_path_factory):
    """Layout → folder of 3 + 3 people at 2 cameras, 2 tracklets a camera, 4 frames, 2 distractors
    and 1 junk."""
    spec = load_dataset("walkers-test", root / "config/test.yaml").walkers
    spec = spec.model_copy(
        update={
            "train_ids": IDS,
            "test_ids": IDS,
            "cameras": 2,
            "frames": 4,
            "distractors": 2,
            "junk": 1,
        }
    )
    base = tmp_path_factory.mktemp("layouts")
    for layout in LAYOUTS:
        walkers.write(base / layout, spec, layout=layout)
    return base


@pytest.fixture
def copied(drawn, tmp_path):
    """A copy of a layout's folder to be spoilt."""

    def copy(layout: str) -> Path:
        return Path(shutil.copytree(drawn / layout, tmp_path / layout))

    return copy
