"""The backbones' initial weights, made once per seed so that every variant starts from the same
ones."""

import re
import urllib.request
from collections.abc import Mapping, Sequence
from math import isqrt
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from huggingface_hub import hf_hub_download
from huggingface_hub.constants import ENDPOINT
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from safetensors.torch import load_file
from torch import Tensor

from dcct.config.profile import Clips, Network, Weights
from dcct.errors import ConfigError, DataError
from dcct.files import file_digest, load_json
from dcct.models.backbones import CNN, ViT
from dcct.models.checkpoint import read_tensors, write_tensors
from dcct.seeding import Stream, torch_seed

BRANCHES = ("cnn", "vit")
OFFICIAL_FILES = {
    "resnet50-19c8e357.pth": "https://download.pytorch.org/models/resnet50-19c8e357.pth",
    "jx_vit_base_p16_224-80ecf9dd.pth": (
        "https://github.com/rwightman/pytorch-image-models/releases/download/"
        "v0.1-vitjx/jx_vit_base_p16_224-80ecf9dd.pth"
    ),
}
"""Files from which the official program starts → where they were published."""
HUB_FILE, REACH_S = "model.safetensors", 10
CONFIG = "config.json"
"""What timm and `dcct export` write beside weights: how the network was built."""
DIGITS = re.compile(r"-([0-9a-f]{8})$")


def initial_backbones(
    network: Network, weights: Weights, clips: Clips, seed: int
) -> dict[str, CNN | ViT]:
    """Both backbones at their initial weights: drawn from the seed, or pretrained."""
    return {branch: initial_backbone(branch, network, weights, clips, seed) for branch in BRANCHES}


def initial_backbone(
    branch: str, network: Network, weights: Weights, clips: Clips, seed: int
) -> CNN | ViT:
    """One of them."""
    size = (clips.height, clips.width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, Stream.INITIAL_WEIGHTS, BRANCHES.index(branch)))
        backbone = CNN(network.cnn, size) if branch == "cnn" else ViT(network.vit, size)
    if weights.source != "scratch":
        load_pretrained(backbone, branch, network, weights)
    return backbone


def write_weights(backbones: Mapping[str, CNN | ViT], folder: Path) -> None:
    """Write <branch>.safetensors, each a plain timm state dict."""
    for branch, backbone in backbones.items():
        write_tensors(backbone.net.state_dict(), folder / f"{branch}.safetensors")


def read_weights(folder: Path, branch: str) -> dict[str, Tensor]:
    """A backbone's initial weights. Raises DataError when the file is missing or damaged."""
    path = folder / f"{branch}.safetensors"
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises its own error types at damaged files
        raise DataError(f"{path}: cannot be read ({error}): run `dcct weights` again") from None


def resize_position_embedding(
    embedding_1LC: Tensor,
    grid: tuple[int, int],
    prefix: int = 1,
    source: tuple[int, int] | None = None,
) -> Tensor:
    """Position embedding of a prefix (class token, registers) and a grid → bilinear to `grid`, no
    antialias (official).

    source: the grid that it was trained on; where nobody says, it is a square, or `grid` if it has
    as many positions. Raises ValueError where it can be neither, or both: then nobody knows.
    """
    if embedding_1LC.dim() != 3 or embedding_1LC.shape[1] <= prefix:
        raise ValueError(f"pos_embed has shape {tuple(embedding_1LC.shape)}, which is no grid")
    tokens, positions = embedding_1LC[:, :prefix], embedding_1LC[:, prefix:]
    image_1CHW = positions.unflatten(1, source or _grid(positions.shape[1], grid)).permute(
        0, 3, 1, 2
    )
    resized = F.interpolate(image_1CHW, size=grid, mode="bilinear", align_corners=False)
    return torch.cat([tokens, resized.flatten(2).transpose(1, 2)], dim=1)


def _grid(count: int, grid: tuple[int, int]) -> tuple[int, int]:
    """The only grid of `count` positions that is a square or `grid`."""
    side = isqrt(count)
    square, same = side**2 == count, grid[0] * grid[1] == count
    if square and same and grid != (side, side):
        raise ValueError(
            f"pos_embed has {count} positions: {side}×{side} or {grid[0]}×{grid[1]}, nobody knows:"
            f" put the {CONFIG} that was exported with it beside it"
        )
    if not square and not same:
        raise ValueError(
            f"pos_embed has {count} positions, which are no square grid: put the {CONFIG} that was"
            " exported with it beside it"
        )
    return (side, side) if square else grid


