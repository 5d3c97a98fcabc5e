"""A model folder gives the network that was trained, or one line."""

import json
import shutil

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import dcct
from dcct.clips.frames import FrameStore
from dcct.clips.transforms import to_input
from dcct.config.load import load_variant
from dcct.inference.export import export_backbone
from dcct.inference.extraction import trained_model
from dcct.inference.whole import export_network
from dcct.models.card import card_of


def clips_of(model, count):
    sizes = model.config.clips
    draw = torch.Generator().manual_seed(1)
    return torch.randn(count, sizes.length, 3, sizes.height, sizes.width, generator=draw)


@pytest.mark.parametrize("name", ["dcct-fd-ld", "cca", "vit"])
def test_a_folder_gives_what_was_trained(job, model_folder, name):
    """The same features as the workflow's own reader of checkpoints, in eval mode; torch's
    generator is left alone, and widths are as said."""
    one, state = job(name), torch.random.get_rng_state()
    model = dcct.load(model_folder(name), device="cpu")
    torch.random.set_rng_state(state)
    assert not any(module.training for module in model.modules())
    ours = trained_model(one.variant, one.profile, one.trained_on, one.checkpoint)
    clips = clips_of(model, 2)
    with torch.inference_mode():
        found, expected = model(clips).features, ours(clips).features
    assert {key: value.shape[1] for key, value in found.items()} == model.config.features
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=1e-5, atol=1e-6)


def test_frames_are_made_what_extraction_makes_of_them(job, model_folder):
    """PIL images and arrays of any size, to the byte."""
    one, model = job("cnn"), dcct.load(model_folder("cnn"), device="cpu")
    sizes, positions = one.profile.clips, np.arange(3)
    size = sizes.height, sizes.width, sizes.test_resize
    whole = FrameStore(one.frames, one.manifest).read(0, positions, 64, 32)
    expected = to_input(
        torch.from_numpy(FrameStore(one.frames, one.manifest).read(0, positions, *size))[None]
    )
    for frames in (whole, list(whole), [Image.fromarray(frame) for frame in whole]):
        assert torch.equal(model.preprocess(frames), expected)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        np.zeros((2, 9, 9, 3)),
        [np.zeros((9, 9), np.uint8)],
        [np.zeros((0, 9, 3), np.uint8)],
        ["1.jpg"],
        [Image.fromarray(np.full((9, 9), 700, np.uint16))],
        [Image.new("RGBA", (9, 9), (1, 2, 3, 4))],
    ],
)
def test_what_are_no_frames_is_one_line(model_folder, frames):
    """None, numbers that are no bytes, grey or empty arrays, names, pictures of 16 bits, which
    would turn white, and transparent ones."""
    model = dcct.load(model_folder("cnn"), device="cpu")
    for call in (model.preprocess, model.embed):
        with pytest.raises(dcct.DcctError, match="frames"):
            call(frames)


def test_official_checkpoints_load_too(tmp_path):
    """Their sizes follow from the file."""
    model = dcct.build_model("dcct-fd-ld", 3, clip_length=2, hta_width=16)
    torch.save(dcct.export_official(model), tmp_path / "official.pth")
    found = dcct.load(tmp_path / "official.pth", device="cpu")
    assert found.config.clip_length == 2
    assert found.config.num_identities == 3
    assert found.config.features["temporal"] == 32
    state = model.state_dict()
    assert all(torch.equal(state[name], x) for name, x in found.network.state_dict().items())


@pytest.mark.parametrize("name", ["distilled-cnn", "distilled-vit"])
def test_exported_backbones_load_too(job, root, tmp_path, name):
    """With the features that they have within the network, and no classifier."""
    one = job(name)
    model = trained_model(one.variant, one.profile, one.trained_on, one.checkpoint)
    export_backbone(model, one.profile.network, one.profile.clips, name, tmp_path / "exported")
    found = dcct.load(tmp_path / "exported", device="cpu")
    clips = clips_of(found, 2)
    with torch.inference_mode():
        ours, own = model(clips).features, found(clips).features
    assert own.keys() == ours.keys()
    for key in own:
        torch.testing.assert_close(own[key], ours[key], rtol=1e-5, atol=1e-6)
    found.save_pretrained(tmp_path / "saved")
    assert dcct.load(tmp_path / "saved", device="cpu").config.features == found.config.features


@pytest.mark.parametrize("name", ["dcct", "cca"])
def test_a_whole_network_runs_as_onnx(job, model_folder, tmp_path, name):
    """Any number of clips, every feature set to 1e-4 of its length; the folder beside it is a
    model folder."""
    model, one = dcct.load(model_folder(name), device="cpu"), job(name)
    network = trained_model(one.variant, one.profile, one.trained_on, one.checkpoint)
    assert export_network(network, model.config, tmp_path / "whole") < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "whole/model.onnx")
    again = dcct.load(tmp_path / "whole", device="cpu")
    for count in (1, 5):
        clips = clips_of(model, count)
        theirs = session.run(None, {"clips": clips.numpy()})
        with torch.inference_mode():
            ours = again(clips).features
        assert [output.name for output in session.get_outputs()] == list(ours)
        for own, found in zip(ours.values(), theirs, strict=True):
            assert np.linalg.norm(found - own.numpy()) <= 1e-4 * np.linalg.norm(own.numpy())


