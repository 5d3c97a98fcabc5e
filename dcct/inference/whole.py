"""Whole networks for other people's programs: a model folder, and ONNX, checked against our own
features."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dcct.config.label import CHECKPOINT
from dcct.files import file_digest
from dcct.inference.onnx_file import ONNX, near, relative, run_onnx, write_onnx
from dcct.models.checkpoint import save_model
from dcct.models.dcct import DCCT
from dcct.models.folder import describe
from dcct.models.model_config import ModelConfig

EXAMPLES = 3
"""Clips on which both must agree."""


class WithHeads(TorchFunctionMode):
    """Gives attention over (N,L,C) one head: the exporter knows no other form than (N,1,L,C)."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is F.scaled_dot_product_attention and args[0].dim() == 3:
            return function(*(x_NLC.unsqueeze(1) for x_NLC in args)).squeeze(1)
        return function(*args, **(kwargs or {}))


class Features(nn.Module):
    """A network's clip features alone, in their order."""

    def __init__(self, network: DCCT):
        super().__init__()
        self.network = network

    def forward(self, clips_BTCHW: Tensor) -> tuple[Tensor, ...]:
        with WithHeads():
            return tuple(self.network(clips_BTCHW).features.values())


def export_network(model: DCCT, config: ModelConfig, folder: Path) -> float:
    """Write steps.EXPORTED for a whole network: a model folder, and ONNX of normalised clips
    (B,T,3,h,w), B free, with an output (B,C) for each feature set.

    Returns the largest distance of ONNX's features from ours, relative to their norm. Raises
    DcctError beyond TOLERANCE: then nothing of the folder should be used.
    """
    model = model.eval().cpu().to(memory_format=torch.contiguous_format)
    save_model(model, folder / CHECKPOINT)
    digests = {CHECKPOINT: file_digest(folder / CHECKPOINT)}
    describe(folder, config.model_copy(update={"weights": digests}))
    sizes, draw = config.clips, torch.Generator().manual_seed(0)
    clips = torch.randn(EXAMPLES, sizes.length, 3, sizes.height, sizes.width, generator=draw)
    with torch.inference_mode():
        ours = model(clips).features
        write_onnx(Features(model), clips, folder / ONNX, "clips", list(ours))
        theirs = run_onnx(folder / ONNX, clips)
    pairs = zip(ours.items(), theirs, strict=True)
    return near(folder, {f"ONNX ({name})": relative(found, own) for (name, own), found in pairs})
