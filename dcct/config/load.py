"""Reading config files: everything that a profile names is read and checked before anything runs.

Unknown keys, wrong types and impossible values raise ConfigError with the file, the key and what is
allowed.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from dcct.config.claims import Claims
from dcct.config.dataset import Dataset
from dcct.config.foreign import ForeignFeatures, kind_of
from dcct.config.label import EPOCH, variant_of
from dcct.config.names import NAME, check_name, usable_path
from dcct.config.profile import Profile
from dcct.config.published import Published
from dcct.config.section import Model
from dcct.config.table import Table
from dcct.config.variant import Variant, network_of, weights_of
from dcct.config.yaml_file import read_yaml, shortened
from dcct.errors import ConfigError

PACKAGE = Path(__file__).parents[1]
SHIPPED = next(
    folder for folder in (PACKAGE / "config/shipped", PACKAGE.parent / "config") if folder.is_dir()
)
"""Profiles, variants, data sets, tables and published numbers: package data of an installed wheel,
config/ of a checkout."""
KINDS: dict[str, type[Model]] = {
    "claims": Claims,
    "datasets": Dataset,
    "published": Published,
    "tables": Table,
    "variants": Variant,
}
"""Folder beside a profile → what its files say."""
Section = TypeVar("Section", bound=Model)


def load_profile(path: str | Path) -> Profile:
    """Read and check a profile together with every variant, dataset and table that it names.

    Raises ConfigError, one line, at the first thing that is wrong.
    """
    try:
        usable_path(str(path))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    profile = _read(Path(path), Profile)
    _check_names(profile, path)
    for name in profile.tested:
        if EPOCH.fullmatch(name):
            raise ConfigError(f"{path}: datasets: {name}: is how an epoch is named: rename the set")
        count = load_dataset(name, path).split_count
        if count > 1 and max(profile.splits) >= count:
            raise ConfigError(
                f"{path}: splits: {name} has {count} splits, 0 to {count - 1}; got"
                f" {max(profile.splits)}"
            )
    for name in profile.variants:
        variant = load_variant(name, path)
        if variant.backbone_of:
            raise ConfigError(
                f"{path}: variants: {name} is a backbone of {variant.backbone_of}: name it under"
                " backbones"
            )
        weights_of(variant, profile.weights)
    for name in profile.backbones:
        _check_backbone(name, profile, path)
    for name in profile.tables:
        _check_table(load_named("tables", name, path), f"{path}: tables: {name}", path)
    for one in profile.cross:
        absent = sorted({one.train} - set(profile.datasets)) + sorted(
            set(one.variants) - set(profile.evaluated)
        )
        if absent or one.train == one.test:
            what = (
                f"{', '.join(absent)} not among what the profile trains"
                if absent
                else f"{one.test} is both sides"
            )
            raise ConfigError(f"{path}: cross: {what}")
    for name in profile.evaluated:
        _check_features(name, profile, path)
    for name in names_of("published", path):
        _check_field(load_named("published", name, path), name, path)
    absent = sorted(set(profile.evaluation.time_order) - set(profile.evaluated))
    if absent:
        raise ConfigError(
            f"{path}: evaluation.time_order: {', '.join(absent)} not among variants and backbones"
        )
    return profile


def _check_names(profile: Profile, path: str | Path) -> None:
    """Each can be a file's, stands once in its list, and tests on other sets are on known ones."""
    for kind in ("variants", "backbones", "datasets", "tables"):
        for name in getattr(profile, kind):
            check_name("variants" if kind == "backbones" else kind, name, path)
    for kind in ("variants", "backbones", "datasets", "splits", "tables", "seeds"):
        names = getattr(profile, kind)
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"{path}: {kind}: {', '.join(repeated)} stands twice: name each once")
    known = names_of("datasets", path)
    for one in profile.cross:
        if one.test not in known:
            raise ConfigError(
                f"{path}: cross: unknown dataset '{shortened(one.test)}'; known: {', '.join(known)}"
            )


def _check_backbone(name: str, profile: Profile, path: str | Path) -> None:
    """It is taken out of a variant of the profile, whose network it has."""
    variant = load_variant(name, path)
    donor = variant.backbone_of
    if donor not in profile.variants:
        raise ConfigError(
            f"{path}: backbones: {name} is taken out of {donor or 'nothing'}, which is not"
            " among variants"
        )
    own, whole = (
        getattr(network_of(one, profile.network), variant.branches[0])
        for one in (variant, load_variant(donor, path))
    )
    if own != whole:
        raise ConfigError(
            f"{path}: backbones: {name} has another network than {donor}, out of which it is"
            f" taken: network.{variant.branches[0]} must be the same in both"
        )


