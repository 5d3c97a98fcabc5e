"""What a profile will cost before anything is run: images, operations, hours and memory of every
training."""

from dataclasses import dataclass

from dcct.config.dataset import Dataset
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.inference.cost import cost_of
from dcct.training.memory import Memory, memory_of

PASSES = 3
"""A training step in forward passes: the backward pass takes twice the operations of the forward
one."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Trainings of one variant on one data set. runs: splits × seeds. images, flops, hours: of all
    of them."""

    dataset: str
    variant: str
    runs: int
    images: int
    flops: float
    hours: float
    memory: Memory


def job_of(
    name: str,
    data: Dataset,
    runs: int,
    label: str,
    variant: Variant,
    profile: Profile,
    flops_per_second: float,
) -> Job | None:
    """The budget of one variant; None where nothing is trained or the number of identities is not
    known.

    flops_per_second: what the card achieves on such a step: its matrix-product rate times the
    measured utilisation.
    """
    training, clips, identities = profile.training, profile.clips, data.expected.train_ids
    if not variant.trained or identities is None:
        return None
    steps = training.epochs * (identities // training.identities)
    images = runs * steps * training.identities * training.tracklets * clips.length
    passes = PASSES + bool(training.checkpointing)
    flops = float(
        passes * images * cost_of(label, variant, profile.network, clips, identities).flops
    )
    return Job(
        dataset=name,
        variant=label,
        runs=runs,
        images=images,
        flops=flops,
        hours=flops / flops_per_second / 3600,
        memory=memory_of(variant, profile, identities),
    )
