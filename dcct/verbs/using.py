"""Verbs of use: what trained networks are for, on anyone's own recordings."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dcct.runtime.progress import Progress
from dcct.verbs.options import import_torch, verb

PANEL = "Use on your own recordings"
app = typer.Typer()


@verb(app, PANEL)
def embed(
    model: Annotated[
        str,
        typer.Argument(
            help="A model folder, its name on the Hugging Face hub, or an official checkpoint."
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="Tracklets: CAMERA/TRACKLET/*.jpg or png.")],
    out: Annotated[Path, typer.Option(help="Where features go.", metavar="FILE.parquet")] = Path(
        "features.parquet"
    ),
    sampler: Annotated[
        str, typer.Option(help="begin: one clip a tracklet; dense: all of it.")
    ] = "begin",
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda or cuda:N; a GPU if there is one.", show_default=False),
    ] = None,
) -> None:
    """Features of tracklets that nobody has labelled. Run the same command after an interruption:
    it goes on where it was.

    Example: dcct embed results/checkpoints/walkers/split0/dcct/seed0 recordings --out mine.parquet
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    import_torch()
    from dcct.inference.embedding import embed_to
    from dcct.inference.model import load

    progress = Progress("embed", Console())
    opened = load(model, device=device)
    progress.say(f"{opened.config.name} on {opened.device}")
    count = embed_to(opened, folder, out, sampler=sampler, progress=progress)
    progress.say(f"{count:,} tracklets: {out}")
