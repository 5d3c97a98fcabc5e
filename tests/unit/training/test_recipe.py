"""What the official recipe does not have: every option does what it says, and survives an
interruption."""

import os
import signal

import pytest
import torch
from safetensors.torch import load_file

from dcct.clips.transforms import to_input
from dcct.config.label import CHECKPOINT
from dcct.config.load import load_variant
from dcct.config.profile import Extras
from dcct.errors import AskedToStopError, DcctError
from dcct.losses import cross_entropy
from dcct.models.dcct import DCCT
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.training.loop import fit
from dcct.training.memory import memory_advice, memory_of
from dcct.training.objective import Objective
from dcct.training.schedule import lr_at

ALL = Extras(
    label_smoothing=0.1,
    schedule="cosine",
    average=0.8,
    gradient_norm=1.0,
    backbone_rate=0.3,
    sampling="segments",
    flip=0.5,
    pad_crop=4,
)


def test_interrupted_training_keeps_every_extra(run, tmp_path, monkeypatch):
    """With all extras on, stopped in mid-epoch and run again: the bytes of an undisturbed run."""
    fit(run("dcct", work="calm", extras=ALL), tmp_path / "calm", View(Progress()))
    step, calls = torch.optim.Adam.step, []

    def signalled(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, *args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(AskedToStopError):
        patch.setattr(torch.optim.Adam, "step", signalled)
        fit(run("dcct", extras=ALL), tmp_path / "out", View(Progress()))
    fit(run("dcct", extras=ALL), tmp_path / "out", View(Progress()))
    assert (tmp_path / "out" / CHECKPOINT).read_bytes() == (
        tmp_path / "calm" / CHECKPOINT
    ).read_bytes()


def test_backbones_may_learn_at_their_own_rate(run, tiny, tmp_path):
    """At a rate of next to nothing the backbones keep their initial weights, while the heads
    learn."""
    fit(
        run("cnn", epochs=1, warmup_epochs=0, extras=Extras(backbone_rate=1e-30)),
        tmp_path,
        View(Progress()),
    )
    initial, found = load_file(tiny.weights / "cnn.safetensors"), load_file(tmp_path / CHECKPOINT)
    weights = [name for name in initial if "running" not in name and "num_batches" not in name]
    assert all(
        torch.allclose(found[f"cnn.net.{name}"], initial[name], rtol=0, atol=1e-20)
        for name in weights
    )
    assert found["head_cnn.classifier.weight"].std() > 0.0011


def test_average_is_what_is_kept(run, tmp_path):
    """A decay near 1 keeps the weights of the first step, whatever comes after."""
    states = []
    for epochs in (1, 3):
        fit(
            run("cnn", epochs, work=str(epochs), extras=Extras(average=0.999999)),
            tmp_path / str(epochs),
            View(Progress()),
        )
        states.append(load_file(tmp_path / str(epochs) / CHECKPOINT))
    weight = "head_cnn.classifier.weight"
    fit(run("cnn", 3, work="plain"), tmp_path / "plain", View(Progress()))
    plain = load_file(tmp_path / "plain" / CHECKPOINT)[weight]
    moved = (states[1][weight] - states[0][weight]).norm()
    assert moved < 1e-3 * (plain - states[0][weight]).norm()


def test_cosine_falls_from_one_to_nearly_nothing(profile):
    """After the warm-up the rate falls at every epoch, by half in the middle."""
    training = profile.training.model_copy(update={"epochs": 41, "warmup_epochs": 1, "extras": ALL})
    rates = [lr_at(epoch, training) / training.learning_rate for epoch in range(1, 41)]
    assert rates[0] == 1
    assert rates[20] == pytest.approx(0.5)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01


def test_smoothed_cross_entropy_is_its_definition():
    """Every other identity gets its share of the probability."""
    logits, labels = torch.randn(4, 3, 5), torch.tensor([0, 1, 2, 3])
    target = torch.full((4, 5), 0.1 / 5).scatter(1, labels[:, None], 0.9 + 0.1 / 5)
    expected = -(target[:, None] * logits.log_softmax(-1)).sum(-1).mean()
    assert torch.allclose(cross_entropy(logits, labels, 0.1), expected, atol=1e-6)


def test_augmentation_is_the_same_in_all_frames():
    """Mirrored, shifted by (1, -2), then erased: every frame alike; what comes in is the
    mean."""
    frame = torch.randint(0, 256, (1, 1, 6, 4, 3), dtype=torch.uint8)
    plain = to_input(frame)[0, 0]
    clip = to_input(frame.expand(1, 3, 6, 4, 3), torch.tensor([[0, 0, 2, 1, 1, 1, -2]]), "mean")[0]
    expected = torch.zeros_like(plain)
    expected[:, 1:, :2] = plain.flip(-1)[:, :-1, 2:]
    expected[:, :2, :1] = 0
    assert all(torch.equal(one, expected) for one in clip)


@pytest.fixture
def gradients(profile, root):
    """gradients(checkpointing): of one batch through a network in training mode, with its buffers
    afterwards."""

    def backward(checkpointing, precision="fp32"):
        from dcct.models.device import autocast, on_device

        vit = profile.network.vit.model_copy(
            update={"args": profile.network.vit.args | {"drop_path_rate": 0.2}}
        )
        network = profile.network.model_copy(update={"vit": vit})
        training = profile.training.model_copy(
            update={"checkpointing": checkpointing, "precision": precision}
        )
        torch.manual_seed(0)
        model = DCCT(
            load_variant("dcct-fd-ld", root / "config/test.yaml"), network, profile.clips, 3
        )
        model = on_device(model, training).train()
        x = torch.randn(6, profile.clips.length, 3, profile.clips.height, profile.clips.width)
        with autocast(training.device, training.precision):
            output = model(x)
        loss = Objective()(output, torch.tensor([0, 0, 1, 1, 2, 2]))["loss"]
        loss.backward()
        found = {
            name: value.grad for name, value in model.named_parameters() if value.grad is not None
        }
        return loss.item(), found | dict(model.named_buffers())

    return backward


def test_checkpointed_activations_change_no_bit(gradients):
    """Gradients and BatchNorm statistics of both backbones are the same bytes, drop-path
    included."""
    (loss, plain), (other, checkpointed) = gradients([]), gradients(["cnn", "vit"])
    assert loss == other
    assert plain.keys() == checkpointed.keys()
    assert all(torch.equal(plain[name], checkpointed[name]) for name in plain)


def test_half_precision_is_close(gradients):
    """bf16 gives the fp32 loss to a per cent; weights' gradients stay fp32."""
    (loss, plain), (other, half) = gradients([]), gradients([], "bf16")
    assert other == pytest.approx(loss, rel=0.01)
    assert {value.dtype for value in half.values()} == {value.dtype for value in plain.values()}


def test_memory_is_counted_before_the_first_step(profile, root):
    """Twice the batch takes twice the activations; checkpointing and bf16 take less; a real forward
    pass agrees."""
    from torch.autograd.graph import saved_tensors_hooks

    variant = load_variant("dcct-fd-ld", root / "config/test.yaml")

    def memory(**changes):
        return memory_of(
            variant,
            profile.model_copy(update={"training": profile.training.model_copy(update=changes)}),
            9,
        )

    plain, double = memory(identities=4), memory(identities=8)
    assert double.activations == 2 * plain.activations
    assert memory(identities=4, precision="bf16").activations == plain.activations // 2
    assert memory(identities=4, checkpointing=["cnn", "vit"]).activations < 0.6 * plain.activations
    model, kept = DCCT(variant, profile.network, profile.clips, 9).train(), {}
    clips = 4 * profile.training.tracklets
    images = torch.randn(clips, profile.clips.length, 3, profile.clips.height, profile.clips.width)
    with saved_tensors_hooks(
        lambda x: kept.setdefault(x.untyped_storage().data_ptr(), x), lambda x: x
    ):
        output = model(images)  # noqa: F841 - keeps what was saved
    real = sum(
        x.untyped_storage().nbytes() for x in kept.values() if not isinstance(x, torch.nn.Parameter)
    )
    assert plain.activations == pytest.approx(real, rel=0.1)


def test_exhausted_memory_says_which_option_to_set(profile):
    """What the allocator says becomes one line; any other error passes."""
    with (
        pytest.raises(DcctError, match=r"set training\.checkpointing: \[cnn, vit\]"),
        memory_advice(profile.training, 4),
    ):
        torch.empty(2**50)
    with pytest.raises(RuntimeError, match="other"), memory_advice(profile.training, 4):
        raise RuntimeError("other")
