"""The memory of a training step, from what was counted of its network."""

from dataclasses import dataclass

from dcct.config.profile import Training

ADAM_TENSORS = 4
"""fp32 tensors of a parameter's size: itself, its gradient, and Adam's two averages."""
COUNTED_CLIPS = 2
"""Clips of which it is counted what the backward pass needs."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes: state: weights, gradients and optimiser. activations: what the backward pass of one
    batch needs."""

    state: int
    activations: int

    def __str__(self) -> str:
        size, unit = (2**30, "GiB") if self.state + self.activations >= 2**30 else (2**20, "MiB")
        whole, state, activations = (
            f"{part / size:.1f}"
            for part in (self.state + self.activations, self.state, self.activations)
        )
        return (
            f"about {whole} {unit}: {state} for weights and optimiser, {activations} for a batch's"
            " activations"
        )


def memory_of_step(parameters: int, kept: int, training: Training) -> Memory:
    """What a step keeps in each process. parameters: of the network. kept: bytes that its backward
    pass of COUNTED_CLIPS clips needs, in fp32.

    Left out: the input, scratch space of single operations, and what a checkpointed block computes
    again.
    """
    halved = 2 if training.precision in ("bf16", "fp16") else 1
    tensors = ADAM_TENSORS + bool(training.extras.average)
    return Memory(
        state=4 * tensors * parameters,
        activations=kept
        * training.identities
        * training.tracklets
        // (COUNTED_CLIPS * halved * training.processes),
    )
