"""Output + labels → named loss terms; `loss` is the sum that is optimised."""

from typing import Literal

import torch
from torch import Tensor

from dcct.losses import batch_hard_triplet, cross_entropy, feature_distillation, logit_distillation
from dcct.models.dcct import Output, Scores


class Objective:
    """The paper's total loss: frame CE + frame triplet + clip CE + clip triplet + λ·(FD + LD). Of a
    network that is not ours: clip CE on its logits + clip triplet on its features, means over each.

    frame_loss: "mean" averages the branches; "official" keeps the released program's quirk (see
    docs/fidelity.md). distill_weight: λ; feature_weight and logit_weight scale FD and LD within it.
    label_smoothing: the paper has none. cards: parts of the batch on each of which FD is computed.
    """

    def __init__(
        self,
        frame_loss: Literal["official", "mean"] = "official",
        margin: float = 0.3,
        temperature: float = 0.3,
        distill_weight: float = 1.0,
        *,
        feature_weight: float = 1.0,
        logit_weight: float = 1.0,
        label_smoothing: float = 0.0,
        cards: int = 1,
    ):
        self.frame_loss, self.margin, self.temperature = frame_loss, margin, temperature
        self.distill_weight, self.feature_weight, self.logit_weight = (
            distill_weight,
            feature_weight,
            logit_weight,
        )
        self.label_smoothing, self.cards = label_smoothing, cards

    def __call__(self, output: Output, pids: Tensor) -> dict[str, Tensor]:
        """pids: labels (B,) in 0..K-1. Keys beside `loss` are the unweighted terms that the variant
        has."""
        terms: dict[str, Tensor] = {}
        frame_loss = clip_loss = zero = torch.zeros((), device=pids.device)
        for branch, scores in output.frame.items():
            ce, triplet = self._pair(terms, f"frame_{{}}_{branch}", scores, pids)
            frame_loss = frame_loss + (ce + triplet) * self.frame_weight(branch, output)
        for head, scores in output.clip.items():
            ce, triplet = self._pair(terms, f"clip_{{}}_{head}", scores, pids)
            clip_loss = clip_loss + (ce + triplet) / len(output.clip)
        for name, logits in output.logits.items():
            terms[f"clip_ce_{name}"] = cross_entropy(logits, pids, self.label_smoothing)
            clip_loss = clip_loss + terms[f"clip_ce_{name}"] / len(output.logits)
        for name, embedding in output.embeddings.items():
            terms[f"clip_triplet_{name}"] = batch_hard_triplet(embedding, pids, self.margin)
            clip_loss = clip_loss + terms[f"clip_triplet_{name}"] / len(output.embeddings)
        return {"loss": frame_loss + clip_loss + self._distillation(terms, output, zero), **terms}

    def _pair(
        self, terms: dict[str, Tensor], name: str, scores: Scores, pids: Tensor
    ) -> tuple[Tensor, Tensor]:
        ce = terms[name.format("ce")] = cross_entropy(scores.logits, pids, self.label_smoothing)
        triplet = terms[name.format("triplet")] = batch_hard_triplet(
            scores.embedding, pids, self.margin
        )
        return ce, triplet

    def frame_weight(self, branch: str, output: Output) -> float:
        """Weight of one branch's frame terms. The official program divides the running sum by T
        after each branch, so that a branch followed by another is divided by T once more."""
        branches = list(output.frame)
        weight = 1 / len(branches)
        if self.frame_loss == "official":
            frames = output.frame[branch].logits.shape[1]
            weight /= frames ** (len(branches) - 1 - branches.index(branch))
        return weight

    def _distillation(self, terms: dict[str, Tensor], output: Output, zero: Tensor) -> Tensor:
        total = zero
        if output.temporal is not None and output.hints:
            terms["distill_feature"] = sum(
                (
                    feature_distillation(hint, output.temporal, self.cards)
                    for hint in output.hints.values()
                ),
                zero,
            )
            total = total + self.feature_weight * terms["distill_feature"]
        if output.distill_logits:
            teacher = output.clip["temporal"].logits
            terms["distill_logit"] = sum(
                (
                    logit_distillation(scores.logits, teacher, self.temperature)
                    for scores in output.frame.values()
                ),
                zero,
            )
            total = total + self.logit_weight * terms["distill_logit"]
        return self.distill_weight * total
