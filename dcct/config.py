"""Everything that a YAML file under config/ may say, and the only code that reads those files.

A profile (config/config.yaml, config/paper.yaml, ...) says what is run and how; a variant says which parts of the
network exist; a dataset says where data come from and which protocol judges them; a table says which rows it has.
No value that changes a number has a default here: what you read in the YAML is what runs. Unknown keys, wrong types
and impossible values raise ConfigError with the file, the key and what is allowed.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dcct.errors import ConfigError

Branch = Literal["cnn", "vit"]
Sampler = Literal["begin", "dense", "repeated", "shuffled"]


class Model(BaseModel):
    """Base of every section: frozen, strict about types, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Clips(Model):
    length: int = Field(gt=0)
    """Frames per clip, T."""
    height: int = Field(gt=0)
    """Height in pixels to which every frame is resized (bicubic)."""
    width: int = Field(gt=0)
    """Width in pixels to which every frame is resized."""
    decoded: bool
    """Keep frames decoded and resized in the frame store too, 3·height·width bytes each: for small sets, few cores."""


class Backbone(Model):
    name: str
    """A timm model name, for example resnet50 or vit_base_patch16_224."""
    args: dict[str, float | int | str | bool | list[int]] = {}
    """Keyword arguments that timm.create_model takes beside the name."""


class CnnBackbone(Backbone):
    max_pool: bool
    """Keep the stem's max-pool; small images leave it out so that both branches share one grid."""


class Network(Model):
    cnn: CnnBackbone
    """The convolutional branch; its last stage always has stride 1."""
    vit: Backbone
    """The transformer branch; image and patch grid must equal the CNN's map."""
    hta_width: int = Field(gt=0)
    """Width d to which HTA aligns both branches."""


class Weights(Model):
    source: Literal["scratch", "hub"]
    """scratch: initial weights drawn from the seed; hub: the pretrained tags below, through the Hugging Face hub."""
    cnn: str | None = None
    """timm's pretrained tag for the CNN, for example tv_in1k (source: hub)."""
    vit: str | None = None
    """timm's pretrained tag for the ViT, for example orig_in21k_ft_in1k (source: hub)."""

    @model_validator(mode="after")
    def _hub_needs_tags(self):
        if self.source == "hub" and not (self.cnn and self.vit):
            raise ValueError("source: hub needs the pretrained tags cnn and vit")
        return self


class Distillation(Model):
    feature_weight: float = Field(ge=0)
    """Weight of FD (1 in the paper)."""
    logit_weight: float = Field(ge=0)
    """Weight of LD (1 in the paper)."""
    temperature: float = Field(gt=0)
    """Softmax temperature of LD."""
    start_epoch: int = Field(ge=0)
    """Epoch from which distillation counts; before it, both weights are 0."""
    ramp_epochs: int = Field(ge=0)
    """Epochs over which both weights grow linearly to their full value."""


class Training(Model):
    epochs: int = Field(ge=0)
    """Passes over the training identities."""
    identities: int = Field(gt=1)
    """Identities per batch, P."""
    tracklets: int = Field(gt=0)
    """Tracklets per identity in a batch, K."""
    learning_rate: float = Field(gt=0)
    """Adam's learning rate after the warm-up."""
    weight_decay: float = Field(ge=0)
    """Coupled L2 penalty, on every parameter."""
    warmup_epochs: int = Field(ge=0)
    """Epochs of linear warm-up."""
    warmup_factor: float = Field(gt=0, le=1)
    """Share of the learning rate at the first epoch."""
    decay_epochs: list[Annotated[int, Field(ge=0)]]
    """Epochs at which the learning rate is multiplied by decay_factor."""
    decay_factor: float = Field(gt=0, le=1)
    """See decay_epochs."""
    frame_loss: Literal["official", "mean"]
    """How frame-level terms of the two branches add up; see docs/fidelity.md."""
    margin: float = Field(ge=0)
    """Margin of the batch-hard triplet loss, in cosine distance."""
    random_erasing: float = Field(ge=0, le=1)
    """Probability that one rectangle is erased from all frames of a clip."""
    distillation: Distillation
    """Self-distillation from the temporal head to the backbones."""
    channels_last: bool
    """Memory layout of the CNN: faster on most machines, same result to rounding."""
    device: Literal["cpu", "cuda"]
    """Where training and extraction run."""
    threads: int = Field(gt=0)
    """CPU threads of one training or extraction."""
    workers: int = Field(ge=0)
    """Loader processes; their number changes no batch."""


class Evaluation(Model):
    samplers: list[Sampler] = Field(min_length=1)
    """How test clips are drawn; the first is the one that tables report."""
    time_order: list[str]
    """Variants judged again on repeated-frame and shuffled-frame clips."""
    batch_frames: int = Field(gt=0)
    """Frames in one forward pass of extraction."""
    bootstrap: int = Field(gt=0)
    """Resamples of the identities for the 95 % intervals."""


