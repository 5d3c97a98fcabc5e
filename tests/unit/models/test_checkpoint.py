"""Checkpoints: refused when damaged, of another variant, or able to run code."""

import pickle
import subprocess
import sys

import pytest
import torch

from dcct.errors import DataError
from dcct.models.checkpoint import load_model, load_state, only_one, save_model, save_state


def test_last_two_states_are_kept_and_the_newest_is_read(tmp_path):
    """Three epochs leave two files; loading gives the third."""
    for epoch in (1, 2, 3):
        save_state(tmp_path, epoch, 0, {"epoch": epoch})
    assert len(list(tmp_path.glob("epoch*.pt"))) == 2
    assert load_state(tmp_path, "cpu") == {"epoch": 3}


def test_flipped_byte_in_a_resume_state_is_named(tmp_path):
    """The digest in the file's name catches a damaged state before torch reads it."""
    save_state(tmp_path, 1, 0, {"x": torch.zeros(100)})
    path = next(tmp_path.glob("epoch*.pt"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{path.name}: damaged resume state"):
        load_state(tmp_path, "cpu")


def test_state_with_code_is_never_run(tmp_path):
    """A pickle that would run a command is refused by the reader."""

    class Evil:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    save_state(tmp_path, 1, 0, {"x": Evil()})
    with pytest.raises(pickle.UnpicklingError):
        load_state(tmp_path, "cpu")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s.pop("bias"), "bias is missing"),
        (lambda s: s.update(extra=torch.zeros(1)), "extra is unexpected"),
        (
            lambda s: s.update(weight=torch.zeros(3, 3)),
            r"weight has shape \(3, 3\), expected \(2, 4\)",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_checkpoint_of_another_network_is_named(tmp_path, change, complaint):
    """What is missing, unexpected or of another shape is said by name."""

    class Holder(torch.nn.Module):
        def __init__(self, state):
            super().__init__()
            for name, value in state.items():
                self.register_buffer(name, value)

    state = torch.nn.Linear(4, 2).state_dict()
    change(state)
    save_model(Holder(state), tmp_path / "model.safetensors")
    with pytest.raises(DataError, match=complaint):
        load_model(torch.nn.Linear(4, 2), tmp_path / "model.safetensors")


def test_second_training_waits_for_the_first(tmp_path):
    """A work folder held by another process is waited for, and the wait is announced with its
    process number."""
    code = (
        "import sys, time; from dcct.models.checkpoint import only_one; from pathlib import Path\n"
        f"with only_one(Path({str(tmp_path)!r}), print): print('held', flush=True); time.sleep(1.5)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        said = []
        with only_one(tmp_path, said.append) as waited:
            assert waited
        assert f"process {other.pid} is making this already" in said[0]
