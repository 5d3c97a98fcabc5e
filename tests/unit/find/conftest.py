"""Drawn people in folders of tracklets, and a small network to look for them."""

import pytest
import torch

import dcct
from dcct.config.load import load_dataset, load_variant
from dcct.files import file_digest
from dcct.models.checkpoint import save_model
from dcct.models.dcct import DCCT
from dcct.models.folder import describe
from dcct.models.model_config import config_of
from dcct.walkers import draw_tracklet
from dcct.walkers.entries import image

FRAMES = 10


@pytest.fixture(scope="session")
def draw_into(root):
    """draw_into(folder, person, camera): a tracklet of somebody drawn, as images in a folder."""
    spec = load_dataset("walkers-test", root / "config/test.yaml").walkers
    spec = spec.model_copy(update={"frames": FRAMES})

    def draw(folder, person, camera):
        folder.mkdir(parents=True)
        for number, pixels in enumerate(draw_tracklet(spec, person, camera, 0), 1):
            (folder / f"{number:06d}.jpg").write_bytes(image(pixels, "JPEG", 90))

    return draw


@pytest.fixture(scope="session")
def model_into(root, profile):
    """model_into(folder): the folder, made that of an untrained network."""

    def write(folder):
        torch.manual_seed(0)
        variant, sizes = (
            load_variant("dcct", root / "config/test.yaml"),
            (profile.network, profile.clips),
        )
        folder.mkdir(parents=True)
        checkpoint = folder / "model.safetensors"
        save_model(DCCT(variant, *sizes, 16), checkpoint)
        weights = {checkpoint.name: file_digest(checkpoint)}
        describe(folder, config_of("dcct", variant, *sizes, 16, weights=weights))
        return dcct.load(folder, device="cpu")

    return write
