"""What a training starts with: initial weights, optimiser, moving average."""

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dcct.config.profile import Training
from dcct.config.variant import Branch, network_of, own_branches, weights_of
from dcct.models.device import on_device
from dcct.models.network import AnyNetwork, network_for
from dcct.models.weights import initial_backbone, read_weights
from dcct.seeding import Stream, torch_seed
from dcct.training.cards import Cards
from dcct.training.distributed import Group
from dcct.training.state import Learner, Run


def new_learner(run: Run, num_identities: int, group: Group) -> Learner:
    """What learns, at its very beginning, on the profile's device and shared by the group."""
    training = run.profile.training
    model = on_device(initial_model(run, num_identities), training)
    if training.compile:
        model.compile()
    return Learner(
        model=model,
        forward=shared(model, training, group),
        optimizer=adam(model, training),
        scaler=torch.amp.GradScaler(training.device, enabled=training.precision == "fp16"),
        average=moving_average(model, training),
        group=group,
    )


def shared(model: AnyNetwork, training: Training, group: Group) -> nn.Module:
    """The network as a batch goes through it: whole, whatever number of processes share it, or in
    the parts that several cards would see."""
    if training.cards == 1:
        return group.together(model, statistics=True)
    return group.together(Cards(model, training.cards // group.size, group.first), statistics=False)


def initial_model(run: Run, num_identities: int) -> AnyNetwork:
    """The variant's network: backbones at their initial weights, everything else drawn from the
    seed; all of one that is not ours."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(run.seed, Stream.INITIAL_WEIGHTS))
        model = network_for(run.variant, run.profile.network, run.profile.clips, num_identities)
    for branch in run.variant.branches:
        getattr(model, branch).net.load_state_dict(_initial_weights(run, branch))
    return model


def _initial_weights(run: Run, branch: Branch) -> dict[str, Tensor]:
    """From the weights step, as for every other variant; of a backbone of its own, made here in
    the same way."""
    if branch not in own_branches(run.variant):
        return read_weights(run.weights, branch)
    profile, variant = run.profile, run.variant
    network, weights = network_of(variant, profile.network), weights_of(variant, profile.weights)
    return initial_backbone(branch, network, weights, profile.clips, run.seed).net.state_dict()


def adam(model: AnyNetwork, training: Training) -> torch.optim.Adam:
    """Adam with coupled L2 on everything (official); the backbones may learn at another rate."""
    backbones = [
        parameter for net in (model.cnn, model.vit) if net for parameter in net.parameters()
    ]
    known = {id(parameter) for parameter in backbones}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [
        {"params": backbones, "rate": training.extras.backbone_rate},
        {"params": others, "rate": 1.0},
    ]
    return torch.optim.Adam(
        groups, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )


def moving_average(model: AnyNetwork, training: Training) -> AveragedModel | None:
    """The exponential moving average of weights and buffers, if the profile asks for one."""
    if not training.extras.average:
        return None
    return AveragedModel(
        model, multi_avg_fn=get_ema_multi_avg_fn(training.extras.average), use_buffers=True
    )
