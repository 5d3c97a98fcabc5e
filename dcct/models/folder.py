"""A model folder: weights, config.json and README.md, all that a network needs to be used
elsewhere."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from dcct.config.foreign import ForeignMethod
from dcct.files import write_json, write_text
from dcct.models.card import CARD, card_of
from dcct.models.model_config import CONFIG, ModelConfig


def describe(folder: Path, config: ModelConfig, card: str | None = None) -> None:
    """Write config.json and README.md beside weights. card: its text, where it is written
    already."""
    write_json(folder / CONFIG, config.to_json())
    write_text(folder / CARD, card or str(card_of(config)))


def describe_foreign(
    folder: Path, name: str, variant: ForeignMethod, weights: Mapping[str, str]
) -> None:
    """As `describe`, of a method of somebody else's, which config.json names and nothing here
    builds. weights: file → its SHA-256."""
    said = {"method": variant.method, "args": variant.args, "weights": dict(weights)}
    write_json(folder / CONFIG, {"dcct": version("dcct"), "name": name, **said})
    write_text(
        folder / CARD,
        f"# {name}\n\n`model.safetensors` holds the state of the module that `{variant.method}`"
        " builds, which was trained by dcct. Its code is not in this folder.\n",
    )
