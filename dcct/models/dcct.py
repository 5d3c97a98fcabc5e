"""DCCT, or any part of it that a variant names: two backbones, CCA in space, HTA in time, one head
per feature.

Shapes: B clips, T frames, N = B·T frames together, P positions, C channels, K training identities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from dcct.config.profile import Clips, Network
from dcct.config.variant import Variant, network_of
from dcct.models.backbones import CNN, ViT, check_grids
from dcct.models.cca import CCA
from dcct.models.hta import HTA


@dataclass(kw_only=True)
class Scores:
    """What a head says: embedding after BatchNorm (…,C), on which triplets are mined, and logits
    (…,K)."""

    embedding: Tensor
    logits: Tensor


@dataclass(kw_only=True)
class Output:
    """One record for every variant; a variant fills only what it computes.

    features: clip features (B,C): cnn, vit, base (before BatchNorm), spatial, temporal (after), all
    (concatenated). frame: branch → Scores with leading shape (B,T). clip: spatial_cnn, spatial_vit,
    temporal → Scores with (B,). temporal: (B,2d) before BatchNorm, FD's teacher. hints: branch →
    (B,T,2d), FD's students. distill_logits: the variant has LD. embeddings, logits: name → (B,C)
    and (B,K) of a network that is not ours, whose losses see each by itself.
    """

    features: dict[str, Tensor] = field(default_factory=dict)
    frame: dict[str, Scores] = field(default_factory=dict)
    clip: dict[str, Scores] = field(default_factory=dict)
    temporal: Tensor | None = None
    hints: dict[str, Tensor] = field(default_factory=dict)
    distill_logits: bool = False
    embeddings: dict[str, Tensor] = field(default_factory=dict)
    logits: dict[str, Tensor] = field(default_factory=dict)

    def map(self, function: Callable[[Tensor], Tensor]) -> "Output":
        """The same record of function(tensor) for every tensor that the losses read; features are
        left out."""

        def scores(heads: dict[str, Scores]) -> dict[str, Scores]:
            return {
                name: Scores(embedding=function(head.embedding), logits=function(head.logits))
                for name, head in heads.items()
            }

        return Output(
            frame=scores(self.frame),
            clip=scores(self.clip),
            temporal=None if self.temporal is None else function(self.temporal),
            hints={name: function(hint) for name, hint in self.hints.items()},
            distill_logits=self.distill_logits,
            embeddings={name: function(one) for name, one in self.embeddings.items()},
            logits={name: function(one) for name, one in self.logits.items()},
        )


def joined(parts: Sequence[Output]) -> Output:
    """The record of a batch from those of its parts, in order; features are left out."""

    def scores(kind: Literal["frame", "clip"]) -> dict[str, Scores]:
        heads = [getattr(part, kind) for part in parts]
        return {
            name: Scores(
                embedding=torch.cat([part[name].embedding for part in heads]),
                logits=torch.cat([part[name].logits for part in heads]),
            )
            for name in heads[0]
        }

    def tensors(kind: Literal["hints", "embeddings", "logits"]) -> dict[str, Tensor]:
        found = [getattr(part, kind) for part in parts]
        return {name: torch.cat([one[name] for one in found]) for name in found[0]}

    temporal = [part.temporal for part in parts if part.temporal is not None]
    return Output(
        frame=scores("frame"),
        clip=scores("clip"),
        temporal=torch.cat(temporal) if temporal else None,
        hints=tensors("hints"),
        distill_logits=parts[0].distill_logits,
        embeddings=tensors("embeddings"),
        logits=tensors("logits"),
    )


class Head(nn.Module):
    """BatchNorm1d → Linear to K identities (the "BNNeck"). Classifier init N(0, 0.001)."""

    def __init__(
        self, channels: int, identities: int, *, bias: bool = False, frozen_shift: bool = False
    ):
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)
        self.norm.bias.requires_grad_(not frozen_shift)
        self.classifier = nn.Linear(channels, identities, bias=bias)
        nn.init.normal_(self.classifier.weight, std=0.001)
        if bias:
            nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Scores:
        """(B,C) or (B,T,C) → Scores of the same leading shape; statistics run over all leading
        dimensions."""
        embedding = self.norm(x.flatten(0, -2)).view_as(x)
        return Scores(embedding=embedding, logits=self.classifier(embedding))


class DCCT(nn.Module):
    """The network of one variant.

    variant: which parts exist, and backbones of its own. network: the profile's backbones, and
    HTA's width. clips: T and image size. num_identities: K. Raises ConfigError when the two
    branches' grids differ, or channels cannot be shared out.
    """

    def __init__(self, variant: Variant, network: Network, clips: Clips, num_identities: int):
        super().__init__()
        self.variant, network = variant, network_of(variant, network)
        self.cca_cnn: CCA | None = None
        self.cca_vit: CCA | None = None
        self.hta: HTA | None = None
        size = (clips.height, clips.width)
        self.cnn = CNN(network.cnn, size) if "cnn" in variant.branches else None
        self.vit = ViT(network.vit, size) if "vit" in variant.branches else None
        self.head_cnn = Head(self.cnn.channels, num_identities) if self.cnn else None
        # The official program gives the ViT's classifier a bias and freezes its BatchNorm's.
        self.head_vit = (
            Head(self.vit.channels, num_identities, bias=True, frozen_shift=True)
            if self.vit
            else None
        )
        if self.cnn and self.vit:
            check_grids(self.cnn, self.vit, size)
        self.distill_logits = variant.distill.logit
        if self.cnn and self.vit:
            channels = self.cnn.channels, self.vit.channels
            if variant.cca:
                self._add_cca(*channels, variant.cca, num_identities)
            if variant.hta:
                width = round(network.hta_width * variant.hta.width_factor)
                hta = HTA(*channels, width, clips.length, variant.hta.levels, variant.hta.gate)
                self._add_hta(*channels, hta, variant.distill.feature, num_identities)

    def _add_cca(self, cnn: int, vit: int, attentions: Sequence[str], num_identities: int) -> None:
        """cnn, vit: their channels."""
        self.cca_cnn, self.cca_vit = CCA(cnn, vit, attentions), CCA(vit, cnn, attentions)
        self.head_spatial_cnn = Head(cnn, num_identities)
        self.head_spatial_vit = Head(vit, num_identities)

    def _add_hta(self, cnn: int, vit: int, hta: HTA, with_hints: bool, num_identities: int) -> None:
        """cnn, vit: their channels."""
        self.hta = hta
        self.head_temporal = Head(hta.channels, num_identities)
        self.hint_cnn = nn.Linear(cnn, hta.channels) if with_hints else None
        self.hint_vit = nn.Linear(vit, hta.channels) if with_hints else None

    def forward(self, clips_BTCHW: Tensor) -> Output:
        """Normalised clips (B,T,3,H,W) → Output."""
        shape = clips_BTCHW.shape[:2]
        x_NCHW = clips_BTCHW.flatten(0, 1)
        output, base = Output(distill_logits=self.distill_logits), {}
        if self.cnn:
            cnn_NPC = self.cnn(x_NCHW)
            base["cnn"] = cnn_NPC.mean(1)
        if self.vit:
            base["vit"], vit_NPC = self.vit(x_NCHW)
        for branch, feature_NC in base.items():
            feature_BTC = feature_NC.unflatten(0, shape)
            output.features[branch] = feature_BTC.mean(1)
            output.frame[branch] = getattr(self, f"head_{branch}")(feature_BTC)
        output.features["base"] = torch.cat([output.features[branch] for branch in base], dim=1)
        if self.cca_cnn and self.cca_vit:
            space = {
                "cnn": self.cca_cnn(cnn_NPC, base["vit"]).unflatten(0, shape),
                "vit": self.cca_vit(vit_NPC, base["cnn"]).unflatten(0, shape),
            }
            self._clip_in_space(space, output)
            if self.hta:
                output.temporal = self.hta(space["cnn"], space["vit"]).mean(1)
                frames = {name: feature.unflatten(0, shape) for name, feature in base.items()}
                self._clip_in_time(output.temporal, frames, output)
            parts = [
                output.features[name]
                for name in ("base", "spatial", "temporal")
                if name in output.features
            ]
            output.features["all"] = torch.cat(parts, dim=1)
        return output

    def _clip_in_space(self, space: dict[str, Tensor], output: Output) -> None:
        """CCA outputs (B,T,C) → spatial heads on the mean over time."""
        output.clip["spatial_cnn"] = self.head_spatial_cnn(space["cnn"].mean(1))
        output.clip["spatial_vit"] = self.head_spatial_vit(space["vit"].mean(1))
        output.features["spatial"] = torch.cat(
            [output.clip["spatial_cnn"].embedding, output.clip["spatial_vit"].embedding], dim=1
        )

    def _clip_in_time(self, temporal_BE: Tensor, base: dict[str, Tensor], output: Output) -> None:
        """Mean of HTA's output over time (B,2d) → temporal head; base features (B,T,C) → FD's
        hints."""
        output.clip["temporal"] = self.head_temporal(temporal_BE)
        output.features["temporal"] = output.clip["temporal"].embedding
        if self.hint_cnn and self.hint_vit:
            output.hints = {"cnn": self.hint_cnn(base["cnn"]), "vit": self.hint_vit(base["vit"])}
