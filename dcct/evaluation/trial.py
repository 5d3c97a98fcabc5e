"""The evaluator on trial: features are drawn instead of extracted, so that what they are worth is
the same on every machine and whatever was trained, and a fault shows as it is.

A tracklet's feature is what its identity is drawn to be, plus as much for each frame of its first
clip: it follows from identity, frames and their order, and from nothing that a network does. What
the features are then worth follows from cameras, queries, gallery and the rules of the protocol.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dcct.clips.sampling import CLIPS
from dcct.config.dataset import Protocol
from dcct.config.metric import METRICS
from dcct.config.profile import Profile
from dcct.datasets.manifest import read_manifest
from dcct.datasets.parquet import read_parquet
from dcct.evaluation.features import feature_table, write_features
from dcct.evaluation.protocol import evaluate_features
from dcct.seeding import Stream, generator

FEATURE = "drawn"
CELL = ("sampler", "feature")
WIDTH = 16
NOISE = 0.4
"""Of each frame, relative to what is drawn of the identity: about half of all queries find a match
first."""


def trial(clips: Path, manifest: Path, protocol: Protocol, profile: Profile) -> list[dict]:
    """Sampler, feature set and each metric in percent: of drawn features, judged as a network's."""
    keys: list[tuple[str, int]] = []
    features: list[np.ndarray] = []
    for sampler, tracklet, feature in _drawn(clips, manifest):
        if sampler in profile.evaluation.samplers:
            keys.append((sampler, tracklet))
            features.append(feature)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "features.parquet")
        drawn = np.array(features, np.float32).reshape(-1, WIDTH)
        write_features(path, feature_table(keys, {FEATURE: drawn}), {})
        rows = evaluate_features(path, manifest, protocol, profile).rows
    return [
        {**{name: row[name] for name in CELL}, **{name: 100 * row[name] for name in METRICS}}
        for row in rows
    ]


def _drawn(clips: Path, manifest: Path) -> Iterator[tuple[str, int, np.ndarray]]:
    """Sampler, tracklet and its feature (WIDTH,), from each tracklet's first clip. Uniform draws
    alone: no machine rounds them otherwise."""
    pids = read_manifest(manifest)["pid"].to_numpy()
    for row in read_parquet(clips, "dcct sample", CLIPS).to_pylist():
        if row["clip"] == 0:
            pid, tracklet = int(pids[row["tracklet"]]), row["tracklet"]
            feature = _uniform(0, pid + 1)
            for place, position in enumerate(row["positions"]):
                feature = feature + NOISE * _uniform(1, tracklet, place, position)
            yield row["sampler"], tracklet, feature


def _uniform(*key: int) -> np.ndarray:
    return generator(0, Stream.AGREEMENT, *key).random(WIDTH) - 0.5
