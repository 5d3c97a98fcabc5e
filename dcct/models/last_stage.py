"""A last stage that keeps its resolution, in any convolutional network of timm.

Shapes: h×w, the grid of the network's map. timm's own `output_stride` would dilate the stage.
"""

import warnings

import torch
from torch import Tensor, nn

Changes = dict[str, dict[str, tuple[int, int] | str]]
"""Module of a network → attributes that it has other than timm gives it."""
PROBE = 128
"""Side of the image that shows where a network halves, whatever the size of ours."""
warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")


def keep_resolution(net: nn.Module) -> Changes:
    """Take the stride out of every convolution and pooling that halves the map for the last time
    (of a ResNet: in the first block of layer4, and in its shortcut). In evaluation mode."""
    changes = {name: _without_stride(net.get_submodule(name)) for name in _last_to_halve(net)}
    change(net, changes)
    return changes


def change(net: nn.Module, changes: Changes) -> None:
    """Set attributes of a network's modules."""
    for name, attributes in changes.items():
        for attribute, value in attributes.items():
            setattr(net.get_submodule(name), attribute, value)


@torch.no_grad()
def _last_to_halve(net: nn.Module) -> list[str]:
    """Names of the modules with a stride whose output has the smallest grid."""
    grids: dict[str, torch.Size] = {}

    def note(name: str):
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if output.shape[2:] < inputs[0].shape[2:]:
                grids[name] = output.shape[2:]

        return hook

    hooks = [
        module.register_forward_hook(note(name))
        for name, module in net.named_modules()
        if getattr(module, "stride", 1) not in (1, (1, 1)) and not list(module.children())
    ]
    try:
        net(torch.zeros(1, 3, PROBE, PROBE))
    finally:
        for hook in hooks:
            hook.remove()
    return [name for name, grid in grids.items() if grid == min(grids.values())]


def _without_stride(module: nn.Module) -> dict[str, tuple[int, int] | str]:
    """Attributes with which a module keeps the grid. An even kernel needs one more row and column
    as a convolution, and nothing to do as a pooling."""
    kernel = getattr(module, "kernel_size", 1)
    even = (kernel if isinstance(kernel, int) else kernel[0]) % 2 == 0
    if not even:
        return {"stride": (1, 1)}
    if isinstance(module, nn.Conv2d):
        return {"stride": (1, 1), "padding": "same"}
    return {"stride": (1, 1), "kernel_size": (1, 1), "padding": (0, 0)}
