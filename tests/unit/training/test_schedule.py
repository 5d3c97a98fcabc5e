"""The official recipe's learning rate and the distillation ramp, epoch by epoch."""

import pytest

from dcct.config.load import load_profile
from dcct.training.schedule import distill_weight_at, lr_at


def test_official_recipe(root):
    """×0.01 → 1 over 10 epochs, ×0.3 at 70, 140, 210, 280, 350; distillation whole from the
    start."""
    training = load_profile(root / "config/paper.yaml").training
    found = [
        lr_at(epoch, training) / 3.5e-4 for epoch in (0, 5, 10, 69, 70, 140, 210, 280, 350, 399)
    ]
    assert found == pytest.approx([0.01, 0.505, 1, 1, 0.3, 0.09, 0.027, 0.0081, 0.00243, 0.00243])
    assert distill_weight_at(0, training) == 1


def test_embedded_profile_delays_distillation(root):
    """The default profile starts distillation late and ramps it up."""
    training = load_profile(root / "config/config.yaml").training
    weights = [distill_weight_at(epoch, training) for epoch in range(training.epochs)]
    start = training.distillation.start_epoch
    assert start > 0
    assert weights[start - 1] == 0
    assert 0 < weights[start] < 1
    assert weights == sorted(weights)
    assert weights[-1] == 1