class Profile(Model):
    data_dir: str
    """Folder of the data sets."""
    results_dir: str
    """Folder of everything that the run makes."""
    datasets: list[str] = Field(min_length=1)
    """Names of files in config/datasets."""
    variants: list[str] = Field(min_length=1)
    """Names of files in config/variants: trained, then evaluated."""
    backbones: list[str]
    """Names of files in config/variants that say backbone_of: distilled backbones, evaluated alone."""
    seeds: list[Annotated[int, Field(ge=0)]] = Field(min_length=1)
    """Seeds; each variant is trained once per seed."""
    tables: list[str] = Field(min_length=1)
    """Names of files in config/tables."""
    clips: Clips
    network: Network
    weights: Weights
    training: Training
    evaluation: Evaluation

    @property
    def judged(self) -> list[str]:
        """Everything that gets a result row: trained variants, then distilled backbones."""
        return [*self.variants, *self.backbones]


class Distill(Model):
    feature: bool
    """FD: hints follow the temporal feature."""
    logit: bool
    """LD: frame classifiers follow the temporal classifier."""


class Hta(Model):
    levels: Literal[1, 2]
    """1 stops after the first joint block."""
    gate: bool
    """Gated attention before level 2; without it the guide is added."""


class Variant(Model):
    title: str
    """Name in tables and figures."""
    branches: list[Branch] = Field(min_length=1)
    """Backbones; two make a coupled network."""
    cca: list[Literal["self", "cross"]]
    """Attentions of CCA; empty for no CCA."""
    hta: Hta | None
    """Hierarchical temporal aggregation, or null."""
    distill: Distill
    """Self-distillation to the backbones."""
    headline: Literal["base", "spatial", "temporal", "all"]
    """Feature set that tables report."""
    trained: bool = True
    """False: evaluated at its initial weights."""
    backbone_of: str | None = None
    """Nothing is trained: this backbone is taken out of that variant's checkpoint and evaluated alone."""

    @model_validator(mode="after")
    def _parts_fit(self):
        if self.cca and len(set(self.branches)) < 2:
            raise ValueError("cca couples two branches: branches must be [cnn, vit]")
        if self.hta and not self.cca:
            raise ValueError("hta reads CCA's outputs: cca must not be empty")
        if (self.distill.feature or self.distill.logit) and not self.hta:
            raise ValueError("distillation teaches from the temporal head: hta must not be null")
        if self.backbone_of and len(self.branches) != 1:
            raise ValueError("backbone_of takes one branch out of a checkpoint: branches must hold one name")
        return self


class WalkersSpec(Model):
    """The embedded data set's size and difficulty."""

    seed: int = Field(ge=0)
    """Seed of every draw."""
    train_ids: int = Field(gt=0)
    """Training identities."""
    test_ids: int = Field(gt=0)
    """Test identities."""
    cameras: int = Field(gt=0, le=6)
    """Cameras, each with its own view, background and colours."""
    tracklets_per_camera: int = Field(gt=0)
    """Tracklets of each identity at each camera."""
    frames: int = Field(gt=0)
    """Frames per tracklet."""
    height: int = Field(ge=32)
    """Image height in pixels; the width is half of it."""
    difficulty: float = Field(ge=0)
    """Strength of camera colour, noise, jitter and static occlusion."""
    share: int = Field(gt=0)
    """Identities that wear the same outfit and differ in build, gait and small things."""
    burst: float = Field(ge=0, le=1)
    """Share of tracklets in which the person is hidden for a run of frames."""
    background_saturation: float = Field(ge=0)
    """Colourfulness of backgrounds."""
    jpeg_quality: int = Field(gt=0, le=95)
    """Quality of the written JPEG files."""
    distractors: int = Field(ge=0)
    """Gallery tracklets of people who are nobody's match (id 0)."""
    junk: int = Field(ge=0)
    """Badly cropped test tracklets (id -1), which the protocol drops."""


class Expected(Model):
    """Counts that verification must find."""

    train_ids: int
    train_tracklets: int
    train_frames: int
    query_ids: int
    query_tracklets: int
    gallery_tracklets: int
    distractor_tracklets: int
    junk_tracklets: int
    cameras: int


class Protocol(Model):
    gallery_includes_queries: bool
    """Rank queries against gallery and queries together (MARS' official rule)."""
    drop_same_camera: bool
    """Remove, per query, gallery tracklets of the same identity and camera."""
    clip_cap: int = Field(gt=0)
    """Most clips that dense sampling takes from one tracklet."""

    @model_validator(mode="after")
    def _query_leaves_its_gallery(self):
        if self.gallery_includes_queries and not self.drop_same_camera:
            raise ValueError("gallery_includes_queries needs drop_same_camera: else each query finds itself")
        return self


