"""Pretrained weights: from local files whose name says their digest, resized to the grid, never
silently replaced."""

import hashlib
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import timm
import torch
from safetensors.torch import save_file

from dcct.config.profile import Backbone, Weights
from dcct.errors import ConfigError, DataError
from dcct.models.weights import (
    initial_backbone,
    initial_backbones,
    resize_position_embedding,
)

SQUARE = 32


def named_by_digest(path):
    """Rename a file so that its name ends in the first digits of its SHA-256."""
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return path.rename(path.with_name(f"{path.stem}-{digits}.pth")).name


@pytest.fixture
def published(tmp_path, profile):
    """Files as they are published: with an ImageNet classifier, square images, and PyTorch's old
    format."""
    states = {}
    for branch, size in (("cnn", {}), ("vit", {"img_size": SQUARE})):
        config = getattr(profile.network, branch)
        states[branch] = timm.create_model(
            config.name, num_classes=10, **config.args, **size
        ).state_dict()
        torch.save(
            states[branch],
            tmp_path / f"{branch}.pth",
            _use_new_zipfile_serialization=branch == "vit",
        )
    names = {branch: named_by_digest(tmp_path / f"{branch}.pth") for branch in states}
    return Weights(source="folder", folder=str(tmp_path), **names), states


def test_files_fill_the_backbones(published, profile):
    """Every tensor but the classifier's arrives, and the position embedding is resized bilinearly
    to the grid."""
    weights, states = published
    backbones = initial_backbones(profile.network, weights, profile.clips, seed=0)
    for branch, backbone in backbones.items():
        expected = {
            name: tensor
            for name, tensor in states[branch].items()
            if not name.startswith(("fc.", "head."))
        }
        if branch == "vit":
            expected["pos_embed"] = resize_position_embedding(expected["pos_embed"], (6, 3))
        found = backbone.net.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("vit_base_patch16_224", 1),
        ("vit_small_patch14_reg4_dinov2", 0),
        ("deit3_small_patch16_224", 0),
    ],
)
def test_only_positions_are_resized(name, prefix, profile, tmp_path):
    """Where registers or the class token have no position, none is taken off the square grid."""
    args = profile.network.vit.args
    square = timm.create_model(name, img_size=SQUARE, num_classes=10, **args).state_dict()
    torch.save(square, tmp_path / "vit.pth")
    weights = Weights(
        source="folder", folder=str(tmp_path), cnn="x", vit=named_by_digest(tmp_path / "vit.pth")
    )
    network = profile.network.model_copy(update={"vit": Backbone(name=name, args=args)})
    found = initial_backbone("vit", network, weights, profile.clips, 0).net.pos_embed
    expected = resize_position_embedding(square["pos_embed"], (6, 3), prefix)
    assert found.shape[1] == prefix + 18
    assert torch.equal(found, expected)


