"""Training: exact resume, and what the paper's detachments imply."""

import json
import os
import signal

import pytest
import torch
from safetensors.torch import load_file

from dcct.config.label import CHECKPOINT
from dcct.errors import AskedToStopError, DcctError
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.training import loop


def fit(run, folder):
    """Train without telling anybody."""
    return loop.fit(run, folder, View(Progress()))


class Killed(BaseException):
    pass


def test_interrupted_training_ends_with_the_same_bytes(run, tmp_path, monkeypatch):
    """Killed in its second epoch and run again: checkpoint and history are those of an undisturbed
    run."""
    fit(run("dcct-fd-ld", work="calm"), tmp_path / "calm-out")
    step, calls = torch.optim.Adam.step, []

    def dying(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise Killed
        return step(self, *args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(torch.optim.Adam, "step", dying)
        fit(run("dcct-fd-ld"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    fit(run("dcct-fd-ld"), tmp_path / "out")
    for name in (CHECKPOINT, loop.HISTORY):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "calm-out" / name).read_bytes()


@pytest.mark.parametrize(("name", "workers"), [("SIGTERM", 0), ("SIGUSR1", 2), ("SIGINT", 0)])
def test_asked_to_stop_it_saves_in_mid_epoch_and_ends_with_the_same_bytes(
    run, tmp_path, monkeypatch, name, workers
):
    """A scheduler's signal stops after the step, with the state saved; status 75 asks for a rerun,
    which goes on."""
    fit(run("dcct-fd-ld", epochs=2, work="calm"), tmp_path / "calm-out")
    step, calls = torch.optim.Adam.step, []

    def signalled(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), getattr(signal, name))
        return step(self, *args, **kwargs)

    interrupted = run("dcct-fd-ld", epochs=2, workers=workers)
    with (
        monkeypatch.context() as patch,
        pytest.raises(AskedToStopError, match="epoch 1, step 1") as stopped,
    ):
        patch.setattr(torch.optim.Adam, "step", signalled)
        fit(interrupted, tmp_path / "out")
    assert stopped.value.status == 75
    assert len(calls) == 3
    fit(interrupted, tmp_path / "out")
    for file in (CHECKPOINT, loop.HISTORY):
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "calm-out" / file).read_bytes()


def test_loss_that_is_not_finite_leaves_terms_and_tracklets(run, tmp_path):
    """It stops at once, names the terms, and leaves what is needed to look into it; nothing is
    written as a result."""
    diverging = run("cnn", learning_rate=1e38, warmup_epochs=0)
    with pytest.raises(DcctError, match=r"not finite at epoch 1, step 2 \(.*loss"):
        fit(diverging, tmp_path / "out")
    found = json.loads((diverging.work / "non-finite.json").read_text())
    training = diverging.profile.training
    assert len(found["tracklets"]) == training.identities * training.tracklets
    assert "frame_ce_cnn" in found["terms"]
    assert not (tmp_path / "out").exists()


def test_resume_state_of_another_config_is_not_continued(run, tmp_path):
    """A work folder left by other settings is discarded, not mixed in."""
    fit(run("cnn", epochs=1, work="a"), tmp_path / "expected")
    fit(run("cnn", epochs=1), tmp_path / "first")
    other = run("cnn", epochs=1)
    other.made_from["code"] = "other"
    fit(other, tmp_path / "second")
    assert (tmp_path / "second" / CHECKPOINT).read_bytes() == (
        tmp_path / "expected" / CHECKPOINT
    ).read_bytes()


def test_hta_trains_neither_cca_nor_backbones(run, tmp_path):
    """HTA's inputs are detached, so networks with one level and with two end with identical
    backbones and CCA."""
    states = []
    for name in ("hta1", "dcct"):
        fit(run(name, work=name), tmp_path / name)
        states.append(load_file(tmp_path / name / CHECKPOINT))
    shared = [name for name in states[0] if name.startswith(("cnn.", "vit.", "cca_"))]
    assert len(shared) > 50
    assert all(torch.equal(states[0][name], states[1][name]) for name in shared)


@pytest.mark.parametrize("name", ["cca-self", "cca-cross", "dcct-sum", "dcct-d256", "dcct-d1024"])
def test_further_ablations_train_and_resume(run, tmp_path, name):
    """The paper's other ablations train from the same YAML at embedded size, and go on after an
    interruption."""
    fit(run(name, epochs=2, work="calm"), tmp_path / "calm-out")
    fit(run(name, epochs=1), tmp_path / "first")
    fit(run(name, epochs=2), tmp_path / "out")
    assert (tmp_path / "out" / CHECKPOINT).read_bytes() == (
        tmp_path / "calm-out" / CHECKPOINT
    ).read_bytes()


def test_untrained_variant_keeps_its_initial_weights(run, tiny, tmp_path):
    """trained: false saves the network as it starts."""
    fit(run("untrained"), tmp_path / "out")
    initial = load_file(tiny.weights / "vit.safetensors")
    found = load_file(tmp_path / "out" / CHECKPOINT)
    assert all(torch.equal(found[f"vit.net.{name}"], value) for name, value in initial.items())
