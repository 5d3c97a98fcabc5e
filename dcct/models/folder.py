"""A model folder: weights, config.json and README.md, all that a network needs to be used
elsewhere."""

from pathlib import Path

from dcct.files import write_json, write_text
from dcct.models.card import CARD, card_of
from dcct.models.model_config import CONFIG, ModelConfig


def describe(folder: Path, config: ModelConfig, card: str | None = None) -> None:
    """Write config.json and README.md beside weights. card: its text, where it is written
    already."""
    write_json(folder / CONFIG, config.to_json())
    write_text(folder / CARD, card or str(card_of(config)))
