"""What a training's model folder says, from its job."""

from typing import TYPE_CHECKING

from dcct.config.foreign import ForeignMethod
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


def describe_training(job: Job) -> None:
    """Make a model folder of that of a training whose weights are written."""
    from dcct.models.folder import describe, describe_foreign

    variant = job.pipeline.variant(job["variant"])
    if isinstance(variant, ForeignMethod):
        describe_foreign(job.folder, job["variant"], variant, _weights(job))
    else:
        describe(job.folder, trained_config(job))


def _weights(job: Job) -> dict[str, str]:
    from dcct.files import file_digest

    weights = [path for path in job.outputs if path.suffix == ".safetensors"]
    return {path.name: file_digest(path) for path in weights}


def trained_config(job: Job) -> "ModelConfig":
    """The config.json of a training of ours."""
    from dcct.datasets.manifest import identities_in
    from dcct.models.model_config import config_of

    profile, variant = job.pipeline.profile, job.pipeline.variant(job["variant"])
    return config_of(
        job["variant"],
        variant,
        profile.network,
        profile.clips,
        identities_in(job.reads["manifest"].folder),
        weights=_weights(job),
        data=data_of(job),
    )
