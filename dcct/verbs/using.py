"""Verbs of use: what trained networks are for, on anyone's own tracklets."""

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dcct.errors import DcctError
from dcct.runtime.cards import take, visible_cards
from dcct.runtime.progress import Progress
from dcct.verbs.options import import_torch, verb

if TYPE_CHECKING:
    from dcct.inference.model import Model

PANEL = "Use on your own recordings"
app = typer.Typer()

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model folder, its name on the Hugging Face hub, or an official checkpoint.",
    ),
]
Sampler = Annotated[str, typer.Option(help="begin: one clip a tracklet; dense: all of it.")]
Device = Annotated[
    str | None,
    typer.Option(help="cpu, cuda or cuda:N; a GPU if there is one.", show_default=False),
]


@verb(app, PANEL)
def embed(
    model: ModelName,
    folder: Annotated[Path, typer.Argument(help="Tracklets: CAMERA/TRACKLET/*.jpg or png.")],
    out: Annotated[Path, typer.Option(help="Where features go.", metavar="FILE.parquet")] = Path(
        "features.parquet"
    ),
    sampler: Sampler = "begin",
    device: Device = None,
) -> None:
    """Features of tracklets that nobody has labelled. Run the same command after an interruption:
    it goes on where it was.

    Example: dcct embed results/checkpoints/walkers/split0/dcct/seed0 tracklets --out mine.parquet
    """
    opened, progress = _open(model, device, "embed")
    from dcct.inference.embedding import embed_to

    count = embed_to(opened, folder, out, sampler=sampler, progress=progress)
    progress.say(f"{count:,} tracklets: {out}")


@verb(app, PANEL)
def search(
    model: ModelName,
    query: Annotated[
        Path,
        typer.Option(help="Whom to look for: all cameras' folder, one's, or one tracklet's."),
    ],
    gallery: Annotated[Path, typer.Option(help="Where to look: such a folder, too.")],
    out: Annotated[Path, typer.Option(help="Where findings go.", metavar="FOLDER")] = Path(
        "search"
    ),
    top: Annotated[int, typer.Option(help="Matches of each query.", min=1, max=1000)] = 10,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Order matches by k-reciprocal neighbours.")
    ] = False,
    exclude_same_camera: Annotated[
        bool, typer.Option("--exclude-same-camera", help="Look in other cameras than the query's.")
    ] = False,
    link: Annotated[
        bool, typer.Option("--link", help="Also say which tracklets are one person.")
    ] = False,
    within: Annotated[
        float | None,
        typer.Option(
            help="With --link: the distance up to which they are. Unless given, that at which 1 in"
            " 100 pairs of different people is taken for one.",
            min=0,
            max=2,
            show_default=False,
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="What `dcct calibrate` wrote.", metavar="FILE", show_default=False),
    ] = None,
    sampler: Sampler = "begin",
    device: Device = None,
) -> None:
    """Find people among tracklets: a page to look at, and tables. FOLDER keeps features, so that
    the next search there is quick.

    Example: dcct search results/checkpoints/walkers/split0/dcct/seed0 --query tracklets/cam1
    --gallery tracklets/cam2 --link
    """
    if within is not None and not link:
        raise DcctError("--within says which tracklets are one person: add --link, or leave it out")
    opened, progress = _open(model, device, "search")
    from dcct.find.search import Wish
    from dcct.find.writing import PAGE, write_search

    wish = Wish(
        top=top,
        rerank=rerank,
        other_cameras=exclude_same_camera,
        sampler=sampler,
        calibration=calibration,
        link=link,
        within=within,
    )
    found = write_search(opened, query, gallery, wish, out, progress)
    if found.people is not None:
        linked = f"{len(found.gallery.keys):,} tracklets are {found.people.max():,} people"
        progress.say(f"{linked}, linked within {found.within:.3f}")
    progress.say(f"{len(found.query.keys):,} queries: open {out / PAGE}")


@verb(app, PANEL)
def calibrate(
    model: ModelName,
    sample: Annotated[Path, typer.Argument(help="Labelled: PERSON/CAMERA/TRACKLET/*.jpg or png.")],
    out: Annotated[Path, typer.Option(help="What it writes.", metavar="FILE.json")] = Path(
        "calibration.json"
    ),
    sampler: Sampler = "begin",
    device: Device = None,
) -> None:
    """Measure what distances mean on your own recordings, from tracklets whose people you know.

    Example: dcct calibrate results/checkpoints/walkers/split0/dcct/seed0 sample
    """
    opened, progress = _open(model, device, "calibrate")
    from dcct.find.calibrate import calibrate as measure

    found = measure(opened, sample, out, sampler, progress)
    for point in found.points[:: max(1, len(found.points) // 5)]:
        progress.say(
            f"within {point.distance:.3f}: {100 * point.false_rate:.2f} % of pairs of different"
            f" people [{100 * point.low:.2f}, {100 * point.high:.2f}],"
            f" {100 * point.true_rate:.0f} % of those of one person"
        )
    progress.say(f"{found.measured_on}: {out}")


def _open(model: str, device: str | None, label: str) -> tuple["Model", Progress]:
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    progress = Progress(label, Console())
    device = _with_card(device, progress)
    import_torch()
    from dcct.inference.model import load

    opened = load(model, device=device)
    progress.say(f"{opened.config.name} on {opened.device}")
    return opened, progress


def _with_card(device: str | None, progress: Progress) -> str | None:
    """The device to name once its card is leased: what CUDA then shows is that one alone. Without
    a name a card is leased if any can be listed."""
    if device is None:
        with contextlib.suppress(DcctError):
            device = "any" if visible_cards() else None
        take(1 if device else 0, progress.say)
        return None
    if re.fullmatch(r"cuda(:\d+)?", device):
        number = device.partition(":")[2]
        take(1, progress.say, int(number) if number else None)
        return "cuda"
    return device
