"""A profile: what is run and how. No value that changes a number has a default: what you read is
what runs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dcct.config.names import Folder
from dcct.config.section import Model

Resize = Literal["bilinear", "bicubic"]
Sampler = Literal["begin", "dense", "repeated", "shuffled"]


class Clips(Model):
    length: int = Field(gt=0, le=1000)
    """Frames per clip, T."""
    height: int = Field(gt=0, le=4096)
    """Height in pixels to which every frame is resized."""
    width: int = Field(gt=0, le=4096)
    """Width in pixels to which every frame is resized."""
    train_resize: Resize = "bicubic"
    """How training frames are resized; those of that size already are left as they are."""
    test_resize: Resize = "bilinear"
    """How test frames are: the official program names no way for them, and gets bilinear."""
    decoded: bool
    """Keep frames decoded and resized in the frame store too, 3·height·width bytes each and way of
    resizing: for small sets, few cores."""


Size = Annotated[int, Field(ge=-1, le=1_000_000)] | Annotated[float, Field(le=1_000_000)]


BUILDERS = {
    "cache_dir",
    "checkpoint_path",
    "device",
    "dtype",
    "exportable",
    "feature_cfg",
    "features_only",
    "no_jit",
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "pretrained_filter_fn",
    "pretrained_strict",
    "scriptable",
}
"""What timm.create_model takes for itself: files to read, folders to write, weights to fetch."""


class Backbone(Model):
    name: str
    """A timm model name, for example resnet50, convnext_tiny or vit_base_patch16_224."""
    args: dict[str, Size | str | bool | list[Size]] = {}
    """Keyword arguments of the network, which timm.create_model hands on to it."""

    @model_validator(mode="after")
    def _args_are_the_networks(self):
        if others := sorted(BUILDERS & self.args.keys()):
            raise ValueError(f"args: {others[0]} is none of a network's: leave it out")
        return self


class CnnBackbone(Backbone):
    max_pool: bool
    """Keep a ResNet's stem max-pool, without which small images share one grid; true where there
    is none."""


class Network(Model):
    cnn: CnnBackbone
    """The convolutional branch, any network with a spatial map; its last stage has stride 1."""
    vit: Backbone
    """The transformer branch, any with a class token or pooling; its patch grid must equal the
    CNN's map."""
    hta_width: int = Field(gt=0, le=65_536)
    """Width d to which HTA aligns both branches."""


class Weights(Model):
    source: Literal["scratch", "hub", "folder"]
    """scratch: drawn from the seed; hub: pretrained, from the Hugging Face hub; folder: pretrained,
    local files."""
    folder: Folder | None = None
    """Where the files below lie (source: folder)."""
    cnn: str | None = None
    """hub: timm's pretrained tag, for example tv_in1k. folder: a file name, for example
    resnet50-19c8e357.pth."""
    vit: str | None = None
    """hub: for example orig_in21k_ft_in1k. folder: for example jx_vit_base_p16_224-80ecf9dd.pth."""

    @model_validator(mode="after")
    def _pretrained_weights_are_named(self):
        if self.source != "scratch" and not (self.cnn and self.vit):
            raise ValueError(
                f"source: {self.source} needs cnn and vit: timm's tags (hub) or file names (folder)"
            )
        if (self.source == "folder") != bool(self.folder):
            raise ValueError("folder goes with source: folder, and source: folder with a folder")
        return self


class Distillation(Model):
    feature_weight: float = Field(ge=0, le=1e6)
    """Weight of FD (1 in the paper)."""
    logit_weight: float = Field(ge=0, le=1e6)
    """Weight of LD (1 in the paper)."""
    temperature: float = Field(gt=0, le=1e3)
    """Softmax temperature of LD."""
    start_epoch: int = Field(ge=0, le=100_000)
    """Epoch from which distillation counts; before it, both weights are 0."""
    ramp_epochs: int = Field(ge=0, le=100_000)
    """Epochs over which both weights grow linearly to their full value."""


