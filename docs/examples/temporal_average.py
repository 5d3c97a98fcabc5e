"""A baseline written against the interface of methods: a ResNet's features of all frames, averaged
over time. A variant names it as temporal_average:build (docs/methods.md)."""

import timm
from torch import Tensor, nn


class TemporalAverage(nn.Module):
    """Frames one by one through a ResNet, their mean through a BatchNorm, then a classifier."""

    def __init__(self, net: nn.Module, num_identities: int):
        super().__init__()
        self.net = net
        self.norm = nn.BatchNorm1d(net.num_features)
        self.classifier = nn.Linear(net.num_features, num_identities, bias=False)

    def forward(self, clips: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Clips (B,T,3,height,width), normalised as ImageNet → features by name, each (B,C), and
        logits by name, each (B,K). Triplets are mined on every feature, and every logits has a
        cross-entropy."""
        frames = self.net(clips.flatten(0, 1))
        mean = frames.unflatten(0, clips.shape[:2]).mean(1)
        normed = self.norm(mean)
        return {"mean": mean, "normed": normed}, {"identity": self.classifier(normed)}


def build(
    num_identities: int, clip_length: int, height: int, width: int, *, name: str = "resnet18"
) -> nn.Module:
    """num_identities, clip_length, height, width: of the data and the profile. name: `args` of the
    variant. Weights are drawn from torch's generator, which the run's seed has set."""
    return TemporalAverage(timm.create_model(name, num_classes=0), num_identities)
