"""What a profile will cost before anything is run: images, operations, hours and memory of every
training."""

from collections.abc import Iterator
from dataclasses import dataclass

from dcct.config.foreign import Foreign
from dcct.inference.counts import Say, counts_of
from dcct.pipeline.pipeline import Pipeline
from dcct.training.footprint import Memory, memory_of_step

PASSES = 3
"""A training step in forward passes: the backward pass takes twice the operations of the forward
one."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Trainings of one variant on one data set. runs: splits × seeds. images, flops, hours: of all
    of them."""

    dataset: str
    variant: str
    runs: int
    images: int
    flops: float
    hours: float
    memory: Memory


def budget(pipeline: Pipeline, flops_per_second: float, say: Say) -> Iterator[Budget]:
    """The budget of every variant on every data set of a profile, as far as anything is trained
    and the number of identities is known.

    flops_per_second: what the card achieves on such a step: its matrix-product rate times the
    measured utilisation.
    """
    for dataset in pipeline.profile.datasets:
        for label in pipeline.profile.variants:
            if found := _budget_of(dataset, label, pipeline, flops_per_second, say):
                say(f"{dataset}, {label}: {found.hours:,.1f} hours")
                yield found


def _budget_of(
    name: str, label: str, pipeline: Pipeline, flops_per_second: float, say: Say
) -> Budget | None:
    profile, variant, data = pipeline.profile, pipeline.variant(label), pipeline.dataset(name)
    runs = len(pipeline.splits(name)) * len(profile.seeds)
    training, clips, identities = profile.training, profile.clips, data.expected.train_ids
    if not variant.trained or identities is None:
        return None
    if isinstance(variant, Foreign):  # a plan runs no code of others
        say(f"{name}, {label}: left out: a method that is not ours is not built by a plan")
        return None
    steps = training.epochs * (identities // training.identities)
    images = runs * steps * training.identities * training.tracklets * clips.length
    counts = counts_of(label, variant, profile, identities, say)
    flops = float((PASSES + bool(training.checkpointing)) * images * counts.flops)
    return Budget(
        dataset=name,
        variant=label,
        runs=runs,
        images=images,
        flops=flops,
        hours=flops / flops_per_second / 3600,
        memory=memory_of_step(counts.parameters, counts.kept, training),
    )
