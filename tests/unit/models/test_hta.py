"""HTA: shapes, detachment, and the gate's limits."""

import torch

from dcct.models.hta import HTA, Gate


def test_inputs_are_detached():
    """HTA trains neither CCA nor the backbones."""
    cnn, vit = torch.randn(2, 4, 10, requires_grad=True), torch.randn(2, 4, 6, requires_grad=True)
    out = HTA(10, 6, 16, clip_length=4, levels=2, gated=True)(cnn, vit)
    assert out.shape == (2, 4, 32)
    out.sum().backward()
    assert cnn.grad is None
    assert vit.grad is None


def test_gate_chooses_between_branch_and_guide():
    """A gate driven to 1 passes the branch unchanged, to 0 only the guide."""
    gate, x, joint = Gate(4, gated=True).eval(), torch.randn(2, 3, 4), torch.randn(2, 3, 8)
    torch.nn.init.zeros_(gate.gate.weight)
    guide = gate.guide(joint.mean(1, keepdim=True)).expand_as(x)
    for bias, expected in ((50.0, x), (-50.0, guide)):
        torch.nn.init.constant_(gate.gate.bias, bias)
        assert torch.allclose(gate(x, joint), expected, atol=1e-6)


def test_second_level_is_left_out_at_one_level():
    """levels=1 stops after the first joint block and has no parameters beyond it."""
    names = [
        name for name, _ in HTA(10, 6, 16, clip_length=4, levels=1, gated=True).named_parameters()
    ]
    assert not [name for name in names if "level2" in name or "gate" in name]
