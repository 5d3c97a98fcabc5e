"""A model measured on a labelled sample of somebody's own: what its distances mean there."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dcct.datasets.tracklet_folders import labelled
from dcct.errors import DataError
from dcct.evaluation.calibration import said_of_distances
from dcct.evaluation.embedded import features_in, read_embedded
from dcct.evaluation.ranking import rank_features
from dcct.evaluation.thresholds import PairWatch
from dcct.files import write_json
from dcct.find.meaning import Meaning, meaning_in
from dcct.inference.embedding import embed_tracklets
from dcct.inference.model import Model
from dcct.runtime.progress import Progress


def calibrate(model: Model, sample: Path, out: Path, sampler: str, progress: Progress) -> Meaning:
    """Measure a model on <person>/<camera>/<tracklet>/*.jpg|png, where each tracklet is searched
    for among all others, and write `out`, which `dcct search` reads. Features lie beside it.

    Raises DataError where the sample is too small to tell any rate.
    """
    if out.suffix != ".json":
        raise DataError(f"{out}: is no name of a JSON file: end it in .json")
    people = labelled(sample)
    tracklets = [one for found in people.values() for one in found]
    # from 1, since DISTRACTOR is 0: each of its tracklets would count as somebody else
    numbers = np.arange(1, len(people) + 1)
    pids = np.repeat(numbers, [len(found) for found in people.values()])
    features = out.with_suffix(".parquet")
    embed_tracklets(model, sample, tracklets, features, sampler, progress)
    row = {"sampler": sampler, "feature": model.config.best}
    row |= _measured(features_in(read_embedded(features), model.config.best), pids, sample)
    measured_on = f"{len(people)} people in {sample.resolve().name}"
    weights = next(iter(model.config.weights.values()))
    said = {"model": model.config.name, "weights": weights, "measured_on": measured_on}
    write_json(out, {**said, "rows": [row]})
    found = meaning_in([row], model, sampler, measured_on)
    assert found
    return found


def _measured(features: np.ndarray, pids: Sequence[int] | np.ndarray, sample: Path) -> dict:
    """A row of distances.json: of all pairs of two tracklets."""
    pids, number = np.asarray(pids), np.arange(len(features))
    alone = np.bincount(pids).max() == 1
    watch = PairWatch(len(features), len(features))
    sides = {"mine": features}, {"mine": features}
    # each tracklet is a camera of its own, so that it does not find itself and nothing else is
    # left out
    rank_features(*sides, pids, pids, number, number, watch=watch)
    row = said_of_distances(watch.pairs("mine"), pids, pids)
    if alone or not row["points"]:
        why = "nobody has two tracklets" if alone else "hardly two are of different people"
        raise DataError(
            f"{sample}: {len(features)} tracklets of {row['identities']} people, and {why}: add"
            " some, in <person>/<camera>/<tracklet>/"
        )
    return row
