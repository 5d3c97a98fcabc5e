"""Networks that cannot be built are refused when they are named, not when they are needed."""

import pytest

from dcct.config.load import check, load_variant
from dcct.config.profile import Network
from dcct.config.variant import Variant
from dcct.errors import ConfigError
from dcct.models.buildable import check_networks

WRONG = {
    "a name that timm has not": ("cnn", {"name": "nosuchmodel"}),
    "a ViT as CNN": ("cnn", {"name": "vit_tiny_patch16_224", "args": {}}),
    "a CNN as ViT": ("vit", {"name": "resnet18", "args": {}}),
    "an argument that it does not take": ("vit", {"args": {"nosuch": 1}}),
    "no heads": ("vit", {"args": {"num_heads": 0}}),
    "heads that do not divide": ("vit", {"args": {"num_heads": 5}}),
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
