"""config.json of a model folder: all that a network and its input are built from, and what it
learnt from.

It names what is in the folder and nothing that may differ between two makings of the same bytes:
how an artefact came to be stands in its run record.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, model_validator

from dcct.clips.transforms import IMAGENET_MEAN, IMAGENET_STD
from dcct.config.load import check
from dcct.config.profile import Clips, Network, Resize
from dcct.config.section import Model
from dcct.config.variant import Branch, Variant
from dcct.errors import DataError
from dcct.files import load_json
from dcct.models.dcct import DCCT

CONFIG = "config.json"
SHOWN = {"title", "headline"}
"""Keys of a variant that decide no network."""


class Preprocessing(Model):
    """What is done to a frame."""

    height: int = Field(gt=0, le=4096)
    """Pixels to which it is resized."""
    width: int = Field(gt=0, le=4096)
    """Pixels to which it is resized."""
    interpolation: Resize
    """Pillow's method; a frame of that size is left as it is."""
    mean: list[float] = list(IMAGENET_MEAN)
    """Taken from the channels of [0, 1]."""
    std: list[float] = list(IMAGENET_STD)
    """By which they are divided then."""


class Data(Model):
    """What a network was trained on."""

    name: str
    """The data set in the profile."""
    title: str
    """Its name in tables."""
    licence: str
    """Its terms, as they stood when the network was trained."""
    split: int
    """Of its standard splits."""
    seed: int
    """Of the training."""
    gallery_includes_queries: bool
    """Its protocol ranks queries too."""
    drop_same_camera: bool
    """Its protocol leaves the query's own camera out."""
    sha256: str
    """Of the list of its verified frames."""


class ModelConfig(Model):
    """All of config.json."""

    dcct: str
    """Version of the package that wrote it."""
    name: str
    """The variant's, or what else the network is called."""
    variant: Variant
    """Which parts it has."""
    network: Network
    """Sizes of the two branches, as a profile says them."""
    clip_length: int = Field(gt=0, le=1000)
    """Frames of a clip, T."""
    preprocessing: Preprocessing
    """From frames to input."""
    num_identities: int = Field(gt=0, le=10_000_000)
    """What its classifiers know, K."""
    features: dict[str, int]
    """Feature set → its width."""
    data: Data | None
    """None where nobody says."""
    alone: Branch | None = None
    """The folder is timm's and holds this backbone without DCCT's heads."""
    weights: dict[str, str]
    """File of weights → its SHA-256."""

    @model_validator(mode="after")
    def _alone_is_a_branch(self):
        if self.alone and self.variant.branches != [self.alone]:
            raise ValueError(f"alone: {self.alone} is not the only one of variant.branches")
        return self

    @property
    def clips(self) -> Clips:
        """What the network sees, as a profile says it."""
        seen = self.preprocessing
        return Clips(
            length=self.clip_length,
            height=seen.height,
            width=seen.width,
            test_resize=seen.interpolation,
            decoded=False,
        )

    @property
    def best(self) -> str:
        """The feature set to compare: of the whole network, if it is one."""
        return "all" if "all" in self.features else "base"

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file: of the variant, what decides the network."""
        return self.model_dump(mode="json", exclude={"variant": SHOWN})


def config_of(
    name: str,
    variant: Variant,
    network: Network,
    clips: Clips,
    num_identities: int,
    *,
    weights: Mapping[str, str],
    data: Data | None = None,
    alone: Branch | None = None,
) -> ModelConfig:
    """The config of a network that these build. weights: file → its SHA-256."""
    return ModelConfig(
        dcct=version("dcct"),
        name=name,
        variant=variant,
        network=network,
        clip_length=clips.length,
        preprocessing=Preprocessing(
            height=clips.height, width=clips.width, interpolation=clips.test_resize
        ),
        num_identities=num_identities,
        features=widths(variant, network, clips, num_identities),
        data=data,
        alone=alone,
        weights=dict(weights),
    )


def widths(variant: Variant, network: Network, clips: Clips, num_identities: int) -> dict[str, int]:
    """Feature set → its width, found without memory or numbers."""
    with torch.device("meta"), torch.inference_mode():
        model = DCCT(variant, network, clips, num_identities).eval()
        features = model(torch.empty(1, clips.length, 3, clips.height, clips.width)).features
    return {name: feature.shape[1] for name, feature in features.items()}


def network_from(config: ModelConfig) -> DCCT:
    """The network that a config says, its weights not set; torch's generator is left as it is."""
    with torch.random.fork_rng(devices=[]):
        return DCCT(config.variant, config.network, config.clips, config.num_identities).eval()


def read_config(path: Path) -> ModelConfig:
    """A config.json: of ours, or timm's with ours in it. Raises DataError, one line, at anything
    else."""
    try:
        content = load_json(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}): fetch or write it again") from None
    if isinstance(content, dict) and "architecture" in content:
        content = content.get("dcct")
    if isinstance(content, dict) and "method" in content:
        raise DataError(
            f"{path}: is of {str(content['method'])[:80]}, a method that is not ours, whose code is"
            " not run for what a file says: build its module yourself, and load the weights"
        )
    if not isinstance(content, dict) or not isinstance(content.get("variant"), dict):
        raise DataError(f"{path}: is no model of dcct: its config.json says nothing of a variant")
    shown = {"title": str(content.get("name")), "headline": "base"}
    config = check({**content, "variant": {**content["variant"], **shown}}, ModelConfig, str(path))
    seen = config.preprocessing
    if (seen.mean, seen.std) != (list(IMAGENET_MEAN), list(IMAGENET_STD)):
        raise DataError(f"{path}: preprocessing: this version knows ImageNet's mean and std alone")
    return config
