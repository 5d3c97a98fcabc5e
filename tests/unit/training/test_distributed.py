"""Several processes optimise what one would."""

import os
import socket

import pytest
import torch

from dcct.clips.loader import TrainingClips, load_batches
from dcct.config.profile import Training
from dcct.errors import ConfigError, DataError
from dcct.models.device import on_device, prepare_torch
from dcct.training.batch_norm import SharedBatchNorm, share_statistics
from dcct.training.distributed import Group, join_group
from dcct.training.loop import losses, objective_at, update
from dcct.training.setup import adam, initial_model, new_learner, shared
from dcct.training.state import Learner


def first_step(rank, run, port, path):
    """What a process does in its first step: the loss terms, gradients and BatchNorm statistics go
    to `path`."""
    training = run.profile.training
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(training.processes),
    }
    os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    prepare_torch(training, training.precision)
    group = join_group(training)
    dataset = TrainingClips(run.frames, run.manifest, run.profile.clips, training, 0)
    model = on_device(initial_model(run, dataset.num_identities), training).train().double()
    network, scaler = shared(model, training, group), torch.amp.GradScaler("cpu", enabled=False)
    learner = Learner(
        model=model,
        forward=lambda x: network(x.double()),
        optimizer=adam(model, training),
        scaler=scaler,
        group=group,
    )
    batch = next(
        load_batches(dataset, range(1), part=group.part(training.identities * training.tracklets))
    )
    terms = losses(learner, objective_at(0, training), batch, training)
    update(learner, terms["loss"], training)
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    if group.first:
        torch.save((terms, gradients, dict(model.named_buffers())), path)
    group.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("cards", [1, 2])
def test_two_processes_give_losses_and_gradients_of_one(run, tmp_path, cards):
    """Same global batch, triplets mined over all of it, BatchNorm over all of it, or over each
    card's part: everything to 1e-5.

    In double precision: in single, rounding moves a few values across ReLU's kink, and gradients by
    1e-3.
    """
    found = {}
    for processes in (1, 2):
        started = run("dcct-fd-ld", processes=processes, cards=cards)
        started.profile.network.vit.args["drop_path_rate"] = 0.0  # each process draws its own paths
        path = tmp_path / str(processes)
        torch.multiprocessing.spawn(first_step, (started, free_port(), path), nprocs=processes)
        found[processes] = torch.load(path)
    for one, two in zip(found[1], found[2], strict=True):
        assert one.keys() == two.keys()
        for name in one:
            torch.testing.assert_close(two[name], one[name], rtol=1e-5, atol=1e-5, msg=name)
    assert max(gradient.abs().max() for gradient in found[1][1].values()) > 0.01


def test_shares_of_a_batch_are_the_batch(monkeypatch, profile):
    """Every process takes its own clips, none twice; a batch that cannot be shared evenly is
    refused."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    training = profile.training.model_copy(update={"processes": 4})
    monkeypatch.setattr("dcct.training.distributed._accelerator", lambda training: None)
    taken = []
    for rank in range(4):
        monkeypatch.setenv("RANK", str(rank))
        taken += list(range(16))[join_group(training).part(16)]
    assert taken == list(range(16))
    with pytest.raises(ValueError, match="cannot be shared evenly by 3"):
        Training(
            **profile.training.model_dump() | {"identities": 8, "tracklets": 2, "processes": 3}
        )


def test_other_companions_than_the_profile_says_are_refused(monkeypatch, profile):
    """Started by hand in four processes under a profile for one: a line that says so."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(ConfigError, match=r"training\.processes: 1, but 4 were started"):
        join_group(profile.training)


def test_shared_batch_norm_has_the_parameters_of_the_one_it_replaces():
    """Names, state and what is frozen stay: an optimiser and a checkpoint see no difference."""
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    network[1].bias.requires_grad_(False)
    before = network.state_dict(keep_vars=True)
    share_statistics(network)
    after = network.state_dict(keep_vars=True)
    assert type(network[1]) is SharedBatchNorm
    assert list(after) == list(before)
    assert all(after[name] is tensor for name, tensor in before.items())


def test_process_without_the_first_ones_states_says_so(run):
    """Processes on machines that share no folder: one line, not a failure inside torch."""

    class NotTheFirst(Group):
        first = False

        def agreed(self, value):
            return True

    started = run("cnn")
    learner = new_learner(started, 4, NotTheFirst())
    with pytest.raises(DataError, match=r"no resume state here.* let all processes share"):
        learner.resume(started, print)
