"""Verbs of the data: source → verify → manifest → pack, sample; where every set stands, and its
list for other programs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dcct.config.profile import Sampler
from dcct.errors import DataError
from dcct.files import write_json, write_text
from dcct.pipeline.pipeline import DEFAULT
from dcct.provenance.documents import read_report
from dcct.runtime.progress import Progress
from dcct.verbs.making import Making, makes
from dcct.verbs.options import Configfile, Dataset, Split, open_pipeline, verb, wide

PANEL = "Data"
app = typer.Typer()
data = typer.Typer(no_args_is_help=True, help="Look at the data sets.")
app.add_typer(data, name="data", rich_help_panel=PANEL)
CONTROLS: tuple[Sampler, ...] = ("begin", "repeated", "shuffled")
"""Samplers whose comparison shows whether time order is used."""


@makes(app, PANEL)
def source(making: Making, dataset: Dataset) -> None:
    """Put a data set in place: draw, link, or fetch and unpack it under accepted terms, or say how
    to get it.

    Example: dcct source walkers
    """
    from dcct.datasets.readers import reader_of
    from dcct.datasets.source import obtain

    pipeline, config = making.pipeline, making.pipeline.dataset(dataset)
    reader_of(config.layout)  # an unknown one is refused before anything is put in place
    facts = obtain(config, pipeline.data / dataset, pipeline.archives, making.progress)
    making.facts |= facts
    drawn = making.job.settings[f"datasets/{dataset}"]
    write_json(making.job / "source.json", {**drawn, "archives": facts.get("archives", {})})


@verb(data, PANEL)
def status(configfile: Configfile = DEFAULT) -> None:
    """Where every data set stands: in place and as its settings say, verified, counts against
    expected, and the next command.

    Example: dcct data status
    """
    from dcct.provenance.status import status_of

    table = Table("data set", "state", "in place", "verified", "counts", "next")
    pipeline = open_pipeline(configfile)
    for name in pipeline.dataset_names():
        one = status_of(pipeline, name)
        about = (one.state, one.here, one.verified, one.counts, one.next)
        table.add_row(f"{one.name}\n[dim]{one.title}[/]", *about)
    wide(160).print(table)


@makes(app, PANEL)
def verify(making: Making, dataset: Dataset) -> None:
    """Check every count, decode every frame, digest the whole set; writes report.md.

    Example: dcct verify walkers
    """
    from dcct.datasets.source import changed_since
    from dcct.datasets.verification import readable_report
    from dcct.datasets.verify import verify as check

    job, root = making.job, making.pipeline.data / dataset
    config = making.pipeline.dataset(dataset)
    if changed := changed_since(config, root, making.pipeline.archives):
        raise DataError(f"{root}: was {changed}: run `dcct source` first")
    found = check(config, root, job / "frames.parquet", making.progress)
    write_json(job / "report.json", {"dataset": dataset, **found.as_dict()})
    write_text(job / "report.md", readable_report(config, root, found))
    making.progress.say(f"{found.files:,} files, digest {found.digest}: {found.pin}")
    if found.differences.number:
        making.progress.say(
            f"warning: {found.differences.number:,} differences, see {job / 'report.md'}: going on"
        )


@makes(app, PANEL)
def pack(making: Making, dataset: Dataset) -> None:
    """Pack all frames into one file with random access by tracklet (the frame store).

    Example: dcct pack walkers
    """
    from dcct.clips.frames import pack as pack_frames

    pipeline, listing = making.pipeline, making.input("verified") / "frames.parquet"
    folders = pipeline.data / dataset, making.job.folder, making.work / "frames"
    pack_frames(listing, *folders, pipeline.profile.clips, making.progress)


@makes(app, PANEL)
def manifest(making: Making, dataset: Dataset, split: Split = 0) -> None:
    """List the tracklets of a split of a verified set in parquet.

    Example: dcct manifest walkers
    """
    from dcct.datasets.manifest import write_manifest
    from dcct.datasets.readers import reader_of

    config, verified = making.pipeline.dataset(dataset), making.input("verified")
    read = reader_of(config.layout, split, config.protocol)
    report = read_report(verified / "report.json", verified.again)
    tracklets, listing = read(making.pipeline.data / dataset), verified / "frames.parquet"
    expected = report["tracklets"][split]
    write_manifest(tracklets, listing, making.job.folder, report["verification"], expected)


@verb(app, PANEL)
def tracklets(
    dataset: Dataset,
    file: Annotated[Path, typer.Argument(help="The CSV file to write.", metavar="FILE")],
    split: Split = 0,
    configfile: Configfile = DEFAULT,
) -> None:
    """Write the tracklets of a split as CSV for other programs: tracklet, split, pid, camid,
    frames, and the paths of these, with | between them.

    Example: dcct tracklets walkers tracklets.csv
    """
    from dcct.datasets.tracklet_csv import write_csv

    pipeline = open_pipeline(configfile)
    job, verified = pipeline.job("manifest", dataset, split), pipeline.job("verify", dataset)
    pipeline.check(job)
    number = write_csv(job.folder, verified / "frames.parquet", file)
    Progress(f"tracklets {dataset}", Console()).say(
        f"{file}: {number:,} tracklets; paths are below {pipeline.data / dataset}"
    )


@makes(app, PANEL)
def sample(making: Making, dataset: Dataset, split: Split = 0) -> None:
    """Draw all test clips once: begin-interval, dense, repeated-frame and shuffled.

    Example: dcct sample walkers
    """
    from dcct.clips.sampling import write_test_clips

    profile, protocol = making.pipeline.profile, making.pipeline.dataset(dataset).protocol
    samplers = list(dict.fromkeys([*profile.evaluation.samplers, *CONTROLS]))
    manifest, path = making.input("manifest").folder, making.job / "clips.parquet"
    how = profile.clips.length, protocol.clip_cap, protocol.clip_window
    write_test_clips(manifest, path, samplers, *how)
