"""Arrows of the data: source → verify → manifest → pack, sample; and where every set stands."""

from typing import TYPE_CHECKING

from dcct.config.load import dataset_names, load_dataset
from dcct.receipt import RECEIPT, write_json, write_text
from dcct.steps.context import TIME_ORDER, Context, origin_for, recorded_as

if TYPE_CHECKING:
    from dcct.datasets.status import Status


def source(context: Context, dataset: str) -> None:
    """Put a data set in place: draw it, or say how to get it."""
    from dcct.datasets.source import obtain

    config = context.dataset(dataset)
    origin = origin_for(context, "source", {}, {"dataset": config.model_dump(mode="json")})
    with recorded_as(context, "source", context.paths.source(dataset) / RECEIPT, (dataset,), [], origin) as facts:
        facts |= obtain(config, context.paths.data(dataset), context.paths.archives, context.progress)


def status(context: Context) -> "list[Status]":
    """Where every data set beside the profile stands."""
    from dcct.datasets.status import status_of

    file = context.configfile
    return [status_of(name, load_dataset(name, file), context.paths) for name in dataset_names(file)]


def verify(context: Context, dataset: str) -> None:
    """Check counts, frames and digest of a data set; write report.json and report.md."""
    from dcct.datasets.verify import readable_report
    from dcct.datasets.verify import verify as check

    config, root, folder = context.dataset(dataset), context.paths.data(dataset), context.paths.verified(dataset)
    outputs = [folder / "report.json", folder / "report.md"]
    inputs = {context.paths.source(dataset) / RECEIPT: f"source {dataset}"}
    origin = origin_for(context, "verify", inputs, {"dataset": config.model_dump(mode="json")})
    with recorded_as(context, "verify", folder / RECEIPT, (dataset,), outputs, origin):
        found = check(config, root, context.progress)
        write_json(outputs[0], {"dataset": dataset, **found.as_dict()})
        write_text(outputs[1], readable_report(config, root, found))
    context.progress.say(f"{found.files:,} files, digest {found.digest}: {found.pin}")


def manifest(context: Context, dataset: str) -> None:
    """Write the manifest of a verified data set."""
    from dcct.datasets.manifest import write_manifest
    from dcct.datasets.readers import reader_of

    config, folder = context.dataset(dataset), context.paths.manifest(dataset)
    outputs = [folder / "tracklets.parquet", folder / "frames.parquet"]
    inputs = {context.paths.verified(dataset) / RECEIPT: f"verify {dataset}"}
    chosen = {"layout": config.layout, "split": config.protocol.split, "first_half": config.protocol.first_half}
    origin = origin_for(context, "manifest", inputs, chosen)
    with recorded_as(context, "manifest", folder / RECEIPT, (dataset,), outputs, origin):
        write_manifest(reader_of(**chosen)(context.paths.data(dataset)), folder)


def pack(context: Context, dataset: str) -> None:
    """Pack the frames of a manifest into a frame store."""
    from dcct.clips.frames import pack as pack_frames

    context.dataset(dataset)
    folder, listed, clips = context.paths.frames(dataset), context.paths.manifest(dataset), context.profile.clips
    origin = origin_for(context, "pack", {listed / RECEIPT: f"manifest {dataset}"}, {})
    with recorded_as(context, "pack", folder / RECEIPT, (dataset,), context.paths.store(dataset, clips), origin):
        pack_frames(listed, context.paths.data(dataset), folder, clips, context.progress)


def sample(context: Context, dataset: str) -> None:
    """Draw all test clips of a data set, once."""
    from dcct.clips.sampling import write_test_clips

    folder, listed, profile = context.paths.clips(dataset), context.paths.manifest(dataset), context.profile
    cap = context.dataset(dataset).protocol.clip_cap
    samplers = list(dict.fromkeys([*profile.evaluation.samplers, *TIME_ORDER]))
    origin = origin_for(context, "sample", {listed / RECEIPT: f"manifest {dataset}"}, {"clip_cap": cap})
    with recorded_as(context, "sample", folder / RECEIPT, (dataset,), [folder / "clips.parquet"], origin):
        write_test_clips(listed, folder / "clips.parquet", samplers, profile.clips.length, cap)
