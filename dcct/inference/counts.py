"""What a plan must know of a network, counted on torch's meta device.

Those of the shipped profiles are written down in counts.json: to build them takes a minute, to read
them nothing, not even torch. Identities decide the sizes of classifiers alone, so that two counts
of a network are those for any number of identities. What was counted by other code, or by another
torch or timm, is not read.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter

from dcct.config.configuration import Configuration
from dcct.config.foreign import Foreign
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.errors import DataError
from dcct.files import settings_digest, write_json
from dcct.pipeline.code import code_in
from dcct.pipeline.steps import NETWORK

FILE = Path(__file__).with_suffix(".json")
COUNTERS = ("training/memory.py",)
"""What builds networks to count them. The cost table's code is not among it: what that says beside
operations changes often, and decides none."""
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of one network. flops: operations per frame at evaluation, a multiplication and an addition
    counting as two. kept: bytes that the backward pass of COUNTED_CLIPS clips needs, in fp32."""

    flops: int
    parameters: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Of one network, each count without identities, and for each of them."""

    flops: tuple[int, int]
    parameters: tuple[int, int]
    kept: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What counts.json holds."""

    made_by: dict[str, str]
    """Its code and libraries (see made_by)."""
    networks: dict[str, Parts]
    """Digest of settings → counts."""


def counts_of(name: str, variant: Variant, profile: Profile, identities: int, say: Say) -> Counts:
    """The counts of a variant at a profile's size: written down, or else counted now."""
    written = _written().get(_key(variant, profile))
    if written is None:
        say(f"{name}: a network that is not written down: building it takes a second or more")
        return count(variant, profile, identities)
    return Counts(
        **{what: none + identities * each for what, (none, each) in asdict(written).items()}
    )


def count(variant: Variant, profile: Profile, identities: int) -> Counts:
    """Build a network, without memory for its weights, and count."""
    from dcct.inference.cost import cost_of  # torch waits until a network must be built
    from dcct.training.memory import count_step

    parameters, kept = count_step(variant, profile, identities)
    flops = cost_of("", variant, profile.network, profile.clips, identities).flops
    return Counts(flops=flops, parameters=parameters, kept=kept)


def write_counts(configurations: Iterable[Configuration], say: Say) -> None:
    """Write down the networks that these profiles train."""
    networks: dict[str, dict] = {}
    for one in configurations:
        for name in one.profile.variants:
            variant = one.variant(name)
            key = _key(variant, one.profile)
            if variant.trained and not isinstance(variant, Foreign) and key not in networks:
                say(f"{one.configfile}: {name}")
                networks[key] = _by_identities(variant, one.profile)
    write_json(FILE, {"made_by": made_by(), "networks": networks})


def made_by() -> dict[str, str]:
    """What decides counts beside the networks' settings."""
    libraries = {name: version(name).partition("+")[0] for name in ("torch", "timm")}
    return {"code": code_in(COUNTERS), **libraries}


def _by_identities(variant: Variant, profile: Profile) -> dict[str, tuple[int, int]]:
    """What is counted → without identities, and for each of them."""
    one, two = (asdict(count(variant, profile, identities)) for identities in (1, 2))
    return {what: (2 * one[what] - two[what], two[what] - one[what]) for what in one}


@cache
def _written() -> dict[str, Parts]:
    """Settings' digest → counts; none where the file is of other code or libraries, or is not
    there. Raises DataError where it cannot be read."""
    try:
        content = TypeAdapter(Written).validate_json(FILE.read_bytes(), strict=True)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise DataError(f"{FILE}: is not what `dcct counts` writes: run it again") from None
    return content.networks if content.made_by == made_by() else {}


def _key(variant: Variant, profile: Profile) -> str:
    """Digest of the settings that decide a network's counts."""
    clips = profile.clips
    return settings_digest(
        {
            "variant": variant.model_dump(mode="json", include=set(NETWORK)),
            "network": profile.network.model_dump(mode="json"),
            "clips": [clips.length, clips.height, clips.width],
            "checkpointing": sorted(profile.training.checkpointing),
        }
    )
