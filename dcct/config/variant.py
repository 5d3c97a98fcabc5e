"""A variant: which parts of the network exist, and backbones of its own."""

from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from dcct.config.profile import Backbone, CnnBackbone, Network, Weights
from dcct.config.section import Line, Model
from dcct.errors import ConfigError

Branch = Literal["cnn", "vit"]


class Backbones(Model):
    """Backbones in place of the profile's."""

    cnn: CnnBackbone | None = None
    """The convolutional branch, as in a profile."""
    vit: Backbone | None = None
    """The transformer branch, as in a profile."""
    weights: dict[Branch, str] = {}
    """Their pretrained weights, where the profile's source is not scratch: timm's tag (hub) or a
    file name (folder)."""

    @property
    def branches(self) -> list[Branch]:
        """Those that are named."""
        return [branch for branch in get_args(Branch) if getattr(self, branch)]


class Distill(Model):
    feature: bool
    """FD: hints follow the temporal feature."""
    logit: bool
    """LD: frame classifiers follow the temporal classifier."""


class Hta(Model):
    levels: Literal[1, 2]
    """1 stops after the first joint block."""
    gate: bool
    """Gated attention before level 2; without it the guide is added."""
    width_factor: float = Field(default=1.0, gt=0, le=1000)
    """Width d as a multiple of the profile's hta_width: one file serves the full size and the
    embedded one."""


class Variant(Model):
    title: Line
    """Name in tables and figures."""
    branches: list[Branch] = Field(min_length=1)
    """Backbones; two make a coupled network."""
    cca: list[Literal["self", "cross"]]
    """Attentions of CCA; empty for no CCA."""
    hta: Hta | None
    """Hierarchical temporal aggregation, or null."""
    distill: Distill
    """Self-distillation to the backbones."""
    headline: Literal["base", "spatial", "temporal", "all"]
    """Feature set that tables report."""
    trained: bool = True
    """False: evaluated at its initial weights."""
    backbone_of: str | None = None
    """Nothing is trained: this backbone is taken out of that variant's checkpoint and evaluated
    alone."""

    network: Backbones | None = None
    """Backbones of its own, so that two stand in one table."""

    @model_validator(mode="after")
    def _parts_fit(self):
        if self.cca and len(set(self.branches)) < 2:
            raise ValueError("cca couples two branches: branches must be [cnn, vit]")
        if self.hta and not self.cca:
            raise ValueError("hta reads CCA's outputs: cca must not be empty")
        if (self.distill.feature or self.distill.logit) and not self.hta:
            raise ValueError("distillation teaches from the temporal head: hta must not be null")
        if len(set(self.cca)) < len(self.cca) or len(set(self.branches)) < len(self.branches):
            raise ValueError("cca and branches name each of theirs once")
        needed = {"spatial": "cca", "all": "cca", "temporal": "hta"}.get(self.headline)
        if needed and not getattr(self, needed):
            raise ValueError(
                f"headline: {self.headline} features come with {needed}, which it has not: name"
                " features that it computes, or base"
            )
        if self.backbone_of and len(self.branches) != 1:
            raise ValueError(
                "backbone_of takes one branch out of a checkpoint: branches must hold one name"
            )
        for branch in self.network.branches if self.network else ():
            if branch not in self.branches:
                raise ValueError(f"network.{branch} is not among branches: name it there, or here")
        return self


def own_branches(variant: Variant) -> list[Branch]:
    """The branches whose backbones are the variant's own."""
    return variant.network.branches if variant.network else []


def network_of(variant: Variant, network: Network) -> Network:
    """A profile's network with the variant's own backbones in place."""
    own: dict[str, Any] = {one: getattr(variant.network, one) for one in own_branches(variant)}
    return network.model_copy(update=own)


def weights_of(variant: Variant, weights: Weights) -> Weights:
    """A profile's initial weights with those of the variant's own backbones in place. Raises
    ConfigError where pretrained ones are not named."""
    named = variant.network.weights if variant.network else {}
    own = {str(branch): name for branch, name in named.items()}
    unnamed = [branch for branch in own_branches(variant) if branch not in own]
    if unnamed and weights.source != "scratch":
        raise ConfigError(
            f"{variant.title}: network.weights.{unnamed[0]} is missing: with weights.source:"
            f" {weights.source}, name the pretrained weights of its own backbone"
        )
    return weights.model_copy(update=own)
