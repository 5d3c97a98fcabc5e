"""Losses: vectorised values equal the definitions written as loops."""

import torch
import torch.nn.functional as F

from dcct.losses import batch_hard_triplet, cross_entropy, feature_distillation, logit_distillation
from dcct.models.dcct import Output, Scores
from dcct.training.objective import Objective

LABELS = torch.tensor([0, 0, 1, 1, 2, 2])


def triplet_loop(x, labels, margin):
    """Batch-hard triplet by definition: hardest positive (maybe the anchor), hardest negative,
    hinge, mean."""
    x, total = F.normalize(x, dim=1), 0.0
    for anchor in range(len(x)):
        distance = [-(x[anchor] @ other) for other in x]
        positive = max(
            d for d, label in zip(distance, labels, strict=True) if label == labels[anchor]
        )
        negative = min(
            d for d, label in zip(distance, labels, strict=True) if label != labels[anchor]
        )
        total = total + F.relu(positive - negative + margin)
    return total / len(x)


def test_triplet_equals_the_loop_over_frames_and_anchors():
    """(B,T,C) mines within each frame number and averages over T: value and gradient to 1e-6."""
    x = torch.randn(6, 4, 16, generator=torch.Generator().manual_seed(0), requires_grad=True)
    looped, ours = (
        sum(triplet_loop(x[:, t], LABELS, 0.3) for t in range(4)) / 4,
        batch_hard_triplet(x, LABELS, 0.3),
    )
    assert torch.allclose(ours, looped, rtol=0, atol=1e-6)
    (expected,), (found,) = (torch.autograd.grad(loss, x) for loss in (looped, ours))
    assert expected.abs().max() > 1e-3
    assert torch.allclose(found, expected, rtol=0, atol=1e-6)


def test_frame_cross_entropy_is_the_mean_over_frames():
    """(B,T,K) logits give the mean of the per-frame cross-entropies."""
    logits = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0))
    expected = sum(F.cross_entropy(logits[:, t], LABELS) for t in range(4)) / 4
    assert torch.allclose(cross_entropy(logits, LABELS), expected)


def test_distillation_trains_only_the_students():
    """FD is the norm of the whole difference, LD a KL per frame; neither sends a gradient to the
    teacher."""
    hint, student = (
        torch.randn(2, 3, 4, requires_grad=True),
        torch.randn(2, 3, 5, requires_grad=True),
    )
    teacher_feature, teacher = (
        torch.randn(2, 4, requires_grad=True),
        torch.randn(2, 5, requires_grad=True),
    )
    fd, ld = feature_distillation(hint, teacher_feature), logit_distillation(student, teacher, 0.3)
    assert torch.allclose(fd, (hint - teacher_feature[:, None]).square().sum().sqrt())
    p, q = (teacher / 0.3).softmax(1)[:, None].expand(2, 3, 5), (student / 0.3).softmax(2)
    assert torch.allclose(ld, (p * (p / q).log()).sum() / 6, atol=1e-6)
    (fd + ld).backward()
    assert teacher_feature.grad is None
    assert teacher.grad is None
    assert hint.grad is not None
    assert student.grad is not None


def test_official_frame_loss_divides_the_first_branch_once_more():
    """With T frames the CNN's frame terms weigh 1/T of the ViT's: the official program's quirk, as
    an option."""
    torch.manual_seed(0)
    output = Output(
        frame={
            name: Scores(embedding=torch.randn(6, 4, 8), logits=torch.randn(6, 4, 3))
            for name in ("cnn", "vit")
        }
    )
    mean, official = (Objective(frame_loss)(output, LABELS) for frame_loss in ("mean", "official"))
    cnn = float(mean["frame_ce_cnn"] + mean["frame_triplet_cnn"])
    vit = float(mean["frame_ce_vit"] + mean["frame_triplet_vit"])
    assert abs(float(mean["loss"]) - (cnn + vit) / 2) < 1e-6
    assert abs(float(official["loss"]) - (cnn / 4 + vit) / 2) < 1e-6
