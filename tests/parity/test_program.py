"""Around the network: what the authors' released program was seen to do (README.md here)."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from dcct.clips.frames import resized
from dcct.clips.sampling import dense, random_interval
from dcct.clips.transforms import ERASED_ASPECT, to_input
from dcct.config.load import load_profile
from dcct.losses import feature_distillation
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
