"""README.md of a model folder: a model card as the Hugging Face hub reads it."""

from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from dcct.config.variant import network_of
from dcct.errors import DataError
from dcct.files import read_json
from dcct.models.model_config import ModelConfig

CARD, TEMPLATE = "README.md", Path(__file__).with_name("card.md.jinja")
TAGS = ["person-re-identification", "video", "dcct"]
SHOWN = {"mAP": "mAP", "rank1": "Rank-1"}
"""Metrics that the hub shows → as it calls them."""


def card_of(config: ModelConfig, results: str | Path | None = None) -> ModelCard:
    """The card of a model, with its results if a metrics.json of the workflow is given.

    Raises DataError where that cannot be read, or is of other weights.
    """
    found = _headline(config, Path(results)) if results else None
    return ModelCard.from_template(
        _metadata(config, found),
        template_path=str(TEMPLATE),
        config=config,
        networks=_networks(config),
        seen=config.preprocessing,
        data=config.data,
        results=found,
        share=_share,
    )


def _share(row: dict, name: str) -> str:
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _networks(config: ModelConfig) -> str:
    network = network_of(config.variant, config.network)
    return " and ".join(f"`{getattr(network, branch).name}`" for branch in config.variant.branches)


def _metadata(config: ModelConfig, found: dict | None) -> ModelCardData:
    shown = [_result(found, *pair) for pair in SHOWN.items()] if found else None
    return ModelCardData(
        library_name="dcct",
        license="other",
        license_name=f"terms-of-{config.data.name}" if config.data else "unknown",
        pipeline_tag="image-feature-extraction",
        tags=TAGS,
        model_name=config.name,
        eval_results=shown,
    )


def _result(row: dict, name: str, called: str) -> EvalResult:
    return EvalResult(
        task_type="image-feature-extraction",
        task_name="video person re-identification",
        dataset_type=row["dataset"],
        dataset_name=row["dataset"],
        dataset_split=f"split {row['split']}",
        metric_type=name,
        metric_name=called,
        metric_value=round(100 * row[name], 1),
    )


def _headline(config: ModelConfig, path: Path) -> dict:
    """The row that tables report, of these weights."""
    found = read_json(path, "dcct rank")
    try:
        if found["digests"]["checkpoint"] not in config.weights.values():
            raise DataError(
                f"{path}: its metrics are of other weights than the model's: name those"
            )
        row = found["headline"]
        kinds = dict.fromkeys(("dataset", "sampler", "feature"), str) | {"queries": int}
        numbers = ("mINP", *(f"{name}{end}" for name in SHOWN for end in ("", "_low", "_high")))
        if all(type(row[name]) is kind for name, kind in kinds.items()):
            return {**row, **{name: float(row[name]) for name in numbers}}
    except (KeyError, TypeError, ValueError):
        pass
    raise DataError(f"{path}: holds no metrics of the workflow: name a metrics.json of `dcct rank`")