def _check_features(name: str, profile: Profile, path: str | Path) -> None:
    """Features that are given are of the data set and the clips that they were made of: nothing can
    be extracted again."""
    variant, where = load_variant(name, path), f"{path}: variants: {name}"
    if not isinstance(variant, ForeignFeatures):
        return
    if len(profile.datasets) > 1 and "{dataset}" not in variant.features:
        raise ConfigError(
            f"{where}: features: one file for {len(profile.datasets)} data sets: write {{dataset}}"
            " into its path"
        )
    asked = {
        "cross": [other for one in profile.cross for other in one.variants],
        "evaluation.time_order": profile.evaluation.time_order,
    }
    for key, names in asked.items():
        if name in names:
            raise ConfigError(
                f"{where}: is a file of features, with no network to see other clips: leave it out"
                f" of {key}"
            )


def _check_table(table: Table, where: str, profile: str | Path) -> None:
    """Everything that a table names has a file; what is not in the profile becomes a named gap."""
    claims = load_named("claims", table.claims, profile).pairs if table.claims else []
    variants = [*table.variants, *(name for pair in claims for name in pair)]
    for kind, names in (("variants", variants), ("datasets", table.sets)):
        for name in names:
            if not config_file(kind, name, profile).is_file():
                raise ConfigError(f"{where}: unknown {kind.removesuffix('s')} '{name}'")
    if table.published and not load_named("published", table.published, profile).values:
        raise ConfigError(
            f"{where}: published: {table.published} has no numbers of variants: `field` shows the"
            " methods of all such files"
        )


def _check_field(published: Published, name: str, profile: str | Path) -> None:
    """Every data set of published numbers has a file: one whose name is misspelt would be shown
    nowhere."""
    named: dict[str, Iterable[str]] = {
        **{f"methods.{method}.values": one.values for method, one in published.methods.items()},
        **{f"values.{variant}": sets for variant, sets in published.values.items()},
        "sets": published.sets,
        "remarks": published.remarks.keys() - {"all"},
    }
    known = names_of("datasets", profile)
    for key, datasets in named.items():
        for dataset in datasets:
            if dataset not in known:
                raise ConfigError(
                    f"{config_file('published', name, profile)}: {key}: unknown dataset"
                    f" '{shortened(dataset)}'; known: {', '.join(known)}"
                )


def load_named(kind: str, name: str, profile: str | Path) -> Any:
    """The file `name` of a kind (see KINDS): from that folder beside the profile, or shipped."""
    path = config_file(kind, name, profile)
    if not path.is_file():
        known = ", ".join(names_of(kind, profile)) or "none"
        raise ConfigError(
            f"{profile}: {kind}: unknown {kind.removesuffix('s')} '{name}'; known: {known}"
        )
    content = read_yaml(path)
    return check(content, kind_of(content) if kind == "variants" else KINDS[kind], str(path))


def load_variant(name: str, profile: str | Path) -> Variant:
    """The variant `name` (or name@data set)."""
    return load_named("variants", variant_of(name), profile)


def load_dataset(name: str, profile: str | Path) -> Dataset:
    """The data set `name`."""
    return load_named("datasets", name, profile)


def names_of(kind: str, profile: str | Path) -> list[str]:
    """Names of all files of a kind beside the profile, or shipped, whether it runs them or not.

    A file whose name cannot be one is nobody's: no profile can name it. What is in a file is not
    looked at.
    """
    folders = (Path(profile).parent / kind, SHIPPED / kind)
    names = {path.stem for folder in folders for path in folder.glob("*.yaml")}
    return sorted(name for name in names if NAME.fullmatch(name))


def splits_of(dataset: Dataset, profile: Profile) -> list[int]:
    """The splits of a data set that a profile runs."""
    return profile.splits if dataset.split_count > 1 else [0]


def config_file(kind: str, name: str, profile: str | Path) -> Path:
    """Where the file of a named variant, dataset, table or paper's numbers lies: beside the
    profile, or else where the package ships its own. Raises ConfigError for what is no name."""
    check_name(kind, name, profile)
    beside, shipped = Path(profile).parent / kind / f"{name}.yaml", SHIPPED / kind / f"{name}.yaml"
    return shipped if shipped.is_file() and not beside.is_file() else beside


def _read(path: Path, model: type[Section]) -> Section:
    return check(read_yaml(path), model, str(path))


def check(content: object, model: type[Section], where: str) -> Section:
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
    found = shortened(repr(first["input"]))
    return f"{key}: {message}, got {found}{more}" if key else f"{message}{more}"


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
