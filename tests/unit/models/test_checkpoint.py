"""Checkpoints are refused when they are another network's."""

import pytest
import torch

from dcct.errors import DataError
from dcct.models.checkpoint import load_model, save_model


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s.pop("bias"), "bias is missing"),
        (lambda s: s.update(extra=torch.zeros(1)), "extra is unexpected"),
        (
            lambda s: s.update(weight=torch.zeros(3, 3)),
            r"weight has shape \(3, 3\), expected \(2, 4\)",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_checkpoint_of_another_network_is_named(tmp_path, change, complaint):
    """What is missing, unexpected or of another shape is said by name."""

    class Holder(torch.nn.Module):
        def __init__(self, state):
            super().__init__()
            for name, value in state.items():
                self.register_buffer(name, value)

    state = torch.nn.Linear(4, 2).state_dict()
    change(state)
    save_model(Holder(state), tmp_path / "model.safetensors")
    with pytest.raises(DataError, match=complaint):
        load_model(torch.nn.Linear(4, 2), tmp_path / "model.safetensors")
