"""What the network looks at in a few test clips: weights of every attention and values of every
gate.

torch's attention keeps no weights, so hooks take what goes into it and compute them a second time;
the network itself is as it was trained. Shapes: N frames, P positions, B clips, T frames, C
channels, M the width of an attention.
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow.compute as pc
import torch
from torch import Tensor, nn

from dcct.clips.frames import FrameStore
from dcct.clips.sampling import CLIPS
from dcct.clips.transforms import to_input
from dcct.config.profile import Profile
from dcct.datasets.manifest import read_manifest
from dcct.datasets.parquet import read_parquet
from dcct.inference.attention_file import write_attention
from dcct.models.cca import Attention
from dcct.models.dcct import DCCT
from dcct.models.device import on_device, prepare_torch
from dcct.models.hta import HEADS

SHOWN = 4
"""Queries whose clips are looked at."""
PRECISION = "fp32"
"""Of the network here, whatever features were extracted with."""
Reading = Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]


def attend(
    model: DCCT, profile: Profile, clips: Path, frames: Path, manifest: Path, path: Path
) -> int:
    """Write the attention file of evenly spaced queries; return their number.

    clips: drawn test clips, of which the first one of the profile's first sampler is taken. frames,
    manifest: folders.
    """
    prepare_torch(profile.training, PRECISION)
    sampler, sizes, store = (
        profile.evaluation.samplers[0],
        profile.clips,
        FrameStore(frames, manifest),
    )
    shown = shown_clips(clips, manifest, sampler)
    pixels = [
        store.read(tracklet, np.array(at), sizes.height, sizes.width, sizes.test_resize)
        for tracklet, at in shown
    ]
    x_BTCHW = to_input(torch.from_numpy(np.stack(pixels)).to(profile.training.device))
    found = attended(on_device(model, profile.training), x_BTCHW)
    rows = [
        (tracklet, frame, position, part, found[part][clip, frame].tolist())
        for clip, (tracklet, positions) in enumerate(shown)
        for frame, position in enumerate(positions)
        for part in found
    ]
    write_attention(path, rows, model.vit.grid if model.vit else (0, 0))
    return len(shown)


def shown_clips(clips: Path, manifest: Path, sampler: str) -> list[tuple[int, list[int]]]:
    """(tracklet, positions of its first clip) of queries that are evenly spaced over the
    manifest."""
    tracklets, drawn = read_manifest(manifest), read_parquet(clips, "dcct sample", CLIPS)
    queries = tracklets.filter(pc.equal(tracklets["split"], "query"))["tracklet"].to_pylist()
    chosen = np.unique(np.linspace(0, len(queries) - 1, SHOWN).round().astype(int))
    first = drawn.filter(pc.and_(pc.equal(drawn["sampler"], sampler), pc.equal(drawn["clip"], 0)))
    positions = dict(
        zip(first["tracklet"].to_pylist(), first["positions"].to_pylist(), strict=True)
    )
    return [(queries[place], positions[queries[place]]) for place in chosen]


@torch.inference_mode()
def attended(model: DCCT, clips_BTCHW: Tensor) -> dict[str, Tensor]:
    """Run the network on normalised clips → part (see attention_file.py) → what it says of every
    frame, (B,T,…)."""
    found, shape = {}, clips_BTCHW.shape[:2]

    def remember(part: str, reading: Reading) -> Callable:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            found[part] = reading(module, inputs, output).reshape(*shape, -1).cpu()

        return hook

    hooks = [
        module.register_forward_hook(remember(part, reading))
        for part, module, reading in _watched(model)
    ]
    try:
        model(clips_BTCHW)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def spatial_weights(attention: Attention, q_NG: Tensor, x_NPC: Tensor) -> Tensor:
    """The weights (N,P) that an attention of CCA gives to the positions."""
    q_NM, k_NPM = attention.q(q_NG), attention.k(x_NPC)
    return (k_NPM @ q_NM.unsqueeze(2) * q_NM.shape[1] ** -0.5).squeeze(2).softmax(1)


def temporal_weights(qkv_BTC: Tensor) -> Tensor:
    """The weights (B,heads,T,T) in a block of HTA, from its projections (B,T,3C): row t is what
    frame t looks at."""
    q, k, _ = qkv_BTC.unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
    return (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5).softmax(3)


def _watched(model: DCCT) -> list[tuple[str, nn.Module, Reading]]:
    """Parts that this variant has, with the module that tells, and how to read what passes it."""
    branches, modules = ("cnn", "vit"), dict(model.named_modules())
    readings = {
        **{
            f"space/{branch}/{kind}": (f"cca_{branch}.{kind}_attention", _read_space)
            for branch in branches
            for kind in ("self", "cross")
        },
        **{
            f"time/{level}/{block}": (f"hta.level{level}.{block}.qkv", _read_time)
            for level in (1, 2)
            for block in (*branches, "joint")
        },
        **{f"gate/{branch}": (f"hta.gate_{branch}.gate", _read_gate) for branch in branches},
    }
    return [
        (part, modules[name], reading)
        for part, (name, reading) in readings.items()
        if name in modules
    ]


def _read_space(attention: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> Tensor:
    return spatial_weights(cast(Attention, attention), *inputs)


def _read_time(_: nn.Module, inputs: tuple[Tensor, ...], qkv_BTC: Tensor) -> Tensor:
    return temporal_weights(qkv_BTC).mean(1)


def _read_gate(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return output.sigmoid()
