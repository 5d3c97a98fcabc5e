"""Networks that cannot be built are refused when they are named, not when they are needed."""

import os

import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dcct.config.load import check, load_variant
from dcct.config.profile import Network
from dcct.config.variant import Variant
from dcct.errors import ConfigError
from dcct.models.buildable import check_networks
from dcct.models.dcct import DCCT
from dcct.training.objective import Objective

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
NAMES = ("resnet18", "resnet26d", "mobilenetv3_small_050", "convnext_atto", "regnetx_002")
NAMES += ("vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", "swin_tiny_patch4_window7_224")
NAMES += ("nosuchmodel", "", "resnet18.nosuchtag", "hf-hub:nobody/nothing", "../resnet18", "Ré[1]")
ARGS = ("layers", "channels", "stem_type", "stem_width", "patch_size", "embed_dim", "depth")
ARGS += (
    "num_heads",
    "drop_path_rate",
    "attn_drop_rate",
    "output_stride",
    "global_pool",
    "class_token",
    "reg_tokens",
)
ARGS += ("num_classes", "img_size", "in_chans", "block_args", "norm_layer", "act_layer", "nosuch")
ARGS += ("attn_drop_rate", "drop_block_rate")
SIZES = st.sampled_from([-1, 0, 1, 2, 3, 4, 8, 16, 32, 64, 0.5, float("nan"), 1e-9])
VALUES = SIZES | st.booleans() | st.sampled_from(["deep", "avg", "", "torch.nn.Identity"])
VALUES |= st.lists(SIZES, max_size=4) | st.none() | st.just({"a": 1})
CHANGES = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(NAMES),
        "args": st.dictionaries(st.sampled_from(ARGS), VALUES, max_size=2),
        "max_pool": st.booleans(),
    },
)
BRANCHES, ATTENTIONS = st.sampled_from(["cnn", "vit"]), st.sampled_from(["self", "cross"])
LEVELS, WIDTHS = st.sampled_from([1, 2, 3]), st.sampled_from([1e-9, 0.5, 1, 1.01, 7])
VARIANTS = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "branches": st.lists(BRANCHES, max_size=3),
        "cca": st.lists(ATTENTIONS, max_size=3),
        "hta": st.none()
        | st.fixed_dictionaries({"levels": LEVELS, "gate": st.booleans(), "width_factor": WIDTHS}),
        "headline": st.sampled_from(["base", "spatial", "temporal", "all", "cnn"]),
        "backbone_of": st.none() | st.just("dcct"),
    },
)
PIXELS = st.sampled_from([1, 7, 24, 32, 48, 64])

WRONG = {
    "a name that timm has not": ("cnn", {"name": "nosuchmodel"}),
    "a name that would be fetched": ("cnn", {"name": "hf-hub:timm/resnet18"}),
    "a folder": ("vit", {"name": "local-dir:/"}),
    "a ViT as CNN": ("cnn", {"name": "vit_tiny_patch16_224", "args": {}}),
    "a CNN as ViT": ("vit", {"name": "resnet18", "args": {}}),
    "an argument that it does not take": ("vit", {"args": {"nosuch": 1}}),
    "no heads": ("vit", {"args": {"num_heads": 0}}),
    "heads that do not divide": ("vit", {"args": {"num_heads": 5}}),
    "paths dropped twice": ("vit", {"args": {"drop_path_rate": 2}}),
    "blocks dropped twice": ("cnn", {"args": {"drop_block_rate": 2}}),
    "another grid": ("vit", {"args": {"patch_size": 4}}),
}


@pytest.mark.parametrize(("branch", "change"), WRONG.values(), ids=WRONG)
def test_network_that_cannot_be_built_is_one_line(branch, change, profile, root):
    """It begins with the profile and names the branch."""
    network = profile.network.model_dump()
    network[branch] = network[branch] | change
    broken = profile.model_copy(update={"network": Network.model_validate(network)})
    variants = [load_variant(name, root / "config/test.yaml") for name in ("cnn", "dcct")]
    with pytest.raises(ConfigError, match=r"^my\.yaml: [^\n]*network[^\n]*$"):
        check_networks(broken, variants, "my.yaml")
    check_networks(profile, variants, "my.yaml")


@pytest.mark.parametrize(
    "change",
    [
        {"headline": "temporal"},
        {"headline": "all"},
        {"branches": ["cnn", "cnn"]},
        {"branches": ["cnn", "vit"], "cca": ["self", "self"]},
    ],
    ids=lambda change: str(change),
)
def test_variant_that_contradicts_itself_is_one_line(change, root):
    """A headline that it does not compute, and what is named twice."""
    cnn = load_variant("cnn", root / "config/test.yaml").model_dump()
    with pytest.raises(ConfigError, match=r"^cnn\.yaml: [^\n]+$"):
        check(cnn | change, Variant, "cnn.yaml")


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(cnn=CHANGES, vit=CHANGES, said=VARIANTS, size=st.none() | st.tuples(PIXELS, PIXELS))
def test_any_network_is_one_line_or_learns(cnn, vit, said, size, profile, root):
    """Whatever a profile and a variant name: what the check lets through runs a whole step, and has
    the features that tables report."""
    network = profile.network.model_dump()
    for branch, change in {"cnn": cnn, "vit": vit}.items():
        args = network[branch]["args"] if "name" not in change else {}
        network[branch] |= {**change, "args": args | change.get("args", {})}
    network["vit"].pop("max_pool", None)
    variant = load_variant("dcct", root / "config/test.yaml").model_dump() | said
    height, width = size or (profile.clips.height, profile.clips.width)
    clips = profile.clips.model_copy(update={"height": height, "width": width})
    try:
        asked = check(variant, Variant, "v.yaml")
        built = check(network, Network, "my.yaml")
        changed = profile.model_copy(update={"network": built, "clips": clips})
        check_networks(changed, [asked], "my.yaml")
    except ConfigError:
        event("refused")
        return
    model = DCCT(asked, built, clips, num_identities=2)
    output = model(torch.rand(2, clips.length, 3, height, width))
    Objective("mean")(output, torch.tensor([0, 1]))["loss"].backward()
    assert asked.headline in model.eval()(torch.rand(1, clips.length, 3, height, width)).features
