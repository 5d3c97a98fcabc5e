"""The authors' checkpoints: their names for our parameters, in both directions.

Their program carries parameters that its forward pass never uses (the ViT's 1000-way classifier; a
class token and an output projection in every temporal block): they are dropped on the way in and
absent on the way out.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from dcct.errors import DataError
from dcct.models.checkpoint import differences, read_tensors
from dcct.models.dcct import DCCT
from dcct.models.full_size import full_size_network, whole_method
from dcct.models.hta import HEADS, TemporalBlock

BRANCH = {"cnn": "cnn", "vit": "trans"}
"""Our branch → the official one."""
BLOCK = {
    "position": "pos_embed",
    "norm1": "blocks.0.norm1",
    "qkv": "blocks.0.attn.qkv",
    "norm2": "blocks.0.norm2",
    "mlp.0": "blocks.0.ffn.fc1",
    "mlp.2": "blocks.0.ffn.fc2",
    "norm": "norm",
}
"""Parts of a temporal block."""
CCA = {
    "self_attention.q": "linear_glo.0",
    "self_attention.k": "linear_spa_1.0",
    "self_attention.v": "linear_v1.0",
    "cross_attention.q": "linear_fusion.0",
    "cross_attention.k": "linear_spa_2.0",
    "cross_attention.v": "linear_v2.0",
    "norm": "norm1",
    "mlp": "linear_project",
}
"""Parts of CCA."""
GATE = {"guide": "linear_project.0", "norm": "chanel_attention.0", "gate": "chanel_attention.1"}
"""Parts of a gate (the misspelling is theirs)."""
CNN = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
"""Parts of the ResNet, which the official program numbers."""
UNUSED = re.compile(
    r"trans_backbone\.fc\.(weight|bias)|HTA\.(cnn_TT|trans_TT|AT)_\d\.(cls_token|blocks\.0\.attn\.proj\.(weight|bias))"
)
UNUSED_AT_LEVEL_1 = re.compile(r"HTA\.(cnn|trans)_GA_1\..*")


def official_name(name: str) -> str:
    """The official program's name of one of our parameters or buffers.

    Raises DataError where it has none: it knows no networks but ResNet and ViT."""
    for ours, official in _MODULES.items():
        if name == ours or name.startswith(f"{ours}."):
            return official + name[len(ours) :]
    raise DataError(f"{name}: the official program has no such parameter: only a ResNet fits it")


def load_official(source: str | Path | Mapping[str, Tensor], *, drop_path: float = 0.1) -> DCCT:
    """The full network with the weights of an official checkpoint.

    source: a file (PyTorch or safetensors) or a state dict in official naming, with or without
    DataParallel's `module.` prefix. Identities, d, levels, T and FD's hints follow from its shapes;
    since FD and LD come together in the paper's full method and LD has no weights, LD is on where
    there are hints. drop_path: the ViT's drop-path rate if the model is trained on. Raises
    DataError naming what is missing, unexpected or of another shape, or why a file cannot be read.
    """
    where = "state dict" if isinstance(source, Mapping) else str(source)
    found = source if isinstance(source, Mapping) else _plain_tensors(Path(source))
    state = {name.removeprefix("module."): tensor for name, tensor in found.items()}
    state = {name: tensor for name, tensor in state.items() if not UNUSED.fullmatch(name)}
    model = _network_of(state, where, drop_path)
    wanted = {official_name(name): tensor for name, tensor in model.state_dict().items()}
    problems = differences(state, wanted)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DataError(f"{where}: is not a whole DCCT in official naming: {problems[0]}{more}")
    ours = {
        name: state[official_name(name)].detach().clone().to(old.dtype)
        for name, old in model.state_dict().items()
    }
    model.load_state_dict(ours, assign=True)
    return model


def export_official(model: DCCT) -> dict[str, Tensor]:
    """A state dict in official naming, on the CPU: what `load_official` reads.

    The never-used parameters are absent: the official program reads it with `load_state_dict(...,
    strict=False)`.
    """
    return {
        official_name(name): tensor.detach().cpu().clone()
        for name, tensor in model.state_dict().items()
    }


def unused_parameters(model: DCCT) -> int:
    """How many parameters the official program carries beside those of `model` without ever using
    them."""
    classifier = 1000 * (model.vit.channels + 1) if model.vit else 0
    widths = [
        module.norm.normalized_shape[0]
        for module in model.modules()
        if isinstance(module, TemporalBlock)
    ]
    return classifier + sum(width + width * width + width for width in widths)


def _plain_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of a file that anyone wrote. Raises as load_official."""
    found = read_tensors(path)
    if odd := [name for name, tensor in found.items() if not _is_plain(name, tensor)]:
        raise DataError(
            f"{path}: {odd[0]} is no name of numbers that are all there: ask for a state dict as"
            " `torch.save(model.state_dict(), ...)` writes it"
        )
    return found


