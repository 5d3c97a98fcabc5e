"""Resume states: kept, named by their digest, never run, never deleted for being of other code."""

import pickle

import pytest
import torch

from dcct.errors import DataError
from dcct.training.resume import load_state, save_state, set_aside


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


def test_states_of_other_code_are_set_aside_whole(tmp_path):
    """They lie beside their folder under a name that says of what they are, and load from there."""
    save_state(tmp_path / "seed0", 2, 0, {"epoch": 2})
    aside = set_aside(tmp_path / "seed0", {"settings": "a" * 16, "code": "b" * 16})
    assert load_state(tmp_path / "seed0", "cpu") is None
    assert aside == tmp_path / "seed0.of-settings-aaaaaaaa-code-bbbbbbbb"
    assert load_state(aside, "cpu") == {"epoch": 2}
