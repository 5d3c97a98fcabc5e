"""A batch spread over the cards of the official program (torch's DataParallel), on one device."""

from copy import deepcopy

import pytest
import torch

from dcct.config.profile import Training
from dcct.training.cards import Cards
from dcct.training.distributed import Group
from dcct.training.loop import objective_at
from dcct.training.setup import initial_model, shared


@pytest.fixture
def spread(run):
    """A run over two cards, its network in training mode, and a batch of eight clips of four."""
    made = run("dcct-fd-ld", cards=2)
    made.profile.network.vit.args["drop_path_rate"] = 0.0
    model = initial_model(made, 4).train()
    clips = made.profile.clips
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(8, clips.length, 3, clips.height, clips.width, generator=draw)
    return made.profile.training, model, x, torch.arange(4).repeat_interleave(2)


def test_each_card_has_a_replica_of_its_own(spread):
    """What comes out is what replicas say of their parts; the running statistics are the first
    one's, as DataParallel leaves them."""
    training, model, x, _ = spread
    replicas = [deepcopy(model), deepcopy(model)]
    first, second = (one(part) for one, part in zip(replicas, x.chunk(2), strict=True))
    whole = shared(model, training, Group())(x)
    for branch, scores in whole.frame.items():
        parts = first.frame[branch].embedding, second.frame[branch].embedding
        torch.testing.assert_close(scores.embedding, torch.cat(parts))
    torch.testing.assert_close(whole.temporal, torch.cat([first.temporal, second.temporal]))
    for (name, buffer), expected in zip(model.named_buffers(), replicas[0].buffers(), strict=True):
        torch.testing.assert_close(buffer, expected, msg=name)


def test_only_fd_is_averaged_over_the_cards(spread):
    """Cross-entropy and triplets see the whole batch; FD is the mean of the norms over the
    parts."""
    training, model, x, labels = spread
    output = Cards(model, 2, first=True)(x)
    apart, whole = (
        objective_at(0, training.model_copy(update={"cards": cards}))(output, labels)
        for cards in (2, 1)
    )
    norms = [
        torch.linalg.vector_norm(hint - teacher.unsqueeze(1))
        for hints in output.hints.values()
        for hint, teacher in zip(hints.chunk(2), output.temporal.chunk(2), strict=True)
    ]
    torch.testing.assert_close(apart.pop("distill_feature"), sum(norms) / 2)
    assert whole.pop("distill_feature") > 1.3 * sum(norms) / 2
    for name in whole.keys() - {"loss"}:
        torch.testing.assert_close(apart[name], whole[name], msg=name)


@pytest.mark.parametrize("wrong", [{"cards": 3}, {"cards": 16}, {"cards": 2, "processes": 4}])
def test_cards_that_cannot_share_a_batch_are_refused(profile, wrong):
    """8 × 2 clips: not by three, not one each, not fewer cards than processes."""
    batch = {"identities": 8, "tracklets": 2}
    with pytest.raises(ValueError, match="cannot be shared evenly"):
        Training(**profile.training.model_dump() | batch | wrong)