def _is_plain(name: object, tensor: Tensor) -> bool:
    """Whether this is an entry of a state dict: a shape of more numbers than are stored would take
    any memory once it is copied."""
    return (
        isinstance(name, str)
        and tensor.layout is torch.strided
        and not (tensor.is_meta or tensor.is_complex() or tensor.is_quantized)
        and tensor.nbytes <= tensor.untyped_storage().nbytes()
    )


def _network_of(state: dict[str, Tensor], where: str, drop_path: float) -> DCCT:
    """The network that these shapes belong to, without memory for its weights."""
    identities = _length(state, "classifier_cnn_base.weight", 0, where)
    width = _length(state, "HTA.align_projector_1.0.weight", 0, where)
    clip_length = _length(state, "HTA.cnn_TT_1.pos_embed", 1, where)
    if width % HEADS:
        raise DataError(
            f"{where}: HTA.align_projector_1.0.weight: d = {width} is not a multiple of {HEADS}"
            " heads"
        )
    second = ("HTA.cnn_TT_2.", "HTA.trans_TT_2.", "HTA.AT_2.")
    levels: Literal[1, 2] = 2 if any(name.startswith(second) for name in state) else 1
    if levels == 1:
        for name in [name for name in state if UNUSED_AT_LEVEL_1.fullmatch(name)]:
            del state[name]
    distilled = any(name.startswith("Hint_") for name in state)
    variant = whole_method(levels, feature=distilled, logit=distilled)
    return full_size_network(
        variant,
        identities,
        clip_length=clip_length,
        hta_width=width,
        drop_path=drop_path,
        empty=True,
    )


def _length(state: dict[str, Tensor], name: str, axis: int, where: str) -> int:
    if name not in state:
        raise DataError(f"{where}: is not a whole DCCT in official naming: {name} is missing")
    if state[name].dim() <= axis:
        raise DataError(f"{where}: {name} has shape {tuple(state[name].shape)}, which no DCCT has")
    return state[name].shape[axis]


def _modules() -> dict[str, str]:
    """Our module → the official one."""
    named = {f"cnn.net.{ours}": f"cnn_backbone.{official}" for ours, official in CNN.items()}
    named |= {"vit.net": "trans_backbone"}
    named |= {
        "head_temporal.norm": "bottleneck_final",
        "head_temporal.classifier": "classifier_final",
    }
    for number, (ours, official) in enumerate(BRANCH.items(), start=1):
        for head, suffix in ((f"head_{ours}", "base"), (f"head_spatial_{ours}", "spa")):
            named[f"{head}.norm"] = f"bottleneck_{official}_{suffix}"
            named[f"{head}.classifier"] = f"classifier_{official}_{suffix}"
        named |= {f"cca_{ours}.{part}": f"CCA_{official}.{name}" for part, name in CCA.items()}
        named |= {
            f"hta.gate_{ours}.{part}": f"HTA.{official}_GA_1.{name}" for part, name in GATE.items()
        }
        named |= {
            f"hta.align_{ours}": f"HTA.align_projector_{number}.0",
            f"hint_{ours}": f"Hint_{official}.0",
        }
    for level in (1, 2):
        for ours, official in {**{b: f"{o}_TT" for b, o in BRANCH.items()}, "joint": "AT"}.items():
            for part, name in BLOCK.items():
                named[f"hta.level{level}.{ours}.{part}"] = f"HTA.{official}_{level}.{name}"
    return named


_MODULES = _modules()
