"""A training of a few steps."""

import pytest

from dcct.config.load import load_variant
from dcct.training.state import Run


@pytest.fixture
def run(tiny, profile, root, tmp_path):
    """run(variant, epochs, work folder, **changes of the training section): with erasing and
    drop-path."""

    def make(name, epochs=3, work="work", **changes):
        training = profile.training.model_copy(
            update={"epochs": epochs, "random_erasing": 0.5} | changes
        )
        vit = profile.network.vit.model_copy(
            update={"args": profile.network.vit.args | {"drop_path_rate": 0.2}}
        )
        network = profile.network.model_copy(update={"vit": vit})
        return Run(
            profile=profile.model_copy(update={"training": training, "network": network}),
            variant=load_variant(name, root / "config/config.yaml"),
            seed=0,
            frames=tiny.frames,
            manifest=tiny.manifest,
            weights=tiny.weights,
            work=tmp_path / work,
            made_from={"config": "x", "data": "y", "code": "z"},
        )

    return make
