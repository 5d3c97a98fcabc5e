"""What trackers of experiments are given is what was trained, read by their own readers."""

import pandas as pd
import pytest

from dcct.errors import DcctError
from dcct.files import file_digest, write_json
from dcct.report.logs.trainings import finished
from dcct.verbs.logs import Tracker, log


@pytest.fixture(scope="module")
def run(project, evaluated, tmp_path_factory):
    """One finished training, of three epochs."""
    alone = {"variants": ["cnn"], "backbones": [], "evaluation": {"time_order": []}}
    pipeline = project(tmp_path_factory.mktemp("logs"), **alone)
    job = evaluated(pipeline, "walkers-test", 0, "cnn", 0)
    training = pipeline.training_of(job)
    training.folder.mkdir(parents=True, exist_ok=True)
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.5]})
    history.to_parquet(training / "history.parquet")
    made = {"history.parquet": file_digest(training / "history.parquet")}
    write_json(training.receipt, {"outputs": made})
    return finished(pipeline)


def test_tensorboard_reads_curves_and_final_metrics(run, tmp_path):
    """A step an epoch."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from dcct.report.logs.tensorboard import write

    write(run, tmp_path)
    read = EventAccumulator(str(tmp_path / "walkers-test/split0/cnn/seed0"))
    read.Reload()
    curve = [(one.step, one.value) for one in read.Scalars("training/loss")]
    assert curve == [(1, 3.0), (2, 2.0), (3, 1.5)]
    assert read.Scalars("final/mAP")[0].value == pytest.approx(run[0].metrics["mAP"])


def test_mlflow_reads_curves_settings_and_final_metrics(run, tmp_path):
    """A run for the training."""
    pytest.importorskip("mlflow")
    from mlflow import MlflowClient

    from dcct.report.logs.mlflow import DATABASE, write

    write(run, tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path / DATABASE}")
    (experiment,) = client.search_experiments(filter_string="name = 'walkers-test'")
    (one,) = client.search_runs([experiment.experiment_id])
    curve = client.get_metric_history(one.info.run_id, "training/loss")
    assert [(at.step, at.value) for at in curve] == [(1, 3.0), (2, 2.0), (3, 1.5)]
    assert one.data.metrics["final/mAP"] == pytest.approx(run[0].metrics["mAP"])
    assert one.data.params["training.epochs"] == str(run[0].settings["training.epochs"])


def test_mlflow_is_given_no_path_that_it_would_misread(tmp_path):
    """In an address, ? ends a path: the database would lie beside the folder, under half a name."""
    pytest.importorskip("mlflow")
    with pytest.raises(DcctError, match="name another"):
        log(tmp_path / "what?", Tracker.MLFLOW)
    assert not any(tmp_path.iterdir())