class Extras(Model):
    """What the official recipe does not have. All of it is off unless a profile names it."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of probability that cross-entropy spreads over the other identities."""
    schedule: Literal["step", "cosine"] = "step"
    """cosine: after the warm-up the learning rate falls to 0 along half a cosine, and decay_epochs
    are not used."""
    average: float = Field(default=0.0, ge=0, lt=1)
    """Decay of an exponential moving average of the weights, which is then what is kept and
    evaluated; 0 for none."""
    gradient_norm: float = Field(default=0.0, ge=0, le=1e9)
    """Largest norm of the whole gradient; longer ones are shortened to it; 0 for no limit."""
    backbone_rate: float = Field(default=1.0, gt=0, le=1e3)
    """Learning rate of the backbones as a multiple of the others'."""
    sampling: Literal["interval", "whole-interval", "segments"] = "interval"
    """whole-interval: the last start that fits may be drawn too. segments: one random frame from
    each of T equal parts of the tracklet (restricted random sampling)."""
    flip: float = Field(default=0.0, ge=0, le=1)
    """Probability that all frames of a clip are mirrored."""
    pad_crop: int = Field(default=0, ge=0, le=1024)
    """Pixels by which all frames of a clip are shifted at most, each way; what comes in has
    ImageNet's mean colour."""


class Training(Model):
    epochs: int = Field(ge=0, le=100_000)
    """Passes over the training identities."""
    identities: int = Field(gt=1, le=10_000)
    """Identities per batch, P."""
    tracklets: int = Field(gt=0, le=1000)
    """Tracklets per identity in a batch, K."""
    learning_rate: float = Field(gt=0, le=100)
    """Adam's learning rate after the warm-up."""
    weight_decay: float = Field(ge=0, le=100)
    """Coupled L2 penalty, on every parameter."""
    warmup_epochs: int = Field(ge=0, le=100_000)
    """Epochs of linear warm-up."""
    warmup_factor: float = Field(gt=0, le=1)
    """Share of the learning rate at the first epoch."""
    decay_epochs: list[Annotated[int, Field(ge=0, le=100_000)]]
    """Epochs at which the learning rate is multiplied by decay_factor."""
    decay_factor: float = Field(gt=0, le=1)
    """See decay_epochs."""
    frame_loss: Literal["official", "mean"]
    """How frame-level terms of the two branches add up; see docs/fidelity.md."""
    margin: float = Field(ge=0, le=10)
    """Margin of the batch-hard triplet loss, in cosine distance."""
    random_erasing: float = Field(ge=0, le=1)
    """Probability that one rectangle is erased from all frames of a clip."""
    erasing_fill: Literal["official", "mean"] = "official"
    """mean: the mean colour, 0 after normalisation. official: a lighter grey, since the program
    writes the means of raw pixels into normalised ones; see docs/fidelity.md."""
    distillation: Distillation
    """Self-distillation from the temporal head to the backbones."""
    extras: Extras = Extras()
    """Beyond the official recipe."""
    precision: Literal["fp32", "tf32", "bf16", "fp16"] = "fp32"
    """Of the network's forward and backward pass; losses and weights stay fp32. fp16 scales the
    loss."""
    checkpointing: list[Literal["cnn", "vit"]] = []
    """Backbones that keep only the activations between their blocks and compute the others again:
    less memory, a third more time, the same bytes."""
    compile: bool = False
    """Compile the network (torch.compile): minutes at the start, then faster; equal to rounding
    only."""
    channels_last: bool
    """Memory layout of the CNN: faster on most machines, same result to rounding."""
    device: Literal["cpu", "cuda"]
    """Where training and extraction run."""
    processes: int = Field(default=1, gt=0, le=1024)
    """Processes that share each batch of a training, one GPU each: the result of one, to rounding;
    and the shards of an extraction."""
    cards: int = Field(default=1, gt=0, le=1024)
    """Equal parts of every batch that BatchNorm and FD see each by itself, as the official program
    has it on so many cards (two by default); they are computed on whatever processes there are."""
    threads: int = Field(gt=0, le=1024)
    """CPU threads of one process of a training, or of an extraction."""
    workers: int = Field(ge=0, le=256)
    """Loader workers; their number changes no batch."""
    loader: Literal["processes", "threads"] = "processes"
    """What workers are. Threads start at once, copy nothing and share one frame store: decoding
    lets go of Python's lock."""

    @model_validator(mode="after")
    def _processes_share_the_batch(self):
        if self.identities * self.tracklets % self.processes:
            raise ValueError(
                f"processes: {self.identities} × {self.tracklets} clips cannot be shared evenly by"
                f" {self.processes}"
            )
        return self

    @model_validator(mode="after")
    def _cards_share_the_batch(self):
        clips = self.identities * self.tracklets
        if self.cards > 1 and (clips % self.cards or clips == self.cards):
            raise ValueError(
                f"cards: {self.identities} × {self.tracklets} clips cannot be shared evenly by"
                f" {self.cards} cards, two or more to each"
            )
        if self.cards > 1 and self.cards % self.processes:
            raise ValueError(
                f"cards: {self.cards} cannot be shared evenly by {self.processes} processes"
            )
        return self


