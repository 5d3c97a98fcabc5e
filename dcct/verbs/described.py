"""What a training's model folder says, from its job."""

from typing import TYPE_CHECKING

from dcct.pipeline.pipeline import Job

if TYPE_CHECKING:
    from dcct.models.model_config import Data, ModelConfig


def data_of(job: Job) -> "Data":
    """What a training learnt from."""
    from dcct.datasets.manifest import listing_of, read_manifest
    from dcct.models.model_config import Data

    dataset = job.pipeline.dataset(job["dataset"])
    return Data(
        name=job["dataset"],
        title=dataset.title,
        licence=" ".join(dataset.licence.split()),
        split=job["split"],
        seed=job["seed"],
        gallery_includes_queries=dataset.protocol.gallery_includes_queries,
        drop_same_camera=dataset.protocol.drop_same_camera,
        sha256=listing_of(read_manifest(job.reads["manifest"].folder)),
    )


def trained_config(job: Job) -> "ModelConfig":
    """The config.json of a training whose weights are written."""
    from dcct.datasets.manifest import identities_in
    from dcct.files import file_digest
    from dcct.models.model_config import config_of

    profile, variant = job.pipeline.profile, job.pipeline.variant(job["variant"])
    weights = [path for path in job.outputs if path.suffix == ".safetensors"]
    return config_of(
        job["variant"],
        variant,
        profile.network,
        profile.clips,
        identities_in(job.reads["manifest"].folder),
        weights={path.name: file_digest(path) for path in weights},
        data=data_of(job),
    )
