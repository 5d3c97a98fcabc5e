"""Arrows of the data: source → verify → manifest → pack, sample; and where every set stands."""

from typing import TYPE_CHECKING

from dcct.config.load import dataset_names, load_dataset
from dcct.files import read_json, write_json, write_text
from dcct.pipeline.plan import VERIFIED
from dcct.provenance.receipt import RECEIPT
from dcct.steps.context import TIME_ORDER, Context, manifest_input, origin_for, recorded_as

if TYPE_CHECKING:
    from dcct.datasets.status import Status


def source(context: Context, dataset: str) -> None:
    """Put a data set in place: draw it, or say how to get it."""
    from dcct.datasets.source import obtain

    config = context.dataset(dataset)
    origin = origin_for(context, "source", {}, {"dataset": config.model_dump(mode="json")})
    with recorded_as(
        context, "source", context.paths.source(dataset) / RECEIPT, (dataset,), [], origin
    ) as facts:
        facts |= obtain(
            config, context.paths.data(dataset), context.paths.archives, context.progress
        )


def status(context: Context) -> "list[Status]":
    """Where every data set beside the profile stands."""
    from dcct.datasets.status import status_of

    file = context.configfile
    return [
        status_of(name, load_dataset(name, file), context.paths) for name in dataset_names(file)
    ]


def verify(context: Context, dataset: str) -> None:
    """Check counts, frames and digest of a data set; write report.json, report.md and the list of
    its frames."""
    from dcct.datasets.verification import readable_report
    from dcct.datasets.verify import verify as check

    config, root, folder = (
        context.dataset(dataset),
        context.paths.data(dataset),
        context.paths.verified(dataset),
    )
    outputs = [folder / name for name in VERIFIED]
    inputs = {context.paths.source(dataset) / RECEIPT: f"source {dataset}"}
    origin = origin_for(context, "verify", inputs, {"dataset": config.model_dump(mode="json")})
    with recorded_as(context, "verify", folder / RECEIPT, (dataset,), outputs, origin):
        found = check(config, root, folder / "frames.parquet", context.progress)
        write_json(folder / "report.json", {"dataset": dataset, **found.as_dict()})
        write_text(folder / "report.md", readable_report(config, root, found))
    context.progress.say(f"{found.files:,} files, digest {found.digest}: {found.pin}")
    if found.differences.number:
        context.progress.say(
            f"warning: {found.differences.number:,} differences, see {folder}/report.md: going on"
        )


def manifest(context: Context, dataset: str, split: int) -> None:
    """Write the manifest of one split of a verified data set."""
    from dcct.datasets.manifest import write_manifest
    from dcct.datasets.readers import reader_of

    config, paths = context.split(dataset, split), context.paths
    folder, verified = paths.manifest(dataset, split), paths.verified(dataset)
    chosen = {"layout": config.layout, "split": split, "first_half": config.protocol.first_half}
    origin = origin_for(context, "manifest", {verified / RECEIPT: f"verify {dataset}"}, chosen)
    key = (dataset, f"split{split}")
    with recorded_as(
        context, "manifest", folder / RECEIPT, key, [folder / "tracklets.parquet"], origin
    ):
        verification = read_json(verified / "report.json", f"verify {dataset}")["verification"]
        write_manifest(
            reader_of(**chosen)(paths.data(dataset)),
            verified / "frames.parquet",
            folder,
            verification,
        )


def pack(context: Context, dataset: str) -> None:
    """Pack the verified frames into a frame store."""
    from dcct.clips.frames import pack as pack_frames

    context.dataset(dataset)
    paths, clips = context.paths, context.profile.clips
    folder, verified = paths.frames(dataset), paths.verified(dataset)
    origin = origin_for(context, "pack", {verified / RECEIPT: f"verify {dataset}"}, {})
    with recorded_as(
        context, "pack", folder / RECEIPT, (dataset,), paths.store(dataset, clips), origin
    ):
        pack_frames(
            verified / "frames.parquet",
            paths.data(dataset),
            folder,
            paths.packing(dataset),
            clips,
            context.progress,
        )


def sample(context: Context, dataset: str, split: int) -> None:
    """Draw all test clips of a split, once."""
    from dcct.clips.sampling import write_test_clips

    cap, paths, profile = (
        context.split(dataset, split).protocol.clip_cap,
        context.paths,
        context.profile,
    )
    folder, key = paths.clips(dataset, split), (dataset, f"split{split}")
    samplers = list(dict.fromkeys([*profile.evaluation.samplers, *TIME_ORDER]))
    origin = origin_for(context, "sample", manifest_input(paths, dataset, split), {"clip_cap": cap})
    with recorded_as(context, "sample", folder / RECEIPT, key, [folder / "clips.parquet"], origin):
        manifest_folder = paths.manifest(dataset, split)
        write_test_clips(
            manifest_folder, folder / "clips.parquet", samplers, profile.clips.length, cap
        )
