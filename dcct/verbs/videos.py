"""Verbs of use: from one's own videos to tracklets, and scenes to try it on."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dcct.config.names import LONGEST_NAME, NAME
from dcct.errors import DcctError
from dcct.runtime.progress import Progress
from dcct.verbs.options import verb

PANEL = "Use on your own recordings"
app = typer.Typer()


@verb(app, PANEL)
def crop(
    video: Annotated[Path, typer.Argument(help="A video, or a folder of frames.", metavar="VIDEO")],
    tracks: Annotated[
        Path,
        typer.Argument(
            help="What a tracker wrote: MOTChallenge's text, or Ultralytics' folder of labels.",
            metavar="TRACKS",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Where each camera gets a folder of its own.", metavar="FOLDER"),
    ],
    camera: Annotated[
        str | None,
        typer.Option(help="The camera's name; that of the video unless given.", metavar="NAME"),
    ] = None,
    least_height: Annotated[
        int, typer.Option(help="Drop boxes that are lower, in pixels.", min=1)
    ] = 32,
    least_width: Annotated[
        int, typer.Option(help="Drop boxes that are narrower, in pixels.", min=1)
    ] = 12,
    least_frames: Annotated[int, typer.Option(help="Drop tracklets that are shorter.", min=1)] = 8,
    largest_gap: Annotated[
        int,
        typer.Option(help="Frames after which an id that returns is another tracklet.", min=0),
    ] = 30,
) -> None:
    """Cut people out of a video, by the boxes of any tracker: camera/tracklet/frame.jpg.

    Call it once for each camera, with the same FOLDER.

    Example: dcct crop door.mp4 door.txt --out tracklets
    """
    from dcct.video.crop import Limits
    from dcct.video.crop import crop as cut

    name = camera or (video.resolve().name if video.is_dir() else video.stem)
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise DcctError(
            f"{name[:LONGEST_NAME]!r} cannot be a camera's folder: name it, in letters, digits,"
            " dashes and underscores: --camera NAME"
        )
    limits = Limits(
        least_height=least_height,
        least_width=least_width,
        least_frames=least_frames,
        largest_gap=largest_gap,
    )
    cut(video, tracks, out / name, limits, Progress(f"crop {name}", Console()))


@verb(app, PANEL)
def scene(
    out: Annotated[Path, typer.Argument(help="The folder to write.", metavar="OUT")],
    people: Annotated[
        int | None, typer.Option(help="How many; 12 unless given.", min=1, show_default=False)
    ] = None,
    frames: Annotated[int, typer.Option(help="Of each video.", min=1, max=100_000)] = 250,
    seed: Annotated[int, typer.Option(help="Who they are and where they walk.", min=0)] = 0,
) -> None:
    """Draw people before two cameras, to try the way from a video on: videos, who is where, and
    what a tracker takes them for.

    They are test people of the embedded set, whom no network of the default run was trained on.

    Example: dcct scene scene
    """
    from dcct.config.load import SHIPPED, load_dataset
    from dcct.video.scene import write_scene

    spec = load_dataset("walkers", SHIPPED / "config.yaml").walkers
    assert spec is not None  # it is a drawn set
    write_scene(out, spec, people, frames, seed, Progress("scene", Console()))
