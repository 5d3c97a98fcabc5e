"""An extraction of the tiny set, and a model folder beside its checkpoint."""

from dataclasses import replace

import pytest
import torch

from dcct.clips.sampling import write_test_clips
from dcct.config.load import load_variant
from dcct.files import file_digest
from dcct.inference.extraction import Extraction
from dcct.models.checkpoint import save_model
from dcct.models.dcct import DCCT
from dcct.models.folder import describe
from dcct.models.model_config import config_of


@pytest.fixture
def job(tiny, profile, root, tmp_path):
    """job(variant, **sections): begin and dense clips of four test identities, in many shards."""

    def make(name, **changes):
        torch.manual_seed(0)
        clips, checkpoint = tmp_path / "clips.parquet", tmp_path / "model.safetensors"
        write_test_clips(
            tiny.manifest, clips, ["begin", "dense"], profile.clips.length, 200, "clips"
        )
        variant = load_variant(name, root / "config/config.yaml")
        donor = load_variant(variant.backbone_of or name, root / "config/config.yaml")
        save_model(DCCT(donor, profile.network, profile.clips, tiny.spec.train_ids), checkpoint)
        training = profile.training.model_copy(update=changes.pop("training", {}))
        evaluation = profile.evaluation.model_copy(
            update={"batch_frames": 20, **changes.pop("evaluation", {})}
        )
        settings = Extraction(
            variant=variant,
            profile=profile.model_copy(update={"training": training, "evaluation": evaluation}),
            samplers=("begin", "dense"),
            clips=clips,
            frames=tiny.frames,
            manifest=tiny.manifest,
            trained_on=tiny.manifest,
            checkpoint=checkpoint,
            work=tmp_path / "work",
            digests={"checkpoint": "x"},
            shard_clips=7,
        )
        return replace(settings, **changes)

    return make


@pytest.fixture
def model_folder(job):
    """model_folder(variant): the folder of the job's checkpoint, made a model folder."""

    def make(name):
        one = job(name)
        weights = {one.checkpoint.name: file_digest(one.checkpoint)}
        sizes = one.profile.network, one.profile.clips, 16
        describe(one.checkpoint.parent, config_of(name, one.variant, *sizes, weights=weights))
        return one.checkpoint.parent

    return make
