"""The learning rate as one pure function of the epoch."""

import math

from dcct.config.profile import Training


def lr_at(epoch: int, training: Training) -> float:
    """Learning rate of an epoch (0-based): linear warm-up, then × decay_factor at each of
    decay_epochs.

    Official recipe: ×0.01 → 1 over 10 epochs, ×0.3 at 70, 140, 210, 280 and 350. With `schedule:
    cosine` the rate falls along half a cosine instead, and would reach 0 after the last epoch.
    """
    warmup, whole = training.warmup_epochs, training.epochs
    if training.extras.schedule == "cosine":
        factor = 0.5 + 0.5 * math.cos(math.pi * max(0, epoch - warmup) / max(1, whole - warmup))
    else:
        factor = training.decay_factor ** sum(epoch >= decay for decay in training.decay_epochs)
    if epoch < warmup:
        factor *= training.warmup_factor + (1 - training.warmup_factor) * epoch / warmup
    return training.learning_rate * factor


def distill_weight_at(epoch: int, training: Training) -> float:
    """Share of the distillation weights that counts in an epoch: 0 before start_epoch, then linear
    to 1."""
    distillation = training.distillation
    if epoch < distillation.start_epoch:
        return 0.0
    if not distillation.ramp_epochs:
        return 1.0
    return min(1.0, (epoch - distillation.start_epoch + 1) / distillation.ramp_epochs)
