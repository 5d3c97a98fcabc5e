"""The network of any variant: DCCT's parts, or somebody else's module behind the same Output."""

from typing import TypeAlias

from dcct.config.foreign import ForeignMethod
from dcct.config.profile import Clips, Network
from dcct.config.variant import Variant
from dcct.models.dcct import DCCT
from dcct.models.foreign import ForeignNetwork

AnyNetwork: TypeAlias = DCCT | ForeignNetwork


def network_for(
    variant: Variant, network: Network, clips: Clips, num_identities: int
) -> AnyNetwork:
    """A variant's network, with weights from torch's generator. Raises ConfigError as DCCT and
    ForeignNetwork do."""
    if isinstance(variant, ForeignMethod):
        return ForeignNetwork(variant, clips, num_identities)
    return DCCT(variant, network, clips, num_identities)