class Reranking(Model):
    k1: int = Field(default=20, gt=0, le=10_000)
    """Neighbours that two tracklets must share mutually."""
    k2: int = Field(default=6, gt=0, le=10_000)
    """Neighbours over which encodings are averaged; 1 for none."""
    weight: float = Field(default=0.3, ge=0, le=1)
    """Share of the original distance in the mixed one, λ."""


class Evaluation(Model):
    samplers: list[Sampler] = Field(min_length=1)
    """How test clips are drawn; the first is the one that tables report."""
    time_order: list[str]
    """Variants evaluated again on repeated-frame and shuffled-frame clips."""
    batch_frames: int = Field(gt=0, le=1_000_000)
    """Frames in one forward pass of extraction."""
    bootstrap: int = Field(gt=0, le=1_000_000)
    """Resamples of the identities for the 95 % intervals."""
    precision: Literal["fp32", "tf32", "bf16", "fp16"] = "fp32"
    """Of the network in extraction; features are averaged and kept in fp32."""
    epochs: list[Annotated[int, Field(gt=0, le=100_000)]] = []
    """Epochs, counted from 1, whose weights a training keeps beside the last one's, and which are
    evaluated as rows of their own."""
    reranking: Reranking | None = None
    """Evaluate every feature set again, re-ranked by k-reciprocal neighbours; `reranking: {}` takes
    the usual numbers."""


class Cross(Model):
    train: str
    """The data set whose trainings are evaluated: one of the profile's; of its splits, the first
    that is run."""
    test: str
    """The data set that they are evaluated on; it need not be one that the profile trains on."""
    variants: list[str] = Field(min_length=1)
    """Which of the profile's variants and backbones."""


class Profile(Model):
    data_dir: Folder
    """Folder of the data sets."""
    results_dir: Folder
    """Folder of everything that the run makes."""
    datasets: list[str] = Field(min_length=1)
    """Names of files in config/datasets."""
    splits: list[Annotated[int, Field(ge=0, le=999)]] = Field(min_length=1)
    """Which of a set's standard splits are run, counted from 0; a set that has only one runs that
    one."""
    variants: list[str] = Field(min_length=1)
    """Names of files in config/variants: trained, then evaluated."""
    backbones: list[str]
    """Names of files in config/variants that say backbone_of: distilled backbones, evaluated
    alone."""
    seeds: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(min_length=1)
    """Seeds; each variant is trained once per seed."""
    tables: list[str] = Field(min_length=1)
    """Names of files in config/tables."""
    cross: list[Cross] = []
    """Trainings that are evaluated on another data set too."""
    clips: Clips
    network: Network
    weights: Weights
    training: Training
    evaluation: Evaluation

    @model_validator(mode="after")
    def _kept_epochs_are_trained(self):
        last, epochs = self.training.epochs, self.evaluation.epochs
        if epochs != sorted(set(epochs)) or any(epoch > last for epoch in epochs):
            raise ValueError(
                f"evaluation.epochs: {epochs}: must rise, and end with training.epochs, {last}, at"
                " most"
            )
        return self

    @property
    def kept(self) -> list[int]:
        """Epochs whose weights are kept beside the last one's."""
        return [epoch for epoch in self.evaluation.epochs if epoch != self.training.epochs]

    @property
    def evaluated(self) -> list[str]:
        """Everything that gets a result row: trained variants, then distilled backbones."""
        return [*self.variants, *self.backbones]

    @property
    def tested(self) -> list[str]:
        """Data sets that something is evaluated on: those trained on, then the others."""
        return list(dict.fromkeys([*self.datasets, *(one.test for one in self.cross)]))

    def crossed(self, dataset: str) -> list[str]:
        """What is evaluated on a data set after training on another: variant@data set."""
        return [
            f"{name}@{one.train}"
            for one in self.cross
            if one.test == dataset
            for name in one.variants
        ]
