"""Trainings for MLflow: one SQLite file, an experiment for each data set, a run for each
training."""

import os
from collections.abc import Iterable
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nobody is told of this run
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from dcct.report.logs.trainings import Training

DATABASE = "mlflow.db"
AT_ONCE = 100
"""Params or metrics of one call: the fewest that MLflow allows."""


def write(trainings: Iterable[Training], folder: Path) -> None:
    """Curves with a step an epoch, settings as params, final metrics."""
    client = MlflowClient(f"sqlite:///{folder.absolute() / DATABASE}")
    for one in trainings:
        name = str(one.settings["dataset"])
        known = client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else client.create_experiment(name)
        run = client.create_run(experiment, run_name=one.name).info.run_id
        params = [Param(key, str(value)) for key, value in one.settings.items()]
        metrics = _metrics(one)
        for start in range(0, max(len(params), len(metrics)), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            client.log_batch(run, metrics=metrics[part], params=params[part])
        client.set_terminated(run)


def _metrics(training: Training) -> list[Metric]:
    final = [Metric(f"final/{name}", value, 0, 0) for name, value in training.metrics.items()]
    rows = [(int(row.pop("epoch")), row) for row in training.history.to_dict("records")]
    return final + [
        Metric(f"training/{name}", float(value), 0, epoch)
        for epoch, row in rows
        for name, value in row.items()
    ]
