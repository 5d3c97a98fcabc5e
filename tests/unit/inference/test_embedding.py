"""Features of unlabelled tracklets: those of the workflow, whatever interrupts them."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import dcct
from dcct.datasets.images import decode
from dcct.datasets.manifest import read_manifest
from dcct.datasets.mars import read_tracklets
from dcct.evaluation.features import feature_sets
from dcct.inference import embedding
from dcct.inference.extraction import extract
from dcct.runtime.progress import Progress


@pytest.fixture
def tracklets(tiny, tmp_path):
    """The test tracklets' own images as <camera>/<number in the manifest>/."""
    listed = read_manifest(tiny.manifest).to_pylist()
    for row, tracklet in zip(listed, read_tracklets(tiny.data), strict=True):
        folder = tmp_path / f"tracklets/cam{tracklet.camid}/{row['tracklet']}"
        if tracklet.split != "train":
            folder.mkdir(parents=True)
            for place, frame in enumerate(tracklet.frames):
                os.link((tiny.data / frame).resolve(), folder / f"{place}.jpg")
    return tmp_path / "tracklets"


@pytest.mark.parametrize("sampler", ["begin", "dense"])
def test_features_are_the_workflows(job, model_folder, tracklets, tmp_path, sampler):
    """To 1e-6, every feature set of every tracklet, through `embed` and through a model's own."""
    extract(job("dcct"), tmp_path / "features.parquet", Progress())
    made = pq.read_table(tmp_path / "features.parquet")
    made = made.filter([one.as_py() == sampler for one in made["sampler"]])
    expected = feature_sets(made)
    model = dcct.load(model_folder("dcct"), device="cpu")
    found = dcct.embed(model, tracklets, sampler=sampler)
    assert sorted(map(int, found["tracklet"].to_pylist())) == made["tracklet"].to_pylist()
    order = np.argsort([int(name) for name in found["tracklet"].to_pylist()])
    assert found.column_names == ["camera", "tracklet", "frames", *model.config.features]
    for name, values in expected.items():
        own = np.stack(found[name].to_pylist())[order]
        assert own.shape[1] == model.config.features[name]
        assert np.abs(own - values).max() < 1e-6
    folder = tracklets / found["camera"][0].as_py() / found["tracklet"][0].as_py()
    paths = sorted(folder.iterdir(), key=lambda path: int(path.stem))
    alone = model.embed([decode(path.read_bytes(), "") for path in paths], sampler=sampler)
    assert np.abs(alone["all"] - np.array(found["all"][0].as_py())).max() < 1e-6


def test_an_interrupted_run_goes_on(model_folder, tracklets, tmp_path, monkeypatch):
    """A damaged frame in the last shard is one line that names it; put right, only what was not
    whole is made, and the file is that of a run in one go."""
    monkeypatch.setattr(embedding, "SHARD_CLIPS", 5)
    model = dcct.load(model_folder("dcct"), device="cpu")
    dcct.embed(model, tracklets, tmp_path / "at-once.parquet")
    last = dcct.embed(model, tracklets)["frames"][-1][0].as_py()
    content = (tracklets / last).read_bytes()
    (tracklets / last).unlink()
    (tracklets / last).write_bytes(content[:-50])
    with pytest.raises(dcct.DcctError, match=f"{last}: frame cannot be decoded"):
        dcct.embed(model, tracklets, tmp_path / "again.parquet")
    assert not (tmp_path / "again.parquet").exists()
    work = tmp_path / ".again.parquet.work"
    kept = {path: path.stat().st_mtime_ns for path in work.glob("*.parquet")}
    assert len(kept) > 1
    (tracklets / last).write_bytes(content)
    said = []
    monkeypatch.setattr(Progress, "say", lambda self, line: said.append(line))
    dcct.embed(model, tracklets, tmp_path / "again.parquet")
    assert f"going on after {len(kept)} of {len(kept) + 1} shards" in said
    assert not work.exists()
    both = [(tmp_path / f"{name}.parquet").read_bytes() for name in ("again", "at-once")]
    assert both[0] == both[1]


def test_what_is_no_sampler_or_file_is_one_line(model_folder, tracklets, tmp_path):
    """Before anything is written."""
    model = dcct.load(model_folder("cnn"), device="cpu")
    with pytest.raises(dcct.DcctError, match="sampler: all is none: name begin or dense"):
        dcct.embed(model, tracklets, tmp_path / "a.parquet", sampler="all")
    with pytest.raises(dcct.DcctError, match=r"a.csv: is no name of a parquet file"):
        dcct.embed(model, tracklets, tmp_path / "a.csv")
    assert not list(tmp_path.glob("a.*"))


def test_another_config_gives_other_features(model_folder, tracklets, tmp_path):
    """Of the same weights: what was embedded by the one is not taken for the other's."""
    folder = model_folder("cnn")
    dcct.embed(folder, tracklets, tmp_path / "a.parquet")
    seen = dcct.load(folder, device="cpu").config.preprocessing
    larger = {"height": seen.height * 2, "width": seen.width * 2}
    config = json.loads((folder / "config.json").read_text())
    config["preprocessing"] |= larger
    (folder / "config.json").write_text(json.dumps(config))
    found = dcct.embed(folder, tracklets, tmp_path / "a.parquet")
    assert found.equals(dcct.embed(folder, tracklets))


def test_features_that_are_no_numbers_are_refused(model_folder, tracklets, tmp_path):
    """One line that names the model, and no file."""
    model = dcct.load(model_folder("cnn"), device="cpu")
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(dcct.DcctError, match=f"{model.folder}: gives what cannot be compared"):
        dcct.embed(model, tracklets, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_a_killed_run_among_the_tracklets_goes_on(model_folder, tracklets):
    """What it leaves beside its file is no camera, be the file in the folder that is read."""
    out = tracklets / "features.parquet"
    code = (
        "import os, sys, dcct\nfrom dcct.inference import embedding\n"
        "embedding._table = lambda *_: os._exit(9)\ndcct.embed(*sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, model_folder("cnn"), tracklets, out]
    assert subprocess.run(command).returncode == 9
    assert sum(path.is_dir() for path in tracklets.glob(".*")) == 1
    found = dcct.embed(model_folder("cnn"), tracklets, out)
    assert found.num_rows == sum(1 for _ in tracklets.glob("*/*/"))
    assert not list(tracklets.glob(".*"))
