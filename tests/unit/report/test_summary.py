"""What a finished run is said to have found is what it wrote."""

import pytest

from dcct.errors import DataError
from dcct.files import file_digest, write_json
from dcct.report.summary import summary_of


def test_findings_come_from_what_the_run_wrote(project, tmp_path):
    """A table that was cut or edited is refused with the command that makes it, not quoted."""
    pipeline = project(tmp_path)
    tables = [pipeline.job("tabulate", name) for name in pipeline.profile.tables]
    for job in (pipeline.job("page"), *tables):
        files = [path for path in job.outputs if path != job.receipt]
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("dataset,variant,title\n")
        write_json(job.receipt, {"outputs": {path.name: file_digest(path) for path in files}})
    assert summary_of(pipeline)[-1].startswith("Everything on one page: file://")
    (tables[0] / "csv").write_text("dataset\n")
    with pytest.raises(DataError, match=f"csv: damaged: .* run `{tables[0].again}` again"):
        summary_of(pipeline)