class Dataset(Model):
    title: str
    """Name in tables."""
    about: str
    """What the data are, in one or two sentences; shown under every table."""
    layout: Literal["mars"]
    """On-disk layout, hence reader."""
    state: Literal["generated", "open", "by agreement", "withdrawn", "link reported dead"]
    """How the data can be had."""
    get: str
    """What a user without the data does next."""
    licence: str
    """Terms of use."""
    walkers: WalkersSpec | None = None
    """Set for generated data: what to draw."""
    protocol: Protocol
    expected: Expected


class Published(Model):
    """Numbers of the paper's full method that were verified, to stand beside ours; never mixed with them."""

    source: str
    """Where they were verified."""
    sets: dict[str, dict[str, float]]
    """Benchmark → metric → percent. A metric that is absent was not verified."""


class Table(Model):
    title: str
    """Heading."""
    about: str
    """What the table shows, in a sentence or two."""
    compare: Literal["variants", "features", "samplers", "pairs"]
    """variants: one row each, at its headline feature set; features: one row per feature set of each variant; samplers:
    one row per way of drawing test clips; pairs: differences between two variants on the same queries."""
    rows: list[str] = []
    """Variants in order (not for pairs); `chance` is the exact expectation of a random ranking."""
    pairs: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = []
    """Pairs of variants (A, B) for A − B (compare: pairs)."""
    published: Published | None = None
    """The paper's numbers, shown below ours."""

    @model_validator(mode="after")
    def _rows_or_pairs(self):
        if (self.compare == "pairs") != bool(self.pairs) or bool(self.pairs) == bool(self.rows):
            raise ValueError("give pairs for `compare: pairs`, rows for anything else")
        return self


def load_profile(path: str | Path) -> Profile:
    """Read and check a profile together with every variant, dataset and table that it names.

    Raises ConfigError, one line, at the first thing that is wrong.
    """
    profile = _read(Path(path), Profile)
    for kind in ("variants", "backbones", "datasets", "tables", "seeds"):
        names = getattr(profile, kind)
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"{path}: {kind}: {', '.join(repeated)} stands twice: name each once")
    for name in profile.datasets:
        load_dataset(name, path)
    for name in profile.variants:
        donor = load_variant(name, path).backbone_of
        if donor:
            raise ConfigError(f"{path}: variants: {name} is a backbone of {donor}: name it under backbones")
    for name in profile.backbones:
        donor = load_variant(name, path).backbone_of
        if donor not in profile.variants:
            raise ConfigError(
                f"{path}: backbones: {name} is taken out of {donor or 'nothing'}, which is not among variants"
            )
    for name in profile.tables:
        _check_table(load_table(name, path), f"{path}: tables: {name}", path)
    absent = sorted(set(profile.evaluation.time_order) - set(profile.judged))
    if absent:
        raise ConfigError(f"{path}: evaluation.time_order: {', '.join(absent)} not among variants and backbones")
    return profile


def _check_table(table: Table, where: str, profile: str | Path) -> None:
    """Every variant that a table names has a file; one that is not in the profile becomes a named gap."""
    for name in {*table.rows, *(name for pair in table.pairs for name in pair)} - {"chance"}:
        if not config_file("variants", name, profile).is_file():
            raise ConfigError(f"{where}: unknown variant '{name}'")


def load_variant(name: str, profile: str | Path) -> Variant:
    """The variant `name` from the folder variants/ beside the profile file."""
    return _read_named("variants", name, profile, Variant)


def load_dataset(name: str, profile: str | Path) -> Dataset:
    """The dataset `name` from the folder datasets/ beside the profile file."""
    return _read_named("datasets", name, profile, Dataset)


def load_table(name: str, profile: str | Path) -> Table:
    """The table `name` from the folder tables/ beside the profile file."""
    return _read_named("tables", name, profile, Table)


def config_file(kind: str, name: str, profile: str | Path) -> Path:
    """Where the file of a named variant, dataset or table lies."""
    return Path(profile).parent / kind / f"{name}.yaml"


def _read_named(kind: str, name: str, profile: str | Path, model: type[Model]):
    path = config_file(kind, name, profile)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise ConfigError(f"{profile}: {kind}: unknown {kind[:-1]} '{name}'; known: {known}")
    return _read(path, model)


def _read(path: Path, model: type[Model]):
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file: name an existing profile with --configfile") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a mapping of keys, found {type(content).__name__}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_complaint(error, model)}") from None


def _first_complaint(error: ValidationError, model: type[Model]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown key; allowed here: {', '.join(_keys_at(model, first['loc'][:-1]))}{more}"
    if first["type"] == "missing":
        return f"{key}: missing; every key must be given{more}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key + ': ' if key else ''}{message}, got {first['input']!r}{more}" if key else f"{message}{more}"


def _keys_at(model: type[Model], loc: tuple) -> list[str]:
    """Keys that the section at `loc` allows (the location may pass through lists and optional sections)."""
    for part in loc:
        if part in model.model_fields:
            annotation = model.model_fields[part].annotation
            candidates = (annotation, *getattr(annotation, "__args__", ()))
            model = next((c for c in candidates if isinstance(c, type) and issubclass(c, Model)), model)
    return sorted(model.model_fields)
