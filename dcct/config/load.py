"""Reading config files: everything that a profile names is read and checked before anything runs.

Unknown keys, wrong types and impossible values raise ConfigError with the file, the key and what is
allowed.
"""

from pathlib import Path

import yaml
from pydantic import ValidationError

from dcct.config.dataset import Dataset
from dcct.config.profile import Profile
from dcct.config.published import Published
from dcct.config.section import Model
from dcct.config.table import Table
from dcct.config.variant import Variant
from dcct.errors import ConfigError


def load_profile(path: str | Path) -> Profile:
    """Read and check a profile together with every variant, dataset and table that it names.

    Raises ConfigError, one line, at the first thing that is wrong.
    """
    profile = _read(Path(path), Profile)
    for kind in ("variants", "backbones", "datasets", "splits", "tables", "seeds"):
        names = getattr(profile, kind)
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"{path}: {kind}: {', '.join(repeated)} stands twice: name each once")
    for name in profile.tested:
        count = load_dataset(name, path).split_count
        if count > 1 and max(profile.splits) >= count:
            raise ConfigError(
                f"{path}: splits: {name} has {count} splits, 0 to {count - 1}; got"
                f" {max(profile.splits)}"
            )
    for name in profile.variants:
        donor = load_variant(name, path).backbone_of
        if donor:
            raise ConfigError(
                f"{path}: variants: {name} is a backbone of {donor}: name it under backbones"
            )
    for name in profile.backbones:
        donor = load_variant(name, path).backbone_of
        if donor not in profile.variants:
            raise ConfigError(
                f"{path}: backbones: {name} is taken out of {donor or 'nothing'}, which is not"
                " among variants"
            )
    for name in profile.tables:
        _check_table(load_table(name, path), f"{path}: tables: {name}", path)
    for one in profile.cross:
        absent = sorted({one.train} - set(profile.datasets)) + sorted(
            set(one.variants) - set(profile.judged)
        )
        if absent or one.train == one.test:
            what = (
                f"{', '.join(absent)} not among what the profile trains"
                if absent
                else f"{one.test} is both sides"
            )
            raise ConfigError(f"{path}: cross: {what}")
    absent = sorted(set(profile.evaluation.time_order) - set(profile.judged))
    if absent:
        raise ConfigError(
            f"{path}: evaluation.time_order: {', '.join(absent)} not among variants and backbones"
        )
    return profile


def _check_table(table: Table, where: str, profile: str | Path) -> None:
    """Everything that a table names has a file; what is not in the profile becomes a named gap."""
    for kind, names in (("variants", table.variants), ("datasets", table.sets)):
        for name in names:
            if not config_file(kind, name, profile).is_file():
                raise ConfigError(f"{where}: unknown {kind.removesuffix('s')} '{name}'")
    if table.published:
        load_published(table.published, profile)


def load_variant(name: str, profile: str | Path) -> Variant:
    """The variant `name` (or name@data set) from the folder variants/ beside the profile file."""
    return _read_named("variants", variant_of(name), profile, Variant)


def variant_of(judged: str) -> str:
    """The variant of what is judged: itself, or what stands before @ where it was trained on
    another data set."""
    return judged.partition("@")[0]


def training_of(
    dataset: str, split: int, judged: str, profile: Profile, path: str | Path
) -> tuple[str, int, str]:
    """(data set, split, variant) of the training whose checkpoint is judged on a split of a data
    set.

    Another variant's for a distilled backbone; another data set's for variant@data set, then at the
    first split run.
    """
    source = judged.partition("@")[2]
    donor = load_variant(judged, path).backbone_of or variant_of(judged)
    return (
        (source, splits_of(load_dataset(source, path), profile)[0], donor)
        if source
        else (dataset, split, donor)
    )


def variant_names(profile: str | Path) -> list[str]:
    """Names of all variants beside the profile file, whether it runs them or not."""
    return sorted(path.stem for path in config_file("variants", "", profile).parent.glob("*.yaml"))


def dataset_names(profile: str | Path) -> list[str]:
    """Names of all data sets beside the profile file, whether it runs them or not."""
    return sorted(path.stem for path in config_file("datasets", "", profile).parent.glob("*.yaml"))


def load_dataset(name: str, profile: str | Path) -> Dataset:
    """The dataset `name` from the folder datasets/ beside the profile file."""
    return _read_named("datasets", name, profile, Dataset)


def splits_of(dataset: Dataset, profile: Profile) -> list[int]:
    """The splits of a data set that a profile runs."""
    return profile.splits if dataset.split_count > 1 else [0]


def load_table(name: str, profile: str | Path) -> Table:
    """The table `name` from the folder tables/ beside the profile file."""
    return _read_named("tables", name, profile, Table)


def load_published(name: str, profile: str | Path) -> Published:
    """The published numbers `name` from the folder published/ beside the profile file."""
    return _read_named("published", name, profile, Published)


def config_file(kind: str, name: str, profile: str | Path) -> Path:
    """Where the file of a named variant, dataset, table or paper's numbers lies."""
    return Path(profile).parent / kind / f"{name}.yaml"


def _read_named(kind: str, name: str, profile: str | Path, model: type[Model]):
    path = config_file(kind, name, profile)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise ConfigError(
            f"{profile}: {kind}: unknown {kind.removesuffix('s')} '{name}'; known: {known}"
        )
    return _read(path, model)


def _read(path: Path, model: type[Model]):
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file: name an existing profile with --configfile"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    return check(content, model, str(path))


def check(content: object, model: type[Model], where: str):
    """`content` as a section of config. Raises ConfigError, one line that begins with `where`."""
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected a mapping of keys, found {type(content).__name__}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_first_complaint(error, model)}") from None


def _first_complaint(error: ValidationError, model: type[Model]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        return (
            f"{key}: unknown key; allowed here:"
            f" {', '.join(_keys_at(model, first['loc'][:-1]))}{more}"
        )
    if first["type"] == "missing":
        return f"{key}: missing; every key must be given{more}"
    message = first["msg"].removeprefix("Value error, ")
    return (
        f"{key + ': ' if key else ''}{message}, got {first['input']!r}{more}"
        if key
        else f"{message}{more}"
    )


def _keys_at(model: type[Model], loc: tuple) -> list[str]:
    """Keys that the section at `loc` allows (the location may pass through lists and optional
    sections)."""
    for part in loc:
        if part in model.model_fields:
            annotation = model.model_fields[part].annotation
            candidates = (annotation, *getattr(annotation, "__args__", ()))
            model = next(
                (c for c in candidates if isinstance(c, type) and issubclass(c, Model)), model
            )
    return sorted(model.model_fields)
