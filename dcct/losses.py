"""The paper's losses as pure functions of tensors, vectorised over frames, computed in fp32
whatever comes in."""

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = 1e-24
"""Squared length below which a vector counts as one of this length (torch's own normalize does the
same)."""


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of logits (B,K) or (B,T,K) with labels (B,); the paper smooths no
    labels."""
    logits = logits.float()
    if logits.dim() == 3:
        labels = labels.unsqueeze(1).expand(logits.shape[:2]).flatten()
        logits = logits.flatten(0, 1)
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def batch_hard_triplet(embedding: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Batch-hard triplet loss (Hermans et al., arXiv 1703.07737) in distance −cosine, hinge, mean
    over anchors.

    embedding (B,C), or (B,T,C): mined within each frame number and averaged over T. labels (B,).
    The hardest positive may be the anchor itself, as in the official program. Raises ValueError
    with fewer than two identities.
    """
    embedding = embedding.float()
    distance_TBB = -_cosine(embedding.transpose(0, 1) if embedding.dim() == 3 else embedding[None])
    same_BB = labels[:, None] == labels[None]
    if same_BB.all():
        raise ValueError("batch-hard mining needs at least two identities in a batch")
    hardest_positive = distance_TBB.masked_fill(~same_BB, -torch.inf).amax(2)
    hardest_negative = distance_TBB.masked_fill(same_BB, torch.inf).amin(2)
    return F.relu(hardest_positive - hardest_negative + margin).mean()


def _cosine(x_TBC: Tensor) -> Tensor:
    """Cosine similarities (T,B,B) of all pairs; vectors of zeros have similarity 0."""
    product_TBB = x_TBC @ x_TBC.detach().transpose(1, 2)
    # The other half of the gradient of x·xᵀ comes back through the transpose: one product instead
    # of two.
    product_TBB = product_TBB + (product_TBB.transpose(1, 2) - product_TBB.detach())
    inverse_TB = product_TBB.diagonal(dim1=1, dim2=2).clamp_min(TINY).rsqrt()
    return product_TBB * inverse_TB.unsqueeze(1) * inverse_TB.unsqueeze(2)


def feature_distillation(hint_BTE: Tensor, temporal_BE: Tensor, cards: int = 1) -> Tensor:
    """FD: Euclidean norm of the whole difference tensor (B,T,2d) to the detached temporal feature;
    grows with B·T.

    cards: equal parts of the batch whose norms are averaged, as the official program does on so
    many cards: about 1/√cards of the norm over the whole batch.
    """
    difference_BTE = hint_BTE.float() - temporal_BE.detach().float().unsqueeze(1)
    parts = [torch.linalg.vector_norm(part) for part in difference_BTE.chunk(cards)]
    return torch.stack(parts).mean()


def logit_distillation(student_BTK: Tensor, teacher_BK: Tensor, temperature: float) -> Tensor:
    """LD: KL(softmax(teacher/τ) ‖ softmax(student/τ)), mean over B·T frames, no τ² factor; teacher
    detached."""
    student_BTK = student_BTK.float()
    teacher_BTK = (teacher_BK.detach().float() / temperature).unsqueeze(1).expand_as(student_BTK)
    return F.kl_div(
        F.log_softmax(student_BTK.flatten(0, 1) / temperature, dim=-1),
        F.log_softmax(teacher_BTK.flatten(0, 1), dim=-1),
        reduction="batchmean",
        log_target=True,
    )
