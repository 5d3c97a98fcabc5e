"""Networks from outside: model folders, the Hugging Face hub, exported backbones, the authors'
checkpoints. Weights are read without running anything."""

import contextlib
import itertools
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from dcct.config.label import CHECKPOINT
from dcct.config.variant import Branch
from dcct.errors import ConfigError, DataError
from dcct.files import file_digest
from dcct.models.backbones import CNN
from dcct.models.card import CARD
from dcct.models.checkpoint import differences
from dcct.models.dcct import DCCT, Output
from dcct.models.full_size import CLIPS, NETWORK
from dcct.models.model_config import (
    CONFIG,
    ModelConfig,
    config_of,
    network_from,
    read_config,
)
from dcct.official.names import load_official
from dcct.pipeline.pipeline import command_of
from dcct.pipeline.steps import STEPS, made_by

ON_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
REACH_S = 10


class Loaded(NamedTuple):
    """A network in eval mode, what its folder says of it, its card, where it has one, and the
    folder itself."""

    network: "DCCT | Alone"
    config: ModelConfig
    card: str | None
    folder: Path


class Alone(nn.Module):
    """A backbone without DCCT's heads."""

    def __init__(self, whole: DCCT, branch: Branch):
        super().__init__()
        self.branch, self.backbone = branch, getattr(whole, branch)

    @property
    def cnn(self) -> CNN | None:
        """The backbone, if it is a CNN."""
        return self.backbone if self.branch == "cnn" else None

    def forward(self, clips_BTCHW: Tensor) -> Output:
        """Normalised clips (B,T,3,H,W) → the features that DCCT has of this branch."""
        x_NCHW = clips_BTCHW.flatten(0, 1)
        feature_NC = self.cnn(x_NCHW).mean(1) if self.cnn else self.backbone(x_NCHW)[0]
        feature_BC = feature_NC.unflatten(0, clips_BTCHW.shape[:2]).mean(1)
        return Output(features={self.branch: feature_BC, "base": feature_BC})


def opened(source: str | os.PathLike, **hub: Any) -> Loaded:
    """The network of a model folder, of its name on the hub, of an exported backbone's folder, or
    of a file: weights in a model folder, or a checkpoint of the authors' program.

    hub: keywords of hf_hub_download. Raises DcctError, one line, where that is none of these, or is
    not whole.
    """
    path, name = Path(os.path.expanduser(source)), os.fspath(source)
    if os.path.isdir(path):  # unlike Path.is_dir, also of names that no file can have
        return _from_folder(path, CHECKPOINT)
    if os.path.isfile(path):
        inside = (path.parent / CONFIG).is_file() and path.suffix == ".safetensors"
        return _from_folder(path.parent, path.name) if inside else _official(path)
    if ON_HUB.fullmatch(name):
        return _from_folder(_fetched(name, **hub), CHECKPOINT)
    raise DataError(
        f"{source}: no such folder or file, and no name on the Hugging Face hub: give a model"
        " folder, as results/checkpoints/walkers/split0/dcct/seed0, or owner/name"
    )


def saved_part(network: DCCT | Alone) -> nn.Module:
    """What of a network a folder holds the weights of: all of it, or of a backbone alone timm's."""
    return network.backbone.net if isinstance(network, Alone) else network


def _from_folder(folder: Path, file: str) -> Loaded:
    if not (folder / CONFIG).is_file():
        raise DataError(f"{folder}: holds no {CONFIG}: {_how_to_write(folder)}")
    config = read_config(folder / CONFIG)
    state = _weights(folder / file, config)
    try:
        # what does not fit must not take memory first, nor for ever
        with torch.device("meta"), _no_larger_than(len(state)):
            sketch = _part(config)
    except ConfigError as error:
        raise DataError(f"{folder / CONFIG}: {error}") from None
    if problems := differences(state, saved_part(sketch).state_dict()):
        raise DataError(
            f"{folder / file}: does not belong to the {CONFIG} beside it: {problems[0]}"
            f" ({len(problems)} differences): fetch or write the folder again"
        )
    if (found := _widths(sketch, config)) != config.features:
        raise DataError(
            f"{folder / CONFIG}: features: its network has {found}: fetch or write the folder again"
        )
    network = _part(config)
    saved_part(network).load_state_dict(state)
    card = folder / CARD
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else None
    loaded = config.model_copy(update={"weights": {CHECKPOINT: config.weights[file]}})
    return Loaded(network.eval(), loaded, text, folder)


