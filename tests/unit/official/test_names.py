"""Official checkpoints: in and out without loss, and refused when they are not what they should
be."""

import json
import pickle

import pytest
import torch

import dcct
from dcct.errors import DataError
from dcct.official.names import UNUSED


@pytest.fixture(scope="module")
def shapes(root):
    return json.loads((root / "tests/parity/official_names.json").read_text())


@pytest.fixture
def empty(shapes):
    """An official state dict without memory."""
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def test_round_trip_is_lossless(shapes, tmp_path):
    """What is read from a file and written back is equal, tensor by tensor; only never-used
    parameters are gone."""
    state = {
        f"module.{name}": torch.full(shape, 0.1 * number)
        for number, (name, shape) in enumerate(shapes.items())
    }
    torch.save(state, tmp_path / "official.pth")
    back = dcct.export_official(dcct.load_official(tmp_path / "official.pth"))
    assert {name for name in shapes if name not in back} == {
        name for name in shapes if UNUSED.fullmatch(name)
    }
    assert all(
        torch.equal(tensor, state[f"module.{name}"].to(tensor.dtype))
        for name, tensor in back.items()
    )


def refusal(source) -> str:
    with pytest.raises(DataError) as caught:
        dcct.load_official(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_truncated_file_is_refused(tmp_path):
    """A download that broke off is called damaged."""
    path = tmp_path / "half.pth"
    torch.save({"conv1.weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    assert f"{path}: damaged or not a checkpoint" in refusal(path)


class Evil:
    def __reduce__(self):
        return print, ("code was run",)


@pytest.mark.parametrize(
    "save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))]
)
def test_file_with_code_is_refused(save, tmp_path, capsys):
    """A pickle that would run code is not read, whatever wrote it."""
    path = tmp_path / "evil.pth"
    save({"conv1.weight": torch.zeros(3), "evil": Evil()}, path)
    assert "refused: reading it would run code" in refusal(path)
    assert "code was run" not in capsys.readouterr().out


def test_resnet_alone_is_refused():
    """A checkpoint of one backbone is not taken for the whole network."""
    assert "not a whole DCCT in official naming" in refusal(
        {"conv1.weight": torch.zeros(64, 3, 7, 7)}
    )


def test_one_tensor_of_another_width_is_refused(empty):
    """Widths that contradict each other are named with both shapes."""
    empty["HTA.AT_1.norm.weight"] = torch.empty(512, device="meta")
    assert "HTA.AT_1.norm.weight has shape (512,), expected (1024,)" in refusal(empty)


def test_extra_key_is_refused(empty):
    """A parameter that the network does not have is named."""
    empty["camera_embedding"] = torch.empty(6, 768, device="meta")
    assert "camera_embedding is unexpected" in refusal(empty)


def test_missing_key_is_refused(empty):
    """So is one that it has and the file does not."""
    del empty["CCA_trans.linear_v2.0.weight"]
    assert "CCA_trans.linear_v2.0.weight is missing" in refusal(empty)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("x", torch.zeros(1).expand(10**10, 10**3)),
        ("x", torch.empty(3, device="meta")),
        ("x", torch.eye(3).to_sparse()),
        ("x", torch.zeros(3, dtype=torch.complex64)),
        (1, torch.zeros(3)),
    ],
)
def test_what_is_not_all_there_is_refused(tmp_path, name, tensor):
    """Shapes of more numbers than the file holds, none at all, a name that is no text."""
    torch.save({name: tensor}, tmp_path / "official.pth")
    assert f"{name} is no name of numbers that are all there" in refusal(tmp_path / "official.pth")
