"""Backbones for other people's programs: plain timm checkpoints and ONNX, checked against our own
features."""

from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from dcct.clips.transforms import IMAGENET_MEAN, IMAGENET_STD
from dcct.config.label import CHECKPOINT
from dcct.config.profile import Backbone, Clips, CnnBackbone, Network
from dcct.config.variant import Branch, network_of
from dcct.files import file_digest, write_json, write_text
from dcct.inference.onnx_file import ONNX, near, relative, run_onnx, write_onnx
from dcct.models.checkpoint import write_tensors
from dcct.models.dcct import DCCT
from dcct.models.last_stage import Changes, change
from dcct.models.model_config import CONFIG, Data, config_of

FRAMES = 4
NO_POOL = "model.maxpool = torch.nn.Identity()  # this network is for small images\n"


class Averaged(nn.Module):
    """A convolutional network of timm, its map (N,C,h,w) averaged as DCCT does → (N,C)."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return self.net(x_NCHW).mean((2, 3))


def export_backbone(
    model: DCCT,
    network: Network,
    clips: Clips,
    name: str,
    folder: Path,
    data: Data | None = None,
) -> float:
    """Write steps.EXPORTED for the one backbone of `model`: timm weights, how timm builds it, ONNX,
    how to use both. data: what it was trained on.

    Both exports map normalised images (N,3,H,W) to features (N,C); the feature of a clip is the
    mean over its frames. Returns the larger distance of theirs from ours, relative to the norm.
    Raises DcctError beyond TOLERANCE: then nothing of the folder should be used.
    """
    model = model.eval().cpu().to(memory_format=torch.contiguous_format)
    branch: Branch = "cnn" if model.cnn else "vit"
    config, backbone = getattr(network_of(model.variant, network), branch), getattr(model, branch)
    write_tensors(backbone.net.state_dict(), folder / CHECKPOINT)
    identities = getattr(model, f"head_{branch}").classifier.out_features
    digests = {CHECKPOINT: file_digest(folder / CHECKPOINT)}
    sizes = model.variant, network, clips, identities
    ours_too = config_of(name, *sizes, weights=digests, data=data, alone=branch)
    plain_timm = _timm_config(config, branch, clips, backbone.channels)
    write_json(folder / CONFIG, {**plain_timm, "dcct": ours_too.to_json()})
    changes: Changes = backbone.changes if branch == "cnn" else {}
    write_text(folder / "README.md", _card(config, branch, clips, name, changes))
    with torch.inference_mode():
        images = torch.randn(
            FRAMES, 3, clips.height, clips.width, generator=torch.Generator().manual_seed(0)
        )
        ours = model(images[None]).features[branch]
        plain = _plain_timm(folder, config, changes)
        write_onnx(plain, images, folder / ONNX, "images", ["features"])
        (theirs,) = run_onnx(folder / ONNX, images)
        exports = {"timm": plain(images), "ONNX": theirs}
    return near(folder, {kind: relative(_mean(found), ours) for kind, found in exports.items()})


def _timm_config(config: Backbone, branch: str, clips: Clips, channels: int) -> dict:
    """What timm.create_model("local-dir:…") reads."""
    size = [clips.height, clips.width]
    own = {"global_pool": ""} if branch == "cnn" else {"img_size": size}
    return {
        "architecture": config.name,
        "num_classes": 0,
        "num_features": channels,
        "model_args": {**_training_free(config.args), **own},
        "pretrained_cfg": {
            "input_size": [3, clips.height, clips.width],
            "fixed_input_size": branch == "vit",
            "interpolation": clips.test_resize,
            "crop_pct": 1.0,
            "crop_mode": "squash",
            "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
            "num_classes": 0,
        },
    }


def _training_free(args: dict) -> dict:
    return {name: value for name, value in args.items() if name != "drop_path_rate"}


def _plain_timm(folder: Path, config: Backbone, changes: Changes) -> nn.Module:
    """What the model card says: the backbone as timm builds it from the folder, with the strides
    and the averaging that DCCT has."""
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    if not isinstance(config, CnnBackbone):
        return model
    change(model, changes)
    if not config.max_pool:
        model.maxpool = nn.Identity()
    return Averaged(model)


def _adjust(config: Backbone, branch: str, changes: Changes) -> str:
    """The card's lines after timm.create_model: what no argument of it can say."""
    lines = [
        f'model.get_submodule("{name}").{attribute} = {value!r}\n'
        for name, attributes in changes.items()
        for attribute, value in attributes.items()
    ]
    if lines:
        lines.insert(0, "# DCCT keeps the resolution of the last stage\n")
    return "".join(lines) + (
        NO_POOL if isinstance(config, CnnBackbone) and not config.max_pool else ""
    )


def _mean(features_NC: Tensor) -> Tensor:
    """Of the frames of a clip (1,C)."""
    return features_NC.mean(0, keepdim=True)


def _card(config: Backbone, branch: str, clips: Clips, name: str, changes: Changes) -> str:
    average = ".mean((2, 3))" if branch == "cnn" else ""
    size, shape = f"{clips.height}×{clips.width}", f"(1, 3, {clips.height}, {clips.width})"
    return f"""# {name}

A {config.name} trained to re-identify people within DCCT; it works alone. Images are resized
to {size} ({clips.test_resize}) and normalised as ImageNet. The feature of a clip is the mean over
its frames; compare by cosine distance.

With timm (weights: `model.safetensors`, how to build it: `config.json`):

```python
import timm
import torch

model = timm.create_model("local-dir:.", pretrained=True).eval()
{_adjust(config, branch, changes)}features = model(torch.zeros{shape}){average}
```

With ONNX Runtime (nothing to adjust):

```python
import numpy
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
(features,) = session.run(["features"], {{"images": numpy.zeros({shape}, "float32")}})
```
"""
