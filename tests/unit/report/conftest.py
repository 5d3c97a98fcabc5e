"""Results without any network: random features, evaluated by the real code."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.evaluation.features import feature_table
from dcct.evaluation.protocol import evaluate_features, write_metrics
from dcct.files import file_digest, write_json
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.steps import read_pipeline

MADE = {"precision": "fp32", "device": "cpu", "versions": {"torch": "2"}}
DIGESTS = {"data": "d" * 64, "checkpoint": "e" * 64, "features": "f" * 64}


@pytest.fixture(scope="session")
def project(root):
    """project(folder, base, tables, **changes): a shipped profile, changed, with further tables, in
    a folder of its own."""

    def make(folder: Path, base: str = "test", tables: dict | None = None, **changes) -> Pipeline:
        if not (folder / "config").exists():
            shutil.copytree(root / "config", folder / "config")
        for name, content in (tables or {}).items():
            text = yaml.safe_dump({"title": name, "about": "Made up.", **content})
            (folder / f"config/tables/{name}.yaml").write_text(text)
        profile = yaml.safe_load((root / f"config/{base}.yaml").read_text())
        for key, change in changes.items():
            profile[key] = profile.get(key, {}) | change if isinstance(change, dict) else change
        if tables:
            profile["tables"] = [*tables]
        profile |= {"data_dir": str(folder / "data"), "results_dir": str(folder / "results")}
        (folder / "config/profile.yaml").write_text(yaml.safe_dump(profile))
        return read_pipeline(folder / "config/profile.yaml")

    return make


@pytest.fixture(scope="session")
def evaluated():
    """evaluated(pipeline, dataset, split, label, seed): one run on five identities at two cameras,
    whose queries are other people in another split. Returns its job."""

    def write(pipeline: Pipeline, dataset, split, label, seed, verification="passed") -> Job:
        job = pipeline.job("rank", dataset, split, label, seed)
        manifest, variant = job.other("manifest"), pipeline.variant(label)
        pids, camids = np.repeat(np.arange(1, 6) + split, 4), np.tile([0, 0, 1, 1], 5)
        columns = [range(20), ["query", "gallery"] * 10, pids, [-1] * 20, camids, range(20)]
        listed = pa.table([*columns, [1] * 20], schema=TRACKLETS)
        write_parquet(manifest / "tracklets.parquet", listed)
        samplers = dict.fromkeys([pipeline.profile.evaluation.samplers[0], "begin", "shuffled"])
        keys = [(sampler, tracklet) for sampler in samplers for tracklet in range(20)]
        draw = np.random.default_rng([len(label), seed, split])
        values = draw.normal(size=(len(keys), 8)).astype(np.float32)
        features = job.other("extract") / "features.parquet"
        write_parquet(features, feature_table(keys, {variant.headline: values}))
        protocol, profile = pipeline.dataset(dataset).protocol, pipeline.profile
        found = evaluate_features(features, manifest.folder, protocol, profile)
        header = {**job.values, "verification": verification, "parameters": 7, **MADE}
        header |= {"trained_on": pipeline.training_of(job)["dataset"], "digests": DIGESTS}
        write_metrics(found, header, (next(iter(samplers)), variant.headline), job.folder)
        write_json(job.receipt, {"outputs": {one.name: file_digest(one) for one in job.outputs}})
        for made in (pipeline.training_of(job), job.other("extract"), job):
            record = {"settings": f"settings of {made}", "code": f"code of {made.step.verb}"}
            write_json(made.record, {"seconds": 1.0, "train_seconds": 2.0, "inputs": {}, **record})
        return job

    return write