@pytest.mark.parametrize("card", ["---\na: [\n---\n", "---\n- 1\n---\n"])
def test_a_damaged_card_is_one_line_where_it_is_needed(model_folder, tmp_path, card):
    """Weights are loaded all the same."""
    folder = model_folder("cnn")
    (folder / "README.md").write_text(card)
    with pytest.raises(dcct.DcctError, match=r"README.md: is no model card"):
        dcct.load(folder, device="cpu").save_pretrained(tmp_path / "saved")


def spoil_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def other_widths(folder):
    network = json.loads((folder / "config.json").read_text())["network"]
    spoil_config(folder, network=network | {"hta_width": 32})


def with_args(branch, **args):
    def spoil(folder):
        network = json.loads((folder / "config.json").read_text())["network"]
        network[branch]["args"] |= args
        spoil_config(folder, network=network)

    return spoil


def other_features(folder):
    features = json.loads((folder / "config.json").read_text())["features"]
    spoil_config(folder, features=features | {"all": 7})


def half_the_weights(folder):
    weights = load_file(folder / "model.safetensors")
    save_file(dict(list(weights.items())[::2]), folder / "model.safetensors")


DAMAGES = {
    "cut": (lambda f: (f / "config.json").write_text("{"), "config.json: cannot be read"),
    "list": (lambda f: (f / "config.json").write_text("[1]"), "is no model of dcct"),
    "unknown": (lambda f: spoil_config(f, depth=3), "depth: unknown key; allowed here: alone"),
    "identities": (lambda f: spoil_config(f, num_identities="x"), "num_identities: Input should"),
    "huge": (lambda f: spoil_config(f, num_identities=10**7), "does not belong to the config.json"),
    "widths": (other_widths, r"model.safetensors: does not belong to the config.json beside it"),
    "layers": (with_args("cnn", layers=[10**6] * 4), "more parameters than the"),
    "depth": (with_args("vit", depth=10**6), "more parameters than the"),
    "features": (other_features, "config.json: features: its network has"),
    "leads out": (with_args("vit", checkpoint_path="/etc/passwd"), "args: checkpoint_path is none"),
    "fetches": (with_args("cnn", pretrained=True), "args: pretrained is none of a network's"),
    "writes": (with_args("cnn", cache_dir="/tmp"), "args: cache_dir is none of a network's"),
    "gone": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors: missing: fetch"),
    "weights": (half_the_weights, "model.safetensors: is damaged, or not what its config.json"),
    "timm": (lambda f: (f / "config.json").write_text('{"architecture": "x"}'), "no model of dcct"),
    "before": (lambda f: (f / "config.json").unlink(), "holds no config.json: name a model folder"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_folder_is_one_line(model_folder, tmp_path, kind):
    """Whatever of it is damaged, missing or of another network."""
    folder = shutil.copytree(model_folder("dcct"), tmp_path / "copy", ignore=lambda *_: ["copy"])
    spoil, complaint = DAMAGES[kind]
    spoil(folder)
    with pytest.raises(dcct.DcctError, match=complaint) as caught:
        dcct.load(folder, device="cpu")
    assert str(folder) in str(caught.value)


def test_a_folder_of_before_says_what_writes_one(model_folder, tmp_path):
    """A run's checkpoint without config.json names the whole command; what is nowhere is told from
    what is unreadable."""
    old = tmp_path / "results/checkpoints/walkers/split0/dcct/seed2"
    old.mkdir(parents=True)
    shutil.copy(model_folder("dcct") / "model.safetensors", old)
    with pytest.raises(dcct.DcctError, match="`dcct export walkers dcct --split 0 --seed 2`"):
        dcct.load(old)
    for nothing in (tmp_path / "nowhere", "~nobody-of-this-name/model", "a" * 5000, "a\0b"):
        with pytest.raises(dcct.DcctError, match="no such folder or file"):
            dcct.load(nothing)
    with pytest.raises(dcct.DcctError, match="device: gpu is none: name cpu, cuda or cuda:0"):
        dcct.load(old, device="gpu")


def test_a_card_holds_results_of_its_own_weights_alone(model_folder, tmp_path, root):
    """Those of a metrics.json of the same checkpoint, with intervals; of another, one line."""
    model = dcct.load(model_folder("dcct"), device="cpu")
    (digest,) = model.config.weights.values()
    row = {"dataset": "walkers", "split": 0, "sampler": "begin", "feature": "all", "queries": 40}
    row |= {"mAP": 0.5, "mAP_low": 0.4, "mAP_high": 0.6, "mINP": 0.2}
    row |= {"rank1": 0.7, "rank1_low": 0.6, "rank1_high": 0.8}
    found = {"digests": {"checkpoint": digest}, "headline": row}
    (tmp_path / "metrics.json").write_text(json.dumps(found))
    card = card_of(model.config, tmp_path / "metrics.json")
    assert "| 50.0 [40.0, 60.0] | 70.0 [60.0, 80.0] | 20.0 |" in card.text
    assert [one.metric_value for one in card.data.eval_results] == [50.0, 70.0]
    (tmp_path / "metrics.json").write_text(json.dumps(found | {"digests": {"checkpoint": "x"}}))
    with pytest.raises(dcct.DcctError, match="are of other weights"):
        card_of(model.config, tmp_path / "metrics.json")
    assert load_variant("dcct", root / "config/config.yaml").headline in model.config.features
