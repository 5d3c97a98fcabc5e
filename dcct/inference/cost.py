"""What a variant costs: parameters by part, floating-point operations, and the time of one clip."""

import time
from dataclasses import asdict, dataclass, replace
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from dcct.config.foreign import Foreign
from dcct.config.profile import Clips, Network, Profile
from dcct.config.variant import Distill, Variant, own_branches
from dcct.inference.size import named_with_size
from dcct.models import full_size
from dcct.models.dcct import DCCT
from dcct.models.device import on_device, prepare_torch
from dcct.models.network import AnyNetwork, network_for
from dcct.official.names import unused_parameters

PARTS = {
    "cnn": "cnn",
    "vit": "vit",
    "cca": "cca",
    "hta": "hta",
    "head": "heads",
    "hint": "hints",
}
"""First word of a module's name → the part that it belongs to; any other word is a part itself."""
WARM_UP, ROUNDS = 3, 51


@dataclass(frozen=True, kw_only=True)
class Cost:
    """parameters: all that the variant has, in training; parts: of which. flops: floating-point
    operations per frame at evaluation, a multiplication and an addition counting as two. unused:
    parameters that the official program would carry beside these. milliseconds: time of one clip,
    or None where it was not measured."""

    variant: str
    title: str
    parameters: int
    parts: dict[str, int]
    unused: int
    flops: int
    milliseconds: float | None = None


def cost_sections(variants: dict[str, Variant], profile: Profile, identities: int) -> list[dict]:
    """Costs of all trainable variants at the profile's size, with latency, and at the paper's with
    MARS' identities, counted only.

    A variant with backbones of its own has one size, and so has a method that is not ours: they are
    counted where the profile names them.
    """
    prepare_torch(profile.training, profile.training.precision)
    trained = {name: variant for name, variant in variants.items() if variant.trained}
    sized = {name for name, one in trained.items() if own_branches(one) or isinstance(one, Foreign)}
    shared = {name: one for name, one in trained.items() if name not in sized}
    special = {
        name: one for name, one in trained.items() if name in sized and name in profile.evaluated
    }
    here, there = (profile.network, profile.clips), (full_size.NETWORK, full_size.CLIPS)
    measured = {**shared, **special}
    milliseconds = clip_milliseconds(measured, profile, identities)
    own = [
        replace(cost_of(name, variant, *here, identities), milliseconds=milliseconds[name])
        for name, variant in measured.items()
    ]
    full = [
        cost_of(name, variant, *there, full_size.IDENTITIES) for name, variant in shared.items()
    ]
    threads = profile.training.threads
    where = (
        "CUDA GPU"
        if profile.training.device == "cuda"
        else f"CPU, {threads} thread{'s' * (threads > 1)}"
    )
    about = _about(*here, identities)
    about += "".join(_about_own(one, profile.clips) for one in special.values() if one.network)
    return [
        _section("This profile", *here, about, where, here == there, own),
        _section("Full size", *there, _about(*there, full_size.IDENTITIES), "", True, full),
    ]


def cost_of(name: str, variant: Variant, network: Network, clips: Clips, identities: int) -> Cost:
    """Count a variant's parameters and operations with torch's own counter, without memory for its
    weights; one that is not ours with it, since nobody knows whether it can do without."""
    with torch.device("cpu" if isinstance(variant, Foreign) else "meta"):
        model = network_for(variant, network, clips, identities).eval()
        images = torch.full((1, clips.length, 3, clips.height, clips.width), 0.5)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(images)
    return Cost(
        variant=name,
        title=variant.title,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        parts=_parts(model),
        unused=unused_parameters(model) if isinstance(model, DCCT) else 0,
        flops=counter.get_total_flops() // clips.length,
    )


def _parts(model: AnyNetwork) -> dict[str, int]:
    """Parameters by part: each module counts once, whatever it is."""
    counts = dict.fromkeys(PARTS.values(), 0)
    for name, module in model.named_children():
        word = name.partition("_")[0]
        part = PARTS.get(word, word)
        counts[part] = counts.get(part, 0) + sum(p.numel() for p in module.parameters())
    return counts


@torch.inference_mode()
def clip_milliseconds(
    variants: dict[str, Variant], profile: Profile, identities: int
) -> dict[str, float]:
    """Variant → time of one forward pass over one clip, where and how the profile runs its
    networks.

    Networks take turns, so that what else the machine does slows all of them alike, and each has
    the median of ROUNDS. Variants that are one network at test are measured once.
    """
    clips, training = profile.clips, profile.training
    at_test = {name: _at_test(variant) for name, variant in variants.items()}
    models = {
        key: on_device(network_for(network, profile.network, clips, identities).eval(), training)
        for key, network in dict(at_test.values()).items()
    }
    size = (1, clips.length, 3, clips.height, clips.width)
    images = torch.full(size, 0.5, device=training.device)  # 0 may have no direction
    seconds: dict[str, list[float]] = {key: [] for key in models}
    for _ in range(WARM_UP + ROUNDS):
        for key, model in models.items():
            started = time.perf_counter()
            model(images)
            if training.device == "cuda":
                torch.cuda.synchronize()
            seconds[key].append(time.perf_counter() - started)
    return {name: 1000 * median(seconds[key][WARM_UP:]) for name, (key, _) in at_test.items()}


def _at_test(variant: Variant) -> tuple[str, Variant]:
    """What of a variant runs at test, and a key that equal networks share: gone are its name, its
    distillation, and whose backbone it was."""
    left = {"title": "", "trained": True, "backbone_of": None}
    left |= {} if isinstance(variant, Foreign) else {"headline": "base"}
    network = variant.model_copy(update=left | {"distill": Distill(feature=False, logit=False)})
    return network.model_dump_json(), network


def _about(network: Network, clips: Clips, identities: int) -> str:
    return (
        f"{clips.length} frames of {clips.height}×{clips.width}, d = {network.hta_width},"
        f" {identities} identities."
    )


def _about_own(variant: Variant, clips: Clips) -> str:
    own = [getattr(variant.network, branch) for branch in own_branches(variant)]
    return f" {variant.title}: with {named_with_size(own, clips)}."


def _section(
    size: str,
    network: Network,
    clips: Clips,
    about: str,
    where: str,
    official: bool,
    costs: list[Cost],
) -> dict:
    """Fields of dcct.report.tables.cost.Section, the smallest network first."""
    ordered = sorted(costs, key=lambda cost: (cost.parameters, cost.variant))
    return {
        "size": size,
        "networks": named_with_size([network.cnn, network.vit], clips),
        "about": about,
        "where": where,
        "official": official,
        "costs": [asdict(c) for c in ordered],
    }
