"""On a GPU: training runs, repeats exactly, and agrees with the CPU."""

import pytest
import torch

from dcct.config.label import CHECKPOINT
from dcct.config.load import load_variant
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.training.loop import fit
from dcct.training.state import Run

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.fixture
def train(tiny, profile, root, tmp_path, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

    def run(name, device):
        training = profile.training.model_copy(update={"epochs": 2, "device": device})
        fit(
            Run(
                profile=profile.model_copy(update={"training": training}),
                variant=load_variant("dcct-fd-ld", root / "config/config.yaml"),
                seed=0,
                frames=tiny.frames,
                manifest=tiny.manifest,
                weights=tiny.weights,
                work=tmp_path / f"work-{name}",
                made_from={"config": "x", "data": "y", "code": "z"},
            ),
            tmp_path / name,
            View(Progress()),
        )
        return tmp_path / name / CHECKPOINT

    return run


def test_two_gpu_runs_give_the_same_bytes(train):
    """One seed, one machine: bit-identical checkpoints."""
    assert train("one", "cuda").read_bytes() == train("two", "cuda").read_bytes()


def test_gpu_agrees_with_cpu(train):
    """After two epochs the temporal classifier is the CPU's to a few per cent."""
    from safetensors.torch import load_file

    gpu, cpu = (
        load_file(train(device, device))["head_temporal.classifier.weight"]
        for device in ("cuda", "cpu")
    )
    assert (gpu - cpu).norm() < 0.05 * cpu.norm()
