"""CCA: the equation of the paper, and what may not carry a gradient."""

import torch

from dcct.models.cca import CCA


def test_cca_is_the_papers_equation():
    """Projecting only the single q equals the textbook attention written out."""
    torch.manual_seed(0)
    cca, x, g = CCA(8, 6, ["self", "cross"]), torch.randn(3, 5, 8), torch.randn(3, 6)
    mean, parts = x.mean(1), []
    for attention, q in ((cca.self_attention, mean), (cca.cross_attention, g)):
        scores = (attention.k(x) @ attention.q(q)[:, :, None]).squeeze(2) * 4**-0.5
        parts.append((scores.softmax(1)[:, :, None] * attention.v(x)).sum(1))
    y = torch.cat(parts, 1) + mean
    assert torch.allclose(cca(x, g), y + cca.mlp(cca.norm(y)), atol=1e-6)


def test_guide_is_detached():
    """The other branch's feature asks but is not trained by the answer."""
    guide, local = torch.randn(2, 6, requires_grad=True), torch.randn(2, 5, 8, requires_grad=True)
    CCA(8, 6, ["self", "cross"])(local, guide).sum().backward()
    assert guide.grad is None
    assert local.grad.abs().sum() > 0


def test_one_attention_fills_all_channels():
    """The self-only and cross-only ablations keep the output width."""
    for attentions in (["self"], ["cross"]):
        assert CCA(8, 6, attentions)(torch.randn(2, 5, 8), torch.randn(2, 6)).shape == (2, 8)
