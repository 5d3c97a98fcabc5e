"""What a variant costs: parameters by part, floating-point operations, and the time of one clip."""

import time
from dataclasses import asdict, dataclass, replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from dcct.config.profile import Clips, Network, Profile
from dcct.config.variant import Variant, own_branches
from dcct.models import full_size
from dcct.models.dcct import DCCT
from dcct.models.device import on_device, prepare_torch
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
WARM_UP, REPEATS = 3, 15


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

    A variant with backbones of its own has one size: it is counted where the profile names it.
    """
    prepare_torch(profile.training, profile.training.precision)
    trained = {name: variant for name, variant in variants.items() if variant.trained}
    shared = {name: one for name, one in trained.items() if not own_branches(one)}
    special = {
        name: one
        for name, one in trained.items()
        if own_branches(one) and name in profile.evaluated
    }
    here, there = (profile.network, profile.clips), (full_size.NETWORK, full_size.CLIPS)
    own = [
        replace(
            cost_of(name, variant, *here, identities),
            milliseconds=clip_milliseconds(variant, profile, identities),
        )
        for name, variant in {**shared, **special}.items()
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
    about = _about(*here, identities) + "".join(map(_about_own, special.values()))
    return [
        _section("This profile", about, where, here == there, own),
        _section("Full size", _about(*there, full_size.IDENTITIES), "", True, full),
    ]


def cost_of(name: str, variant: Variant, network: Network, clips: Clips, identities: int) -> Cost:
    """Count a variant's parameters and operations with torch's own counter, without memory for its
    weights."""
    with torch.device("meta"):
        model = DCCT(variant, network, clips, identities).eval()
        images = torch.empty(1, clips.length, 3, clips.height, clips.width)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(images)
    return Cost(
        variant=name,
        title=variant.title,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        parts=_parts(model),
        unused=unused_parameters(model),
        flops=counter.get_total_flops() // clips.length,
    )


def _parts(model: DCCT) -> dict[str, int]:
    """Parameters by part: each module counts once, whatever it is."""
    counts = dict.fromkeys(PARTS.values(), 0)
    for name, module in model.named_children():
        word = name.partition("_")[0]
        part = PARTS.get(word, word)
        counts[part] = counts.get(part, 0) + sum(p.numel() for p in module.parameters())
    return counts


@torch.inference_mode()
def clip_milliseconds(variant: Variant, profile: Profile, identities: int) -> float:
    """Time of one forward pass over one clip, where and how the profile runs its networks.

    The fastest of REPEATS, since whatever else the machine does only adds to it.
    """
    clips, training = profile.clips, profile.training
    model = on_device(DCCT(variant, profile.network, clips, identities).eval(), training)
    images = torch.zeros(1, clips.length, 3, clips.height, clips.width, device=training.device)
    seconds = []
    for _ in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        model(images)
        if training.device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 1000 * min(seconds[WARM_UP:])


def _about(network: Network, clips: Clips, identities: int) -> str:
    return (
        f"{network.cnn.name} and {network.vit.name}, {clips.length} frames of"
        f" {clips.height}×{clips.width}, d = {network.hta_width}, {identities} identities."
    )


def _about_own(variant: Variant) -> str:
    names = [getattr(variant.network, branch).name for branch in own_branches(variant)]
    return f" {variant.title}: with {' and '.join(names)}."


def _section(size: str, about: str, where: str, official: bool, costs: list[Cost]) -> dict:
    """Fields of dcct.report.tables.cost.Section, the smallest network first."""
    ordered = sorted(costs, key=lambda cost: (cost.parameters, cost.variant))
    return {
        "size": size,
        "about": about,
        "where": where,
        "official": official,
        "costs": [asdict(c) for c in ordered],
    }
