"""Results without any network: random features, judged by the real code."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dcct.config.load import load_dataset, load_variant
from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.evaluation.protocol import judge, write_metrics
from dcct.files import file_digest, write_json
from dcct.provenance.receipt import RECEIPT

STEPS = {"train": "aa", "extract": "bb", "rank": "cc"}
DIGESTS = {
    "data": "d" * 64,
    "checkpoint": "e" * 64,
    "features": "f" * 64,
    "config": STEPS,
    "code": STEPS,
}
MADE = {"precision": "fp32", "device": "cpu", "versions": {"torch": "2"}, "digests": DIGESTS}


@pytest.fixture(scope="session")
def judged():
    """judged(configfile, profile, paths, dataset, split, variant or variant@data set, seed):
    metrics of one run on five identities at two cameras; another split has other identities as
    queries."""

    def write(configfile: Path, profile, paths, dataset, number, name, seed, verification="passed"):
        listed, split = paths.manifest(dataset, number), ["query", "gallery"] * 10
        pids, camids = np.repeat(np.arange(1, 6) + number, 4), np.tile([0, 0, 1, 1], 5)
        write_parquet(
            listed / "tracklets.parquet",
            pa.table(
                [range(20), split, pids, [-1] * 20, camids, range(20), [1] * 20], schema=TRACKLETS
            ),
        )
        variant, draw = (
            load_variant(name, configfile),
            np.random.default_rng([len(name), seed, number]),
        )
        samplers = list(dict.fromkeys([profile.evaluation.samplers[0], "begin", "shuffled"]))
        values = draw.normal(size=(20 * len(samplers), 8)).astype(np.float32)
        features = paths.features(dataset, number, name, seed) / "features.parquet"
        write_parquet(
            features,
            pa.table(
                {
                    "sampler": np.repeat(samplers, 20),
                    "tracklet": pa.array(list(range(20)) * len(samplers), pa.int32()),
                    variant.headline: pa.FixedSizeListArray.from_arrays(
                        pa.array(values.ravel()), 8
                    ),
                }
            ),
        )
        folder = paths.metrics(dataset, number, name, seed)
        rows, queries = judge(features, listed, load_dataset(dataset, configfile), profile, variant)
        header = {
            "split": number,
            "seed": seed,
            "verification": verification,
            "parameters": 7,
            **MADE,
        }
        write_json(
            folder / "metrics.json", write_metrics(rows, queries, header, variant, profile, folder)
        )
        outputs = {file: file_digest(folder / file) for file in ("metrics.json", "queries.parquet")}
        write_json(
            folder / RECEIPT, {"outputs": outputs, "inputs": {}, "settings": "0", "code": "0"}
        )

    return write
