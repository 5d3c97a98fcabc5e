"""A pipeline whose results lie in a folder of the test's own, and its steps without their work."""

import pytest
import yaml

from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.steps import read_pipeline
from dcct.provenance.receipt import Origin, origin_of, recorded


@pytest.fixture
def pipeline(tmp_path, root) -> Pipeline:
    """The test profile, with its data and results below tmp_path."""
    profile = yaml.safe_load((root / "config/test.yaml").read_text())
    profile |= {"data_dir": str(tmp_path / "data"), "results_dir": str(tmp_path / "results")}
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(profile))
    return read_pipeline(tmp_path / "profile.yaml")


@pytest.fixture
def make():
    """make(job): run a step as the real ones do; every file of it holds the same text."""

    def made(job: Job, content: str = "{}") -> Origin:
        origin = origin_of(job)
        with recorded(job, origin):
            job.folder.mkdir(parents=True, exist_ok=True)
            for path in job.outputs:
                path.write_text(content)
        return origin

    return made
