"""Features of somebody else's program, keyed by the tracklets of a manifest, as a feature file of
ours: whatever reads ours reads them.

A file holds `tracklet`, a number of the manifest, and any number of feature sets, for every test
tracklet once; with a column `sampler`, once for each way of drawing test clips. A column `pid` is
held against the manifest's; `camid` is not read.
"""

from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa

from dcct.config.profile import Sampler
from dcct.datasets.manifest import read_manifest
from dcct.errors import DataError
from dcct.evaluation.external import columns_of, directions
from dcct.evaluation.features import KEY, feature_table
from dcct.evaluation.labels import labels
from dcct.evaluation.protocol import RERANKED

LABELS = (*KEY, "pid", "camid")
UNKNOWN = "not known"
"""What is said of a network that was not seen."""


def read_given(path: Path, manifest: Path, sampler: str, headline: str) -> pa.Table:
    """The rows of a feature file (see features.py), from a .parquet or .npz file of anyone's.

    sampler: whose place features take that name none. headline: a set that must be among them.
    Raises DataError, one line that names the row, at what is ragged, missing, not finite, all
    zeros, or of other tracklets than the manifest's.
    """
    columns = columns_of(path)
    names = [name for name in columns if name not in LABELS]
    if "tracklet" not in columns or headline not in names:
        lacking = headline if "tracklet" in columns else "tracklet"
        held = ", ".join(ascii(name)[1:-1] for name in columns) or "nothing"
        raise DataError(
            f"{path}: holds no {lacking}, but {held}: it needs tracklet, and the feature set that"
            " the variant's headline names"
        )
    try:
        numbers, samplers = _keys(columns, sampler)
        _check_tracklets(numbers, samplers, columns.get("pid"), manifest)
        sets = {name: _features(name, columns[name], len(numbers)) for name in names}
    except ValueError as error:
        raise DataError(f"{path}: {error}: put this right and write the file again") from None
    order = np.lexsort((numbers, samplers))
    keys = [(str(samplers[row]), int(numbers[row])) for row in order]
    return feature_table(keys, {name: values[order] for name, values in sets.items()})


def said_of(digest: str) -> dict:
    """What a feature file says of its network (features.Making), where that was not seen. digest:
    SHA-256 of the file that was given."""
    return {
        "parameters": None,
        "precision": UNKNOWN,
        "device": UNKNOWN,
        "versions": {},
        "digests": {"checkpoint": "", "given": digest},
    }


def _keys(columns: dict[str, np.ndarray], sampler: str) -> tuple[np.ndarray, np.ndarray]:
    """Tracklets (N,) and samplers (N,)."""
    numbers = labels("tracklet", columns["tracklet"])
    if numbers.dtype.kind != "i":
        raise ValueError("tracklet holds text: it needs the manifest's numbers")
    samplers = labels("sampler", columns.get("sampler", np.full(len(numbers), sampler)))
    if len(samplers) != len(numbers):
        raise ValueError(f"sampler holds {len(samplers)} values, tracklet {len(numbers)}")
    unknown = ~np.isin(samplers.astype(str), get_args(Sampler))
    if unknown.any():
        row = int(unknown.argmax())
        raise ValueError(
            f"sampler is {str(samplers[row])!a} in row {row} (from 0): name one of"
            f" {', '.join(get_args(Sampler))}"
        )
    if sampler not in samplers:
        raise ValueError(f"sampler names no {sampler}, of which the profile's tables are")
    return numbers, samplers


def _check_tracklets(
    numbers: np.ndarray, samplers: np.ndarray, pids: np.ndarray | None, manifest: Path
) -> None:
    """Every test tracklet stands once for each sampler, and nothing else does."""
    listed = read_manifest(manifest)
    is_test = listed["split"].to_numpy(zero_copy_only=False) != "train"
    test, where = np.flatnonzero(is_test), manifest / "tracklets.parquet"
    other = ~np.isin(numbers, test)
    if other.any():
        row = int(other.argmax())
        raise ValueError(
            f"tracklet is {numbers[row]} in row {row} (from 0), which is no test tracklet of"
            f" {where}: it lists {len(test)}, from {test.min()} to {test.max()}"
        )
    for name in dict.fromkeys(samplers.tolist()):
        rows = np.flatnonzero(samplers == name)
        found, first, counts = np.unique(numbers[rows], return_index=True, return_counts=True)
        if (counts > 1).any():
            place = int((counts > 1).argmax())
            again = rows[numbers[rows] == found[place]][1]
            raise ValueError(
                f"tracklet {found[place]} stands {counts[place]} times at sampler {name}: in rows"
                f" {rows[first[place]]} and {again} (from 0)"
            )
        absent = np.setdiff1d(test, found)
        if len(absent):
            raise ValueError(
                f"holds {len(found)} of the {len(test)} test tracklets of {where} at sampler"
                f" {name}: there is no row of tracklet {absent[0]}"
            )
    if pids is not None:
        wanted = listed["pid"].to_numpy()[numbers].astype(str)
        apart = np.char.lstrip(labels("pid", pids).astype(str), "0") != np.char.lstrip(wanted, "0")
        if apart.any():
            row = int(apart.argmax())
            raise ValueError(
                f"pid is {pids[row]} in row {row} (from 0), but tracklet {numbers[row]} of {where}"
                f" is of identity {wanted[row]}"
            )


def _features(name: str, values: np.ndarray, count: int) -> np.ndarray:
    """Features (N,C) in float32, as they are."""
    if name.endswith(RERANKED):
        raise ValueError(f"a feature set is named {name!a}, as ours are when they are re-ranked")
    directions(name, values, count)
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    bad = ~np.isfinite(found).all(1) | ~found.any(1)
    if bad.any():
        raise ValueError(
            f"{name} is infinite or all zeros in float32 in row {int(bad.argmax())} (from 0)"
        )
    return found
