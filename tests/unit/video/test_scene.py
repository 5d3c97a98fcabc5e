"""Drawn scenes: the same for a seed, true where they say so, and wrong where a tracker is."""

import hashlib

import numpy as np
import pytest

from dcct.config.dataset import WalkersSpec
from dcct.config.load import load_dataset
from dcct.errors import DcctError
from dcct.runtime.progress import Progress
from dcct.video.crop import Limits, crop
from dcct.video.scene import write_scene
from dcct.video.tracks import read_tracks
from dcct.walkers.street import boxes_of, draw_street, passages
from tests.conftest import ROOT
from tests.unit.video.numbered import av

FRAMES = 60


@pytest.fixture(scope="module")
def spec() -> WalkersSpec:
    """The embedded set."""
    return load_dataset("walkers", ROOT / "config/config.yaml").walkers


@pytest.fixture(scope="module")
def scene(spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene") / "scene"
    write_scene(folder, spec, 6, FRAMES, 3, Progress())
    return folder


def facts(folder) -> dict[str, str]:
    """Digests of texts and of decoded frames."""
    found = {}
    for path in sorted(folder.iterdir()):
        digest = hashlib.sha256()
        if path.suffix == ".txt":
            digest.update(path.read_bytes())
        else:
            with av.open(str(path)) as container:
                for frame in container.decode(video=0):
                    digest.update(frame.to_ndarray(format="rgb24").tobytes())
        found[path.name] = digest.hexdigest()
    return found


def test_a_seed_gives_the_same_scene(spec, scene, tmp_path):
    """Texts and frames; another seed gives others."""
    write_scene(tmp_path / "again", spec, 6, FRAMES, 3, Progress())
    write_scene(tmp_path / "other", spec, 6, FRAMES, 4, Progress())
    assert facts(tmp_path / "again") == facts(scene)
    assert not set(facts(tmp_path / "other").values()) & set(facts(scene).values())


def test_before_both_cameras_are_the_same_test_people(spec, scene):
    """Whom no network of the default run was trained on; some frame has several of them."""
    seen = [read_tracks(scene / f"cam{camera}.txt").boxes for camera in (1, 2)]
    everyone = set(seen[0]["id"]) | set(seen[1]["id"])
    assert len(everyone) <= 6
    assert min(everyone) > spec.train_ids
    assert all(len(set(one["id"])) >= 4 for one in seen)
    assert all(one["frame"].value_counts().max() >= 3 for one in seen)


def test_people_are_in_their_boxes(spec):
    """Away from all boxes, a picture with people is one without them."""
    found = passages(spec, 1, [101, 110, 120], 5, 0)
    with_people, without = (
        np.array(list(draw_street(spec, 1, some, 5, 0))) for some in (found, [])
    )
    changed = (np.abs(with_people.astype(int) - without) > 8).any(-1)
    inside = np.zeros_like(changed)
    for box in boxes_of(found, 5):
        top, left = max(0, int(box.y)), max(0, int(box.x))
        bottom, right = int(box.y + box.height) + 1, int(box.x + box.width) + 1
        inside[box.frame - 1, top:bottom, left:right] = True
    assert changed.sum() > 5000
    assert (changed & ~inside).sum() < 0.02 * changed.sum()


def test_the_tracker_is_off_misses_and_breaks(spec, tmp_path):
    """More ids than people, fewer boxes than there are, and most of them close to true ones."""
    write_scene(tmp_path / "s", spec, 8, 120, 0, Progress())
    truth, said = (
        read_tracks(tmp_path / "s" / name).boxes for name in ("cam1.txt", "cam1.tracker.txt")
    )
    assert said["id"].nunique() > truth["id"].nunique()
    assert 0.6 < len(said) / len(truth) < 0.97
    pairs = said.merge(truth, on="frame", suffixes=("", "_true"))
    off = (pairs["x"] - pairs["x_true"]).abs().groupby([pairs["frame"], pairs["id"]]).min()
    assert 1 < off.mean() < 15


def test_a_scene_becomes_tracklets(scene, tmp_path):
    """By the tracker's boxes, as anybody's video does."""
    limits = Limits(least_frames=4)
    tracks = scene / "cam1.tracker.txt"
    listed = crop(scene / "cam1.mp4", tracks, tmp_path / "cam1", limits, Progress())
    assert len(listed) >= 4
    assert len(list(tmp_path.glob("cam1/*/*.jpg"))) == listed["frames"].sum()


def test_more_people_than_there_are_is_refused(spec, tmp_path):
    """In one line, before anything is drawn."""
    with pytest.raises(DcctError, match="--people 101: only 100 are for tests"):
        write_scene(tmp_path / "s", spec, 101, FRAMES, 0, Progress())
    assert not (tmp_path / "s").exists()
