"""Trainings for TensorBoard: a folder of event files each, by torch's own writer."""

from collections.abc import Iterable
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from dcct.report.logs.trainings import Training


def write(trainings: Iterable[Training], folder: Path) -> None:
    """Curves as scalars, a step an epoch; settings and final metrics as hyperparameters."""
    for one in trainings:
        with SummaryWriter(str(folder / one.name)) as writer:
            for row in one.history.to_dict("records"):
                epoch = int(row.pop("epoch"))
                for name, value in row.items():
                    writer.add_scalar(f"training/{name}", value, epoch)
            final = {f"final/{name}": value for name, value in one.metrics.items()}
            writer.add_hparams(dict(one.settings), final, run_name=".")
