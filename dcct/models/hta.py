"""Hierarchical Temporal Aggregation (paper, Section III-C): time gathered in levels, with gated
attention between them.

Shapes: B clips, T frames, D = d the aligned width of a branch, 2D the joint width, C a branch's own
channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dcct.errors import ConfigError

HEADS = 8
MLP_RATIO = {1: 4.0, 2: 0.25}
"""Level → MLP ratio of its blocks (official program)."""


class TemporalBlock(nn.Module):
    """Position embedding, pre-norm attention WITHOUT output projection, pre-norm MLP, final norm
    (official program)."""

    def __init__(self, width: int, clip_length: int, mlp_ratio: float):
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.position = nn.Parameter(torch.zeros(1, clip_length, width))
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.apply(_init_linear)
        nn.init.trunc_normal_(self.position, std=0.02)

    def forward(self, x_BTC: Tensor) -> Tensor:
        x_BTC = x_BTC + self.position
        x_BTC = x_BTC + self.attention(self.norm1(x_BTC))
        x_BTC = x_BTC + self.mlp(self.norm2(x_BTC))
        return self.norm(x_BTC)

    def attention(self, x_BTC: Tensor) -> Tensor:
        """Eight-head self-attention over time."""
        q, k, v = self.qkv(x_BTC).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class Gate(nn.Module):
    """Gated attention: the joint level-1 clip vector f decides, per channel, how much of a branch
    goes on."""

    def __init__(self, width: int, gated: bool):
        super().__init__()
        self.guide = nn.Linear(2 * width, width, bias=False)
        self.norm = nn.BatchNorm1d(width) if gated else None
        self.gate = nn.Linear(width, width) if gated else None

    def forward(self, x_BTD: Tensor, joint_BTE: Tensor) -> Tensor:
        """x ← x·a + f·(1−a) with a = sigmoid(Linear(BatchNorm(x·f))); ungated: x + f. joint_BTE has
        E = 2D channels."""
        f_BTD = self.guide(joint_BTE.mean(1, keepdim=True)).expand_as(x_BTD)
        if self.gate is None or self.norm is None:
            return x_BTD + f_BTD
        product = (x_BTD * f_BTD).flatten(0, 1)
        a_BTD = torch.sigmoid(self.gate(self.norm(product))).view_as(x_BTD)
        return x_BTD * a_BTD + f_BTD * (1 - a_BTD)


class Level(nn.Module):
    """One block per branch, then one joint block over the concatenated channels."""

    def __init__(self, width: int, clip_length: int, mlp_ratio: float):
        super().__init__()
        self.cnn = TemporalBlock(width, clip_length, mlp_ratio)
        self.vit = TemporalBlock(width, clip_length, mlp_ratio)
        self.joint = TemporalBlock(2 * width, clip_length, mlp_ratio)

    def forward(self, cnn_BTD: Tensor, vit_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        cnn_BTD, vit_BTD = self.cnn(cnn_BTD), self.vit(vit_BTD)
        return cnn_BTD, vit_BTD, self.joint(torch.cat([cnn_BTD, vit_BTD], dim=-1))


class HTA(nn.Module):
    """Both CCA outputs per frame → temporal tokens of the joint width. Inputs are detached: HTA
    trains only itself."""

    def __init__(
        self,
        cnn_channels: int,
        vit_channels: int,
        width: int,
        clip_length: int,
        levels: int,
        gated: bool,
    ):
        super().__init__()
        if not width or width % HEADS:
            raise ConfigError(
                f"network.hta_width times hta.width_factor is {width}, and HTA has {HEADS} heads:"
                f" set a multiple of {HEADS}"
            )
        self.align_cnn = nn.Linear(cnn_channels, width)
        self.align_vit = nn.Linear(vit_channels, width)
        self.level1 = Level(width, clip_length, MLP_RATIO[1])
        self.gate_cnn = Gate(width, gated) if levels == 2 else None
        self.gate_vit = Gate(width, gated) if levels == 2 else None
        self.level2 = Level(width, clip_length, MLP_RATIO[2]) if levels == 2 else None
        self.channels = 2 * width

    def forward(self, cnn_BTC: Tensor, vit_BTC: Tensor) -> Tensor:
        """CCA outputs (B,T,C) of the two branches → (B,T,2D)."""
        cnn_BTD, vit_BTD = self.align_cnn(cnn_BTC.detach()), self.align_vit(vit_BTC.detach())
        cnn_BTD, vit_BTD, joint_BTE = self.level1(cnn_BTD, vit_BTD)
        if self.level2 and self.gate_cnn and self.gate_vit:
            cnn_BTD, vit_BTD = self.gate_cnn(cnn_BTD, joint_BTE), self.gate_vit(vit_BTD, joint_BTE)
            _, _, joint_BTE = self.level2(cnn_BTD, vit_BTD)
        return joint_BTE


def _init_linear(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
