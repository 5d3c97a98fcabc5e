"""Config files: everything shipped loads, and everything impossible is refused in one line that
names it."""

import json
import shutil

import pytest
import yaml

from dcct.config.load import load_dataset, load_named, load_profile, load_variant
from dcct.config.section import Model
from dcct.errors import ConfigError


def crossed(**changes):
    return {"train": "walkers", "test": "walkers-test", "variants": ["dcct"]} | changes


CASES = [
    (lambda p: p.update(colour="red"), "colour: unknown key"),
    (
        lambda p: p["training"].update(epoch=3),
        "training.epoch: unknown key; allowed here: cards, channels_last",
    ),
    (
        lambda p: p["training"].update(epochs="three"),
        "training.epochs: Input should be a valid integer",
    ),
    (
        lambda p: p["training"].update(epochs=-5),
        "training.epochs: Input should be greater than or equal to 0, got -5",
    ),
    (
        lambda p: p["variants"].append("resnet"),
        "variants: unknown variant 'resnet'; known: cca, cca-cross",
    ),
    (lambda p: p["datasets"].append("imagenet"), "datasets: unknown dataset 'imagenet'"),
    (lambda p: p["training"].pop("margin"), "training.margin: missing"),
    (lambda p: p.update(backbones=["cnn"]), "cnn is taken out of nothing"),
    (lambda p: p.update(seeds=[0, 0]), "seeds: 0 stands twice"),
    (
        lambda p: p.update(cross=[crossed(train="mars")]),
        "cross: mars not among what the profile trains",
    ),
    (
        lambda p: p.update(cross=[crossed(variants=["hta1", "gru"])]),
        "cross: gru not among what the profile trains",
    ),
    (lambda p: p.update(cross=[crossed(test="walkers")]), "cross: walkers is both sides"),
]


@pytest.fixture
def config(tmp_path, root):
    shutil.copytree(root / "config", tmp_path / "config")
    return tmp_path / "config"


def test_every_shipped_file_loads(root):
    """Profiles, variants, datasets and tables under config/ are all valid."""
    for path in (root / "config").glob("*.yaml"):
        load_profile(path)
    profile = root / "config/config.yaml"
    for kind, load in (
        ("variants", load_variant),
        ("datasets", load_dataset),
        ("tables", lambda name, profile: load_named("tables", name, profile)),
    ):
        for path in (root / "config" / kind).glob("*.yaml"):
            load(path.stem, profile)


@pytest.mark.parametrize(
    ("change", "complaint"), CASES, ids=[complaint.split(":")[0] for _, complaint in CASES]
)
def test_bad_profile_is_named_in_one_line(config, change, complaint):
    """The error names the file, the key and what is allowed, on one line."""
    content = yaml.safe_load((config / "config.yaml").read_text())
    change(content)
    (config / "config.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as caught:
        load_profile(config / "config.yaml")
    message = str(caught.value)
    assert "config.yaml" in message
    assert complaint in message
    assert "\n" not in message


def test_variant_whose_parts_do_not_fit_is_refused(config):
    """HTA without CCA is impossible, and the message says so."""
    path = config / "variants/dcct.yaml"
    path.write_text(path.read_text().replace("cca: [self, cross]", "cca: []"))
    with pytest.raises(ConfigError, match="hta reads CCA's outputs"):
        load_profile(config / "config.yaml")


def test_backbone_with_another_network_than_its_donor_is_refused(config):
    """What is taken out of a checkpoint has the network that was trained."""
    path = config / "variants/distilled-cnn.yaml"
    path.write_text(path.read_text() + "network: {cnn: {name: resnet34, max_pool: true}}\n")
    with pytest.raises(ConfigError, match="distilled-cnn has another network than dcct-fd-ld"):
        load_profile(config / "config.yaml")


def test_own_backbone_without_pretrained_weights_is_refused(config):
    """Before anything runs, and not by drawing them from the seed instead."""
    path = config / "variants/cnn.yaml"
    path.write_text(path.read_text() + "network: {cnn: {name: convnext_tiny, max_pool: true}}\n")
    with pytest.raises(ConfigError, match=r"network\.weights\.cnn is missing"):
        load_profile(config / "paper.yaml")


def test_every_key_is_documented(root):
    """config/README.md names every key of every section."""
    text = (root / "config/README.md").read_text()
    missing = [
        f"{section.__name__}.{key}"
        for section in sections(Model)
        if section.__module__.startswith("dcct.config.")  # others are of no file of a user's
        for key in section.model_fields
        if f"`{key}`" not in text
    ]
    assert not missing


def sections(model):
    """Every section of every config file."""
    for section in model.__subclasses__():
        yield section
        yield from sections(section)


def test_editor_schemas_are_those_of_the_models(root):
    """workflow/schemas holds what `dcct schemas` would write."""
    from dcct.verbs.results import SCHEMAS

    for name, model in SCHEMAS.items():
        assert (
            json.loads((root / f"workflow/schemas/{name}.schema.json").read_text())
            == model.model_json_schema()
        )
