"""Complementary Content Attention (paper, Section III-B): one branch's positions, guided by itself
and by the other.

Shapes: N frames, P positions, C channels of this branch, G channels of the other, M = C / number of
attentions.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcct.errors import ConfigError


class Attention(nn.Module):
    """One single-head attention with one q per frame, all linears bias-free."""

    def __init__(self, q_channels: int, channels: int, out_channels: int):
        super().__init__()
        self.q = nn.Linear(q_channels, out_channels, bias=False)
        self.k = nn.Linear(channels, out_channels, bias=False)
        self.v = nn.Linear(channels, out_channels, bias=False)

    def forward(self, q_NG: Tensor, x_NPC: Tensor) -> Tensor:
        """q_NG (N,G) asks the positions x_NPC (N,P,C) → (N,M)."""
        q_N1M = self.q(q_NG).unsqueeze(1)
        return F.scaled_dot_product_attention(q_N1M, self.k(x_NPC), self.v(x_NPC)).squeeze(1)


class CCA(nn.Module):
    """Self-attention asks with the branch's own mean, cross-attention with the other branch's
    feature (detached)."""

    def __init__(self, channels: int, guide_channels: int, attentions: Sequence[str]):
        super().__init__()
        width, rest = divmod(channels, len(attentions))
        if rest:
            raise ConfigError(
                f"cca: {channels} channels of a backbone cannot be shared by {len(attentions)}"
                " attentions: name one attention, or a backbone whose channels divide"
            )
        self.self_attention = Attention(channels, channels, width) if "self" in attentions else None
        self.cross_attention = (
            Attention(guide_channels, channels, width) if "cross" in attentions else None
        )
        self.norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, channels, bias=False),
            nn.ReLU(),
            nn.Linear(channels, channels, bias=False),
        )

    def forward(self, x_NPC: Tensor, guide_NG: Tensor) -> Tensor:
        """Local features (N,P,C) and the other branch's global feature (N,G) → (N,C)."""
        mean_NC = x_NPC.mean(1)
        attended = []
        if self.self_attention is not None:
            attended.append(self.self_attention(mean_NC, x_NPC))
        if self.cross_attention is not None:
            attended.append(self.cross_attention(guide_NG.detach(), x_NPC))
        y_NC = torch.cat(attended, dim=1) + mean_NC
        return y_NC + self.mlp(self.norm(y_NC))
