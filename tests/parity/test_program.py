"""Around the network: what the authors' released program was seen to do (README.md here)."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from dcct import walkers
from dcct.clips.frames import pack, resized
from dcct.clips.sampling import dense, random_interval, write_test_clips
from dcct.clips.transforms import ERASED_ASPECT, to_input
from dcct.config.dataset import Expected, WalkersSpec
from dcct.config.load import load_dataset, load_profile, load_variant
from dcct.datasets.manifest import read_manifest, write_manifest
from dcct.datasets.readers import read_tracklets
from dcct.datasets.verify import verify
from dcct.evaluation.features import feature_sets
from dcct.evaluation.protocol import evaluate_features
from dcct.inference.extraction import Extraction, extract
from dcct.losses import feature_distillation
from dcct.models.checkpoint import save_model
from dcct.models.dcct import DCCT
from dcct.runtime.progress import Progress
from dcct.training.schedule import lr_at

SEEN = json.loads((Path(__file__).parent / "program.json").read_text())
DRAWS = 3000


@pytest.fixture(scope="module")
def paper(root):
    """The profile of the published recipe."""
    return load_profile(root / "config/paper.yaml")


@pytest.mark.parametrize(
    ("length", "clip", "cap", "count", "stride", "starts"), SEEN["dense_over_cap"]
)
def test_capped_dense_clips_are_consecutive_and_span_the_tracklet(
    length, clip, cap, count, stride, starts
):
    """As many clips as recorded, at the recorded stride; every first frame is one that the program
    may draw, and together they fill its range."""
    drawn = [dense(length, clip, cap, np.random.default_rng(seed)) for seed in range(DRAWS)]
    assert all(clips.shape == (count, clip) for clips in drawn)
    assert all((np.diff(clips, axis=1) == stride).all() for clips in drawn[:5])
    assert all((np.diff(clips[:, 0]) == 1).all() for clips in drawn[:5])
    first = {int(clips[0, 0]) for clips in drawn}
    assert starts[0] <= min(first) <= max(first) <= starts[1]
    assert len(first) > 0.9 * (starts[1] - starts[0] + 1)


@pytest.mark.parametrize(("length", "stride", "starts"), SEEN["random_interval"])
def test_random_interval_starts_where_the_program_does(length, stride, starts):
    """T = 8: the first of the eight runs begins within the recorded range, and reaches both
    ends."""
    clips = [random_interval(length, 8, np.random.default_rng(seed)) for seed in range(DRAWS)]
    first = [int(positions[0]) for positions in clips]
    assert min(first) >= starts[0]
    assert max(first) <= starts[1] + stride - 1
    if length < 100:  # long ones are too seldom drawn at their very ends
        assert (min(first), max(first)) == (starts[0], starts[1] + stride - 1)


def test_learning_rates_of_all_epochs(paper):
    """400 epochs of the paper profile, to 1e-12 relative."""
    turns = [*SEEN["learning_rate_from_epoch"], [400, None]]
    expected = [rate for (epoch, rate), (until, _) in pairwise(turns) for _ in range(epoch, until)]
    found = [lr_at(epoch, paper.training) for epoch in range(paper.training.epochs)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_erased_pixels_are_the_programs(paper):
    """The fill is the recorded one after normalisation, in every frame of a clip; the other choice
    is the mean colour."""
    frame = torch.zeros(1, 2, 6, 4, 3, dtype=torch.uint8)
    box = torch.tensor([[1, 1, 2, 2, 0, 0, 0]])
    inside = to_input(frame, box, paper.training.erasing_fill)[0, :, :, 1:3, 1:3]
    expected = torch.tensor(SEEN["random_erasing"]["fill"]).view(1, 3, 1, 1).expand_as(inside)
    torch.testing.assert_close(inside, expected)
    assert not to_input(frame, box, "mean")[0, :, :, 1:3, 1:3].any()
    assert list(ERASED_ASPECT) == SEEN["random_erasing"]["aspect"]


def test_frames_are_resized_as_the_program_does(paper):
    """Test frames and training frames of the paper profile, byte for byte."""
    i = (np.indices((64, 32)).sum(0) * 7 % 256).astype(np.uint8)
    image = np.stack([i, i.T.copy().reshape(64, 32), 255 - i], -1)
    clips, seen = paper.clips, SEEN["resize"]
    assert [clips.height, clips.width] == seen["size"]
    for method in (clips.test_resize, clips.train_resize):
        pixels = resized(image, clips.height, clips.width, method)
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == seen[method]
    assert (clips.train_resize, clips.test_resize) == ("bicubic", "bilinear")


@pytest.mark.parametrize(("cards", "share"), SEEN["fd_share_of_cards"].items())
def test_feature_distillation_over_cards(cards, share):
    """FD and its gradient fall with the root of the number of cards, as recorded, to 1e-3."""
    draw = torch.Generator().manual_seed(0)
    hint = torch.randn(32, 8, 1024, generator=draw, requires_grad=True)
    teacher = torch.randn(32, 1024, generator=draw)
    found = []
    for number in (1, int(cards)):
        loss = feature_distillation(hint, teacher, number)
        (gradient,) = torch.autograd.grad(loss, hint)
        found.append((loss.item(), gradient.norm().item()))
    (whole, slope), (parts, gradient) = found
    assert parts / whole == pytest.approx(share, rel=1e-3)
    assert gradient / slope == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize("height", [64, 256])
def test_from_files_to_map(height, profile, root, tmp_path):
    """Frames of 64×32 and 256×128 through every step at the test profile's size: features are those
    of the files read, resized and normalised by hand, to 1e-5, and mAP is that of lists in
    Python."""
    spec = WalkersSpec(
        **load_dataset("walkers-test", root / "config/test.yaml").walkers.model_dump()
        | {"train_ids": 2, "test_ids": 4, "frames": 9, "height": height, "junk": 0}
    )
    walkers.write(tmp_path / "data", spec)
    dataset = load_dataset("walkers-test", root / "config/test.yaml").model_copy(
        update={"walkers": spec, "expected": Expected()}
    )
    listing, manifest = tmp_path / "verified/frames.parquet", tmp_path / "manifest"
    verify(dataset, tmp_path / "data", listing, Progress())
    write_manifest(read_tracklets("mars", tmp_path / "data"), listing, manifest)
    clips = profile.clips.model_copy(update={"decoded": height == 64})
    pack(listing, tmp_path / "data", tmp_path / "frames", tmp_path / "work", clips, Progress())
    drawn = tmp_path / "clips.parquet"
    write_test_clips(manifest, drawn, ["dense"], clips.length, 200, "clips")
    variant = load_variant("dcct", root / "config/test.yaml")
    torch.manual_seed(0)
    model = DCCT(variant, profile.network, clips, spec.train_ids).eval()
    save_model(model, tmp_path / "model.safetensors")
    job = Extraction(
        variant=variant,
        profile=profile,
        samplers=("dense",),
        clips=drawn,
        frames=tmp_path / "frames",
        manifest=manifest,
        trained_on=manifest,
        checkpoint=tmp_path / "model.safetensors",
        work=tmp_path / "shards",
        digests={},
    )
    features = tmp_path / "features.parquet"
    extract(job, features, Progress())
    made = pq.read_table(features)

    paths = pq.read_table(listing)["path"].to_pylist()
    tracklets = read_manifest(manifest).to_pylist()
    by_hand = {}
    for tracklet in tracklets:
        if tracklet["split"] != "train":
            files = paths[tracklet["first_frame"] :][: tracklet["frames"]]
            by_hand[tracklet["tracklet"]] = _features_by_hand(
                model, [tmp_path / "data" / file for file in files], clips
            )
    found = dict(zip(made["tracklet"].to_pylist(), feature_sets(made)["all"], strict=True))
    assert found.keys() == by_hand.keys()
    for number, expected in by_hand.items():
        np.testing.assert_allclose(found[number], expected, atol=1e-5)

    rows = evaluate_features(features, manifest, dataset.protocol, profile).rows
    score = next(row["mAP"] for row in rows if row["feature"] == "all")
    assert score == pytest.approx(_map_by_hand(tracklets, found), abs=1e-9)


def _features_by_hand(model, files, clips):
    """Mean over the dense clips of a tracklet, whose frames are resized bilinearly."""
    mean, std = (np.array(x, np.float32) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    size, resampling = (clips.width, clips.height), Image.Resampling.BILINEAR
    frames = [
        np.asarray(Image.open(file).convert("RGB").resize(size, resampling)) for file in files
    ]
    x = np.stack([(frame.astype(np.float32) / 255 - mean) / std for frame in frames])
    count = len(files) // clips.length
    positions = np.arange(count)[:, None] + count * np.arange(clips.length)[None]
    with torch.inference_mode():
        output = model(torch.from_numpy(x.transpose(0, 3, 1, 2)[positions]).contiguous())
    return output.features["all"].mean(0).numpy()


def _map_by_hand(tracklets, features):
    """MARS' rule: gallery and queries together, without the query's own identity and camera."""
    tested = [one for one in tracklets if one["split"] != "train"]
    unit = {number: x / np.linalg.norm(x) for number, x in features.items()}
    scores = []
    for query in (one for one in tested if one["split"] == "query"):
        q = unit[query["tracklet"]]
        ranked = sorted(tested, key=lambda one: -float(q @ unit[one["tracklet"]]))
        same = [
            one["pid"] == query["pid"]
            for one in ranked
            if (one["pid"], one["camid"]) != (query["pid"], query["camid"])
        ]
        hits = np.flatnonzero(same) + 1
        if len(hits):
            scores.append(np.mean(np.arange(1, len(hits) + 1) / hits))
    return np.mean(scores)