@pytest.mark.parametrize("exported", [True, False])
def test_an_export_is_read_back_at_another_size(profile, tmp_path, exported):
    """Its grid stands in the config.json beside it; without that, 36 positions may be 9×4 or
    6×6."""
    vit, size = profile.network.vit, (144, 64)
    net = timm.create_model(vit.name, num_classes=0, img_size=size, **vit.args | {"patch_size": 16})
    torch.save(net.state_dict(), tmp_path / "vit.pth")
    if exported:
        config = {"architecture": vit.name, "pretrained_cfg": {"input_size": [3, *size]}}
        (tmp_path / "config.json").write_text(json.dumps(config))
    weights = Weights(
        source="folder", folder=str(tmp_path), cnn="x", vit=named_by_digest(tmp_path / "vit.pth")
    )
    network = profile.network.model_copy(
        update={"vit": Backbone(name=vit.name, args=vit.args | {"patch_size": 16})}
    )
    for height, width, same in ((144, 64, True), (96, 48, False)):
        clips = profile.clips.model_copy(update={"height": height, "width": width})
        if not exported and same:
            with pytest.raises(DataError, match=r"36 positions: 6×6 or 9×4.*put the config\.json"):
                initial_backbone("vit", network, weights, clips, 0)
            continue
        found = initial_backbone("vit", network, weights, clips, 0).net.pos_embed
        assert torch.equal(found, net.pos_embed) == same
        grid = (9, 4) if exported else (6, 6)
        expected = resize_position_embedding(
            net.pos_embed, (height // 16, width // 16), 1, source=grid
        )
        assert torch.equal(found, expected)


def test_grid_that_is_no_square_is_refused():
    """Eighteen positions are 6×3 only if the network has as many; else nobody knows their grid."""
    embedding = torch.randn(1, 18, 4)
    assert torch.equal(resize_position_embedding(embedding, (6, 3), 0), embedding)
    with pytest.raises(ValueError, match="18 positions, which are no square grid"):
        resize_position_embedding(embedding, (8, 4), 0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"cnn": "resnet50-19c8e357.pth"},
            "no such file: fetch https://download.pytorch.org/models/resnet50-19c8e357",
        ),
        ({"cnn": "resnet50.pth"}, "its name must end in the first eight digits of its SHA-256"),
    ],
)
def test_absent_file_is_named(published, profile, change, complaint):
    """One line says which file to put where."""
    weights = published[0].model_copy(update=change)
    with pytest.raises((DataError, ConfigError), match=complaint):
        initial_backbones(profile.network, weights, profile.clips, seed=0)


def test_damaged_file_is_named(published, profile, tmp_path):
    """A file whose digest is not the one in its name is refused before it is read."""
    weights = published[0]
    with open(tmp_path / weights.vit, "ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match="damaged: its SHA-256 starts with"):
        initial_backbones(profile.network, weights, profile.clips, seed=0)


def test_weights_of_another_network_are_refused(published, profile):
    """A ViT's file for the CNN is not half-loaded."""
    weights = published[0].model_copy(update={"cnn": published[0].vit})
    with pytest.raises(DataError, match=r"does not belong to network.cnn \(resnet18\)"):
        initial_backbones(profile.network, weights, profile.clips, seed=0)


class Hub(SimpleHTTPRequestHandler):
    """A hub of one folder: files lie under /<owner>/<name>/resolve/main/, with the headers that its
    client wants."""

    def end_headers(self):
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", '"1234"')
        super().end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The address of a local hub that serves tmp_path/hub, with an empty cache."""
    (tmp_path / "hub").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, directory=tmp_path / "hub"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("dcct.models.weights.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "hub"
    server.shutdown()
    server.server_close()


def test_hub_fills_the_backbones_once(hub, published, profile, monkeypatch):
    """Weights by timm's names are fetched from the hub, and later taken from its cache without a
    connection."""
    names = {"cnn": "resnet18.tv_in1k", "vit": "vit_base_patch16_224.orig_in21k_ft_in1k"}
    for branch, name in names.items():
        folder = hub / f"timm/{name}/resolve/main"
        folder.mkdir(parents=True)
        save_file(published[1][branch], folder / "model.safetensors")
    weights = Weights(
        source="hub", **{branch: name.split(".")[1] for branch, name in names.items()}
    )
    for endpoint in (None, "http://127.0.0.1:9"):
        if endpoint:
            monkeypatch.setattr("dcct.models.weights.ENDPOINT", endpoint)
        found = initial_backbones(profile.network, weights, profile.clips, seed=0)[
            "cnn"
        ].net.state_dict()
        assert all(torch.equal(tensor, published[1]["cnn"][name]) for name, tensor in found.items())


def test_hub_out_of_reach_says_what_to_do(profile, monkeypatch, tmp_path):
    """Offline and not in the cache: one line names the official files, and nothing is trained from
    scratch instead."""
    monkeypatch.setattr("dcct.models.weights.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    weights = Weights(source="hub", cnn="tv_in1k", vit="orig_in21k_ft_in1k")
    with pytest.raises(
        DataError,
        match=r"resnet50-19c8e357.pth, jx_vit_base_p16_224-80ecf9dd.pth\) into data/weights",
    ):
        initial_backbones(profile.network, weights, profile.clips, seed=0)
