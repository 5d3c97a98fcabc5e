"""The verb that hands finished trainings to trackers of experiments."""

import importlib
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from rich.console import Console

from dcct.errors import DcctError
from dcct.files import whole_folder
from dcct.pipeline.pipeline import DEFAULT
from dcct.runtime.progress import Progress
from dcct.verbs.options import Configfile, open_pipeline, verb

app = typer.Typer()


class Tracker(StrEnum):
    """Each has a module in dcct/report/logs, and an extra of its name."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


SEEN_BY = {
    Tracker.TENSORBOARD: "tensorboard --logdir {folder}",
    Tracker.MLFLOW: "mlflow ui --backend-store-uri sqlite:///{folder}/mlflow.db",
}
"""What shows a folder."""
IN_ADDRESSES = set("?#%")
"""Have a meaning where MLflow names a file by an address: it would write another one."""


@verb(app, "Finished results")
def log(
    folder: Annotated[Path, typer.Argument(help="A new folder to write.", metavar="FOLDER")],
    to: Annotated[Tracker, typer.Option("--to", help="Whose files to write.")],
    configfile: Configfile = DEFAULT,
) -> None:
    """Write the finished trainings of a run for a tracker of experiments: curves, settings, final
    metrics.

    Example: dcct log --to tensorboard results/tensorboard
    """
    from dcct.report.logs.trainings import finished

    if find_spec(to) is None:
        raise DcctError(f"--to {to}: needs the extra {to}: `python -m pip install '.[{to}]'`")
    if to == Tracker.MLFLOW and IN_ADDRESSES & set(str(folder.absolute())):
        raise DcctError(f"{folder.absolute()}: MLflow takes no path with ?, # or %: name another")
    pipeline = open_pipeline(configfile)
    found = finished(pipeline)
    progress = Progress(f"log {to}", Console())
    with whole_folder(folder) as temporary:
        write = importlib.import_module(f"dcct.report.logs.{to}").write
        write(progress.track(found, len(found), "trainings"), temporary)
    shown = SEEN_BY[to].format(folder=quote(str(folder)))
    print(f"{folder}: {len(found)} trainings. To see them: {shown}")
