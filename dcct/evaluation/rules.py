"""Who is looked for among whom, and what is left out: a data set's protocol as arrays.

N test tracklets, of which Q are looked for among G.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcct.config.dataset import Protocol
from dcct.datasets.manifest import read_manifest
from dcct.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Test tracklets in the order of their list."""

    numbers: np.ndarray
    """Rows (N,) of the manifest."""
    pids: np.ndarray
    """Identities (N,)."""
    camids: np.ndarray
    """Cameras (N,)."""
    frames: np.ndarray
    """How many frames each has (N,)."""
    is_query: np.ndarray
    """Mask (N,) of those that are looked for."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Of a query's identity, gallery tracklets are left out whose camera is the query's."""

    queries: np.ndarray
    """Places (Q,) in the list of test tracklets."""
    gallery: np.ndarray
    """Places (G,) in the list of test tracklets."""
    query_cameras: np.ndarray
    """Cameras (Q,), or what stands in their place."""
    gallery_cameras: np.ndarray
    """Theirs (G,)."""


def listed(features: Path, numbers: np.ndarray, manifest: Path) -> Listed:
    """The tracklets (N,) of a feature file, looked up in a manifest. Raises DataError where that
    does not list them."""
    tracklets = read_manifest(manifest)
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(tracklets):
        raise DataError(
            f"{features}: holds tracklets that {manifest} does not list: run `dcct extract` again"
        )
    split, pids, camids, frames = (
        tracklets[name].to_numpy(zero_copy_only=False)[numbers]
        for name in ("split", "pid", "camid", "frames")
    )
    return Listed(
        numbers=numbers, pids=pids, camids=camids, frames=frames, is_query=split == "query"
    )


def rules_of(protocol: Protocol, test: Listed) -> Rules:
    """What a data set's protocol says."""
    # without the rule of cameras each tracklet is one of its own: only the query itself is left out
    cameras = test.camids if protocol.drop_same_camera else test.numbers
    searched = np.ones_like(test.is_query) if protocol.gallery_includes_queries else ~test.is_query
    queries, gallery = np.flatnonzero(test.is_query), np.flatnonzero(searched)
    return Rules(
        queries=queries,
        gallery=gallery,
        query_cameras=cameras[queries],
        gallery_cameras=cameras[gallery],
    )
