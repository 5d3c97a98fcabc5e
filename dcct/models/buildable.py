"""Whether the networks that a profile names can be built: asked before anything runs, since the
first step that builds one may come hours after the first of all."""

from collections.abc import Iterable

import torch

from dcct.config.foreign import Foreign
from dcct.config.profile import Profile
from dcct.config.variant import Variant, network_of
from dcct.errors import ConfigError
from dcct.models.dcct import DCCT


def check_networks(profile: Profile, variants: Iterable[Variant], where: object) -> None:
    """Build every distinct network without memory or numbers. Raises ConfigError that begins with
    `where`, and names what timm, or how branches fit together, refuses."""
    checked: list[tuple] = []
    for variant in variants:
        if isinstance(variant, Foreign):  # building it would run its code
            continue
        parts = variant.branches, variant.cca, variant.hta, network_of(variant, profile.network)
        if parts in checked:
            continue
        checked.append(parts)
        try:
            with torch.device("meta"):
                DCCT(variant, profile.network, profile.clips, num_identities=2)
        except ConfigError as error:
            raise ConfigError(f"{where}: {variant.title}: {error}") from None
