"""A method of somebody else's on our rails: the example of the guide, and what is refused."""

import shutil
import sys
from itertools import count

import pytest
import torch

from dcct.clips.sampling import write_test_clips
from dcct.config.foreign import ForeignMethod
from dcct.config.label import CHECKPOINT
from dcct.config.load import check, load_dataset
from dcct.config.yaml_file import read_yaml
from dcct.errors import DcctError
from dcct.evaluation.protocol import evaluate_features
from dcct.inference.cost import cost_of
from dcct.inference.extraction import Extraction, extract
from dcct.models.foreign import ForeignNetwork
from dcct.pipeline.given import digests_of, sources_of
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.training import loop

NUMBERS = count()


@pytest.fixture
def example(root, monkeypatch) -> ForeignMethod:
    """The variant of the guide, in the folder where its module lies."""
    monkeypatch.chdir(root / "docs/examples")
    path = root / "docs/examples/temporal-average.yaml"
    return check(read_yaml(path), ForeignMethod, str(path))


def test_the_guides_example_is_trained_resumed_extracted_and_ranked(
    example, run, tiny, root, tmp_path
):
    """Gone on with after an epoch, it ends with the bytes of one at once, whatever was drawn
    before; all of its feature sets are ranked; its cost is counted as a whole."""

    def trained(epochs, work, folder):
        torch.rand(next(NUMBERS))
        found = run("dcct", epochs=epochs, work=work)
        found.variant = example
        loop.fit(found, tmp_path / folder, View(Progress()))
        return found

    trained(2, "calm", "calm")
    trained(1, "work", "first")
    whole = trained(2, "work", "out")
    checkpoint = tmp_path / "out" / CHECKPOINT
    assert checkpoint.read_bytes() == (tmp_path / "calm" / CHECKPOINT).read_bytes()
    assert checkpoint.read_bytes() != (tmp_path / "first" / CHECKPOINT).read_bytes()
    clips, profile, features = tmp_path / "clips.parquet", whole.profile, tmp_path / "f.parquet"
    write_test_clips(tiny.manifest, clips, ["begin"], profile.clips.length, 200, "clips")
    job = Extraction(
        variant=example,
        profile=profile,
        samplers=("begin",),
        clips=clips,
        frames=tiny.frames,
        manifest=tiny.manifest,
        trained_on=tiny.manifest,
        checkpoint=checkpoint,
        work=tmp_path / "shards",
        digests={"checkpoint": "x"},
    )
    extract(job, features, Progress())
    protocol = load_dataset("walkers-test", root / "config/test.yaml").protocol
    rows = evaluate_features(features, tiny.manifest, protocol, profile).rows
    assert [(row["feature"], row["dimensions"]) for row in rows] == [("mean", 512), ("normed", 512)]
    cost = cost_of("x", example, profile.network, profile.clips, 16)
    assert cost.parts["method"] == cost.parameters > 11_000_000
    assert cost.flops > 0


BODY = """
import torch

class Net(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = torch.nn.Linear(3, width)

    def forward(self, clips):
        x = self.layer(clips.mean((1, 3, 4)))
        return {returned}

def build(num_identities, clip_length, height, width, **args):
    return {built}
"""
FINE = {"returned": "{'x': x}, {'who': x}", "built": "Net(num_identities)"}
BAD = [
    ({"built": "3"}, "returned int: it must return a torch.nn.Module"),
    ({"built": "1 / 0"}, r"raised ZeroDivisionError: division by zero \(theirs\d+.py, line 14\)"),
    ({"built": "torch.nn.Identity()"}, "has no parameter that learns: write trained: false"),
    ({"returned": "x"}, r"returned features in a Tensor: .* dict of names and tensors \(2, C\)"),
    ({"returned": "{'x': x[0]}"}, r"returned features x of shape \(5,\): expected \(2, C\)"),
    ({"returned": "{'x': x[:1]}"}, r"returned features x of shape \(1, 5\): expected \(2, C\)"),
    (
        {"returned": "{'x': x}, {'y': x[:, 1:]}"},
        r"returned logits y of shape \(2, 4\): expected \(2, 5\)",
    ),
    (
        {"returned": "{'x': x.int()}"},
        "returned Tensor as features x: it must be a tensor of floats",
    ),
    ({"returned": "{'x': 3}"}, "returned int as features x: it must be a tensor of floats"),
    ({"returned": "{'x': x / 0}"}, "returned features x that are not finite"),
    ({"returned": "{}, {}"}, "returned features without any: its headline, x, must be among them"),
    ({"returned": "{'y': x}"}, "returned features y: its headline, x, must be among them"),
    ({"returned": "clips @ x"}, r"raised RuntimeError: .*line 11\)"),
]


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """theirs(body): a variant whose module has this text."""
    monkeypatch.chdir(tmp_path)

    def write(body, function="build"):
        name = f"theirs{next(NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(body)
        return ForeignMethod(title="Theirs", headline="x", method=f"{name}:{function}")

    return write


@pytest.mark.parametrize(("changes", "complaint"), BAD, ids=[line for _, line in BAD])
def test_what_is_no_network_is_refused(theirs, profile, changes, complaint):
    """In one line that names the variant, and what was expected; the same without the fault runs,
    with logits and without."""
    body = BODY.replace("{returned}", (FINE | changes)["returned"])
    variant = theirs(body.replace("{built}", (FINE | changes)["built"]))
    clips = torch.rand(2, 4, 3, 8, 8)
    for returned in (FINE["returned"], "{'x': x}"):
        fine = BODY.replace("{returned}", returned).replace("{built}", FINE["built"])
        assert ForeignNetwork(theirs(fine), profile.clips, 5)(clips).features["x"].shape == (2, 5)
    with pytest.raises(
        DcctError, match=rf"^Theirs ◇: method: theirs\d+:build {complaint}"
    ) as caught:
        ForeignNetwork(variant, profile.clips, 5)(clips)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("import nosuchmodule", r"raised ModuleNotFoundError: .* \(theirs\d+.py, line 1\)"),
        ("x = 1", "is not there: .* holds no function of it"),
        ("build = 3", "is not there: .* holds no function of it"),
    ],
)
def test_what_cannot_be_imported_is_one_line(theirs, profile, body, complaint):
    """It names the variant, the function, and the line of the module."""
    with pytest.raises(DcctError, match=rf"^Theirs ◇: method: theirs\d+:build {complaint}"):
        ForeignNetwork(theirs(body), profile.clips, 5)


def test_an_edited_method_is_another_one(example, tmp_path, monkeypatch):
    """A copy of the example elsewhere has the same digest, until a word of it changes."""
    monkeypatch.delitem(sys.modules, "temporal_average", raising=False)
    shutil.copyfile("temporal_average.py", tmp_path / "temporal_average.py")
    here = digests_of(sources_of(example))
    monkeypatch.chdir(tmp_path)
    assert digests_of(sources_of(example)) == here
    (file,) = sources_of(example)
    file.write_text(file.read_text() + "\n")
    assert digests_of(sources_of(example)) != here
