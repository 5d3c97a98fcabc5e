"""Any backbones of timm: where their positions lie, what keeps the last stage's resolution, and
what does not fit."""

import pytest
import timm
import torch

from dcct.config.profile import Backbone, CnnBackbone
from dcct.errors import ConfigError
from dcct.models.backbones import CNN, ViT, check_grids
from dcct.models.cca import CCA
from dcct.models.hta import HTA

SMALL = {"embed_dim": 32, "depth": 2, "num_heads": 2}


@pytest.mark.parametrize(
    ("name", "args", "prefix"),
    [
        ("vit_base_patch16_224", {"patch_size": 16}, 1),
        ("vit_small_patch14_reg4_dinov2", {"patch_size": 16}, 5),
        ("vit_medium_patch16_reg4_gap_256", {}, 4),
        ("deit_tiny_distilled_patch16_224", {}, 2),
    ],
)
def test_positions_are_the_patches_alone(name, args, prefix):
    """Class token, distillation token and registers are no positions; the feature is timm's own."""
    vit = ViT(Backbone(name=name, args=SMALL | args), (64, 32)).eval()
    images = torch.randn(2, 3, 64, 32)
    feature, positions = vit(images)
    tokens = vit.net.forward_features(images)
    assert tokens.shape[1] == prefix + 8
    assert torch.equal(positions, tokens[:, prefix:])
    assert torch.equal(feature, vit.net(images))
    assert vit.grid == (4, 2)


@pytest.mark.parametrize(
    "name",
    [
        "resnet50d",
        "resnetblur50",
        "convnext_atto",
        "regnety_002",
        "resnetv2_50d",
        "efficientnet_b0",
        "densenet121",
        "nfnet_f0",
    ],
)
def test_last_stage_keeps_its_resolution_in_every_family(name):
    """A sixteenth of the image instead of timm's thirty-second, without another parameter and
    without dilation."""
    with torch.device("meta"):
        cnn = CNN(CnnBackbone(name=name, max_pool=True), (256, 128))
        plain = timm.create_model(name, num_classes=0, global_pool="")
        assert cnn.grid == (16, 8)
        assert plain(torch.empty(1, 3, 256, 128)).shape[2:] == (8, 4)
    shapes = [{k: v.shape for k, v in net.state_dict().items()} for net in (cnn.net, plain)]
    assert shapes[0] == shapes[1]
    assert {getattr(module, "dilation", (1, 1)) for module in cnn.net.modules()} <= {1, (1, 1)}


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("resnet18", {"channels": [8, 8, 8, 8]}),
        ("regnety_002", {"depth": 7, "w0": 8, "wa": 10.0, "wm": 2.0, "stem_width": 8}),
        ("efficientnet_b0", {"drop_path_rate": 0.2}),
    ],
)
def test_checkpointed_blocks_move_statistics_once(name, args):
    """BatchNorm's running statistics, their count and all gradients are the same bytes with
    checkpointing as without."""
    found = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        cnn = CNN(CnnBackbone(name=name, max_pool=True, args=args), (64, 32))
        cnn.checkpointing = checkpointing
        for _ in range(2):
            cnn(torch.randn(4, 3, 64, 32)).square().mean().backward()
        found.append({n: p.grad for n, p in cnn.named_parameters()} | dict(cnn.net.named_buffers()))
    plain, checkpointed = found
    assert sum("running_mean" in key for key in plain) > 5
    assert all(torch.equal(plain[key], checkpointed[key]) for key in plain)


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("resnet81", {}, r"network.cnn: resnet81: timm cannot build it .*Unknown model"),
        ("resnet18", {"args": {"depth": 3}}, r"timm cannot build it with {'depth': 3}"),
        ("convnext_atto", {"max_pool": False}, "has no stem max-pool to leave out"),
        ("swin_tiny_patch4_window7_224", {}, r"cannot take 64×32 images"),
        ("hrnet_w18_small", {}, r"cannot take 64×32 images"),
    ],
)
def test_cnn_that_does_not_fit_is_one_line(name, change, complaint):
    """Unknown names, foreign arguments, and networks without one map say what to choose."""
    with torch.device("meta"), pytest.raises(ConfigError, match=complaint) as caught:
        CNN(CnnBackbone(**{"name": name, "max_pool": True, **change}), (64, 32))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "resnet18", "mixer_s32_224"])
def test_vit_that_does_not_fit_is_one_line(name):
    """What has no grid of tokens is no transformer for this branch."""
    with torch.device("meta"), pytest.raises(ConfigError, match=f"network.vit: {name}: "):
        ViT(Backbone(name=name), (224, 224))


def test_grids_are_compared_side_by_side():
    """As many positions are not the same positions: 4×4 are not 8×2, and the patch size that fits
    is named."""
    cnn = CNN(CnnBackbone(name="regnetx_002", max_pool=True), (64, 64))
    vit = ViT(Backbone(name="vit_tiny_patch16_224", args=SMALL | {"patch_size": [8, 32]}), (64, 64))
    complaint = r"the CNN has 4×4 positions for 64×64 images, the ViT 8×2: set .*patch_size: 16$"
    with pytest.raises(ConfigError, match=complaint):
        check_grids(cnn, vit, (64, 64))


def test_widths_that_cannot_be_shared_out_are_refused():
    """CCA's attentions and HTA's heads divide their channels evenly, or one line says so."""
    with pytest.raises(ConfigError, match=r"cca: 65 channels .* shared by 2 attentions"):
        CCA(65, 64, ["self", "cross"])
    with pytest.raises(ConfigError, match=r"hta_width times hta.width_factor is 60, .* 8 heads"):
        HTA(64, 64, 60, 4, 2, gated=True)


def test_net_that_cannot_checkpoint_says_so():
    """timm has no checkpointing for every family: the option to change is named."""
    with torch.device("meta"):
        cnn = CNN(CnnBackbone(name="dla34", max_pool=True), (64, 32))
    with pytest.raises(ConfigError, match=r"take it out of training\.checkpointing"):
        cnn.checkpointing = True
