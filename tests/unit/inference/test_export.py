"""Exported backbones work in programs that know nothing of this package."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from dcct.config.load import load_variant
from dcct.config.profile import Backbone, CnnBackbone
from dcct.config.variant import Backbones
from dcct.inference.export import export_backbone
from dcct.models.dcct import DCCT
from dcct.pipeline.steps import EXPORTED

RUN = """
import re, sys
import numpy
card = open("README.md").read()
timm_lines, onnx_lines = re.findall(r"```python\\n(.*?)```", card, re.S)
images = numpy.load("images.npy")
exec(re.sub(r"torch.zeros\\(.*?\\)\\)", "torch.from_numpy(images))", timm_lines))
numpy.save("timm.npy", features.detach().numpy())
exec(re.sub(r"numpy.zeros\\(.*\\)\\}", "images}", onnx_lines))
numpy.save("onnx.npy", features)
assert "dcct" not in sys.modules
"""


CONVNEXT = Backbones(
    cnn=CnnBackbone(
        name="convnext_atto", max_pool=True, args={"depths": [1, 1, 1, 1], "dims": [8, 16, 32, 64]}
    )
)
MOBILE = Backbones(cnn=CnnBackbone(name="mobilenetv3_small_050", max_pool=True))
SMALL = {"embed_dim": 64, "depth": 2, "num_heads": 4}
REGISTERS = Backbones(
    vit=Backbone(name="vit_small_patch14_reg4_dinov2", args=SMALL | {"patch_size": 8})
)
POOLED = Backbones(vit=Backbone(name="vit_medium_patch16_reg4_gap_256", args=SMALL))


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("distilled-cnn", None),
        ("distilled-cnn", CONVNEXT),
        ("distilled-cnn", MOBILE),
        ("distilled-vit", None),
        ("distilled-vit", REGISTERS),
        ("distilled-vit", POOLED),
    ],
    ids=["resnet", "convnext", "mobilenet", "vit", "registers", "pooled"],
)
def test_card_lines_reproduce_our_features(name, own, profile, root, tmp_path):
    """The model card's lines, run as they stand without this package, give our features to 1e-4,
    for any family and batch size."""
    torch.manual_seed(0)
    variant = load_variant(name, root / "config/config.yaml").model_copy(update={"network": own})
    model = DCCT(variant, profile.network, profile.clips, 5).eval()
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.add_(0.05 * torch.rand_like(buffer))
    export_backbone(model, profile.network, profile.clips, variant.title, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(EXPORTED)
    images = torch.randn(7, 3, profile.clips.height, profile.clips.width)
    np.save(tmp_path / "images.npy", images.numpy())
    subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, check=True)
    with torch.inference_mode():
        ours = model(images[:, None]).features[variant.branches[0]].numpy()
    for kind in ("timm", "onnx"):
        theirs = np.load(tmp_path / f"{kind}.npy")
        assert np.linalg.norm(theirs - ours) <= 1e-4 * np.linalg.norm(ours)


def test_export_carries_no_path_of_this_machine(profile, root, tmp_path):
    """Exporters note where the code lay; those notes are taken out, and two exports are equal byte
    for byte."""
    variant = load_variant("distilled-vit", root / "config/config.yaml")
    torch.manual_seed(0)
    model = DCCT(variant, profile.network, profile.clips, 5)
    for folder in ("a", "b"):
        export_backbone(model, profile.network, profile.clips, variant.title, tmp_path / folder)
    content = (tmp_path / "a/model.onnx").read_bytes()
    assert b"site-packages" not in content
    assert str(root).encode() not in content
    assert content == (tmp_path / "b/model.onnx").read_bytes()


def test_exporting_reports_to_nobody(root, tmp_path):
    """onnxruntime keeps no device's name in the home folder, from which it would report."""
    environment = os.environ | {"PYTHONPATH": str(root), "HOME": str(tmp_path)}
    environment.pop("XDG_CACHE_HOME", None)
    code = "import dcct.inference.export"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not list(tmp_path.rglob("*onnxruntime*"))