@contextlib.contextmanager
def _no_larger_than(tensors: int) -> Iterator[None]:
    """Networks that are built meanwhile end with a ConfigError where they have many more parameters
    than a file has tensors: a config of a million layers would take hours and all memory."""
    most, registered = 2 * tensors + 100, itertools.count(1)

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        if next(registered) > most:
            raise ConfigError(f"it has more parameters than the {tensors:,} tensors of its weights")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()


def _part(config: ModelConfig) -> DCCT | Alone:
    """The network that a config says, its weights not set."""
    whole = network_from(config)
    return Alone(whole, config.alone) if config.alone else whole


def _widths(sketch: DCCT | Alone, config: ModelConfig) -> dict[str, int]:
    """Feature set → its width, of a network on torch's device `meta`."""
    seen = config.clips
    with torch.device("meta"), torch.inference_mode():
        features = sketch.eval()(torch.empty(1, seen.length, 3, seen.height, seen.width)).features
    return {name: feature.shape[1] for name, feature in features.items()}


def _weights(path: Path, config: ModelConfig) -> dict[str, Tensor]:
    """Of a model folder, whose config knows their digest."""
    again = "fetch or write the folder again"
    if not path.is_file():
        raise DataError(f"{path}: missing: {again}")
    if path.name not in config.weights:
        raise DataError(f"{path}: the {CONFIG} beside it knows no such weights: {again}")
    if file_digest(path) != config.weights[path.name]:
        raise DataError(f"{path}: is damaged, or not what its {CONFIG} was written for: {again}")
    try:
        return load_file(path)
    except Exception:  # safetensors raises its own error types at damaged files
        raise DataError(f"{path}: is no safetensors file: {again}") from None


def _how_to_write(folder: Path) -> str:
    """What to do about a folder that was trained before configs were written, or is none."""
    parts = (folder.absolute() / CHECKPOINT).parts
    for first in range(len(parts)):
        step, key, _ = made_by(Path(*parts[first:])) or (None, {}, "")
        if step and step.verb in ("train", "export"):
            command = command_of(STEPS["export"], key)
            return f"run `{command}`, which writes a whole folder in results/backbones, and load it"
    return "name a model folder, as results/checkpoints/walkers/split0/dcct/seed0"


def _official(path: Path) -> Loaded:
    """The whole method from a checkpoint of the authors' program, whose shapes say its sizes."""
    model = load_official(path)
    assert model.hta  # it is the whole method
    assert model.head_cnn
    clips = CLIPS.model_copy(update={"length": model.hta.level1.cnn.position.shape[1]})
    width = model.hta.channels // 2
    network = NETWORK.model_copy(update={"hta_width": width})
    identities = model.head_cnn.classifier.out_features
    digests = {CHECKPOINT: file_digest(path)}
    config = config_of(path.stem, model.variant, network, clips, identities, weights=digests)
    return Loaded(model.eval(), config, None, path.parent)


def _fetched(name: str, **hub: Any) -> Path:
    """The folder of a model in the hub's cache, brought up to date where the hub can be reached."""
    local = bool(hub.pop("local_files_only", False)) or not _reachable(constants.ENDPOINT)
    wanted = {**hub, "local_files_only": local, "endpoint": constants.ENDPOINT}
    try:
        folder = Path(hf_hub_download(name, CONFIG, **wanted)).parent
        hf_hub_download(name, CHECKPOINT, **wanted)
    except (OSError, HfHubHTTPError, HFValidationError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(
            f"{name}: no folder here, and not to be had from {constants.ENDPOINT} ({said}): name a"
            " folder, or a model of dcct on the hub, and go online once"
        ) from None
    with contextlib.suppress(OSError, EntryNotFoundError):  # none is the worse for lacking a card
        hf_hub_download(name, CARD, **wanted)
    return folder


def _reachable(endpoint: str) -> bool:
    """The hub's client would try for a minute."""
    try:
        urllib.request.urlopen(endpoint, timeout=REACH_S).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
