"""The backbones' initial weights, made once per seed so that every variant starts from the same ones."""

from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dcct.config.profile import Backbone, Clips, Network, Weights
from dcct.errors import DataError
from dcct.models.backbones import CNN, ViT
from dcct.receipt import atomic
from dcct.streams import Stream, torch_seed

BRANCHES = ("cnn", "vit")


def initial_backbones(network: Network, weights: Weights, clips: Clips, seed: int) -> dict[str, nn.Module]:
    """Both backbones at their initial weights: drawn from the seed (scratch) or pretrained (hub)."""
    size = (clips.height, clips.width)
    backbones = {}
    for number, branch in enumerate(BRANCHES):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, Stream.INITIAL_WEIGHTS, number))
            backbones[branch] = CNN(network.cnn) if branch == "cnn" else ViT(network.vit, size)
        if weights.source == "hub":
            config, tag = getattr(network, branch), getattr(weights, branch)
            backbones[branch].net.load_state_dict(_pretrained(config, tag, backbones[branch]))
    return backbones


def write_weights(backbones: dict[str, nn.Module], folder: Path) -> None:
    """Write <branch>.safetensors, each a plain timm state dict."""
    for branch, backbone in backbones.items():
        with atomic(folder / f"{branch}.safetensors") as temporary:
            save_file(backbone.net.state_dict(), temporary)


def read_weights(folder: Path, branch: str) -> dict[str, Tensor]:
    """A backbone's initial weights. Raises DataError when the file is missing or damaged."""
    path = folder / f"{branch}.safetensors"
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises its own error types at damaged files
        raise DataError(f"{path}: cannot be read ({error}): run `dcct weights` again") from None


def resize_position_embedding(embedding_1PC: Tensor, grid: tuple[int, int]) -> Tensor:
    """Position embedding (1,1+P,C) of class token and square grid → bilinear to `grid`, no antialias (official)."""
    token, square = embedding_1PC[:, :1], embedding_1PC[:, 1:]
    side = round(square.shape[1] ** 0.5)
    image_1CHW = square.unflatten(1, (side, side)).permute(0, 3, 1, 2)
    resized = F.interpolate(image_1CHW, size=grid, mode="bilinear", align_corners=False)
    return torch.cat([token, resized.flatten(2).transpose(1, 2)], dim=1)


def _pretrained(config: Backbone, tag: str, backbone: nn.Module) -> dict[str, Tensor]:
    name = f"{config.name}.{tag}"
    try:
        state = timm.create_model(name, pretrained=True, num_classes=0).state_dict()
    except Exception as error:  # the hub client raises many kinds when it cannot reach its host
        raise DataError(
            f"weights: {name} cannot be had from the Hugging Face hub ({type(error).__name__}): go online once, "
            "or put it into the hub's cache, or choose `weights: {source: scratch}`"
        ) from None
    if "pos_embed" in state:
        state["pos_embed"] = resize_position_embedding(state["pos_embed"], backbone.net.patch_embed.grid_size)
    return state