def load_pretrained(backbone: CNN | ViT, branch: str, network: Network, weights: Weights) -> None:
    """Fill a backbone with the pretrained weights that `weights` names; the position embedding is
    resized to its grid.

    Raises DataError, one line that says what to put where, when they cannot be had or do not belong
    to the backbone.
    """
    name = getattr(weights, branch)
    if weights.source == "hub":
        state, where = _from_hub(f"{getattr(network, branch).name}.{name}"), name
    else:
        where = Path(weights.folder or "", name)
        state = _from_file(where)
    classifiers = tuple(f"{name}." for name in _classifiers(backbone.net))
    state = {key: tensor for key, tensor in state.items() if not key.startswith(classifiers)}
    try:
        if isinstance(backbone, ViT) and "pos_embed" in state:
            prefix = 0 if getattr(backbone.net, "no_embed_class", False) else backbone.prefix
            embedding = state["pos_embed"]
            source = _trained_grid(backbone, network.vit.name, weights, embedding, prefix)
            state["pos_embed"] = resize_position_embedding(embedding, backbone.grid, prefix, source)
        missing, unexpected = backbone.net.load_state_dict(state, strict=False)
        problems = [f"{key} is missing" for key in missing] + [
            f"{key} is unexpected" for key in unexpected
        ]
    except (RuntimeError, ValueError) as error:  # torch's report of shapes that differ, or ours
        problems = [str(error).splitlines()[-1].strip()]
    if problems:
        raise DataError(
            f"{where}: does not belong to network.{branch} ({getattr(network, branch).name}):"
            f" {problems[0]}: name the weights of that network in weights.{branch}"
        )


def _trained_grid(
    vit: ViT, name: str, weights: Weights, embedding_1LC: Tensor, prefix: int
) -> tuple[int, int] | None:
    """The grid that a position embedding was trained on, as timm knows it, or as the file that timm
    reads beside the weights says of this network; None where neither fits its positions."""
    size: Sequence[int] | None
    if weights.source == "hub":
        known = timm.get_pretrained_cfg(f"{name}.{weights.vit}")
        size = known.input_size if known else None
    else:
        size = _exported_size(Path(weights.folder or "", CONFIG), name)
    if not size or len(size) != 3 or not all(type(side) is int and side > 0 for side in size):
        return None
    height, width = vit.net.patch_embed.patch_size
    grid = size[1] // height, size[2] // width
    return grid if grid[0] * grid[1] == embedding_1LC.shape[1] - prefix else None


def _exported_size(path: Path, name: str) -> list[int] | None:
    if not path.is_file():
        return None
    try:
        said = load_json(path)
        size = said["pretrained_cfg"]["input_size"]
        return size if said["architecture"] == name and isinstance(size, list) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None  # then the positions alone must say it


def _classifiers(net: Any) -> tuple[str, ...]:
    """Modules of an ImageNet classifier, which our backbones do not have."""
    names = net.pretrained_cfg.get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def _from_hub(name: str) -> dict[str, Tensor]:
    """A state dict by timm's name: from the hub's cache, else fetched once."""
    known = timm.get_pretrained_cfg(name) if timm.is_model_pretrained(name) else None
    repository = known.hf_hub_id if known else None
    if repository is None:
        raise ConfigError(f"weights: timm knows no pretrained {name}: see timm.list_pretrained()")
    try:
        return read_tensors(Path(hf_hub_download(repository, HUB_FILE, local_files_only=True)))
    except LocalEntryNotFoundError:
        pass
    try:
        urllib.request.urlopen(
            ENDPOINT, timeout=REACH_S
        ).close()  # the hub's client would retry for a minute
        return read_tensors(Path(hf_hub_download(repository, HUB_FILE, endpoint=ENDPOINT)))
    except (OSError, HfHubHTTPError) as error:
        files = ", ".join(OFFICIAL_FILES)
        raise DataError(
            f"weights: {repository} is not in the Hugging Face cache and {ENDPOINT} cannot be"
            f" reached ({error}): go online once, or put the official files ({files}) into"
            " data/weights and set weights.source to folder (config/README.md)"
        ) from None


def _from_file(path: Path) -> dict[str, Tensor]:
    """A state dict from a file whose SHA-256 starts with the eight digits at the end of its
    name."""
    digits = DIGITS.search(path.stem)
    if not digits:
        raise ConfigError(
            f"weights: {path.name}: its name must end in the first eight digits of its SHA-256"
        )
    if not path.is_file():
        known = OFFICIAL_FILES.get(path.name)
        where = f"fetch {known} and put it there" if known else "put it there"
        raise DataError(f"{path}: no such file: {where}, or set weights.source to hub")
    digest = file_digest(path)
    if not digest.startswith(digits[1]):
        raise DataError(
            f"{path}: damaged: its SHA-256 starts with {digest[:8]}, its name says {digits[1]}:"
            " fetch it again"
        )
    return read_tensors(path)
