"""A variant: which parts of the network exist."""

from typing import Literal

from pydantic import Field, model_validator

from dcct.config.section import Model

Branch = Literal["cnn", "vit"]


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
    width_factor: float = Field(default=1.0, gt=0)
    """Width d as a multiple of the profile's hta_width: one file serves the full size and the
    embedded one."""


class Variant(Model):
    title: str
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

    @model_validator(mode="after")
    def _parts_fit(self):
        if self.cca and len(set(self.branches)) < 2:
            raise ValueError("cca couples two branches: branches must be [cnn, vit]")
        if self.hta and not self.cca:
            raise ValueError("hta reads CCA's outputs: cca must not be empty")
        if (self.distill.feature or self.distill.logit) and not self.hta:
            raise ValueError("distillation teaches from the temporal head: hta must not be null")
        if self.backbone_of and len(self.branches) != 1:
            raise ValueError(
                "backbone_of takes one branch out of a checkpoint: branches must hold one name"
            )
        return self
