"""What is no longer whole is seen without reading it."""

import pytest

from dcct.files import read_json, write_json
from dcct.provenance.intact import damage
from dcct.provenance.integrity import check_results
from dcct.runtime.progress import Progress

DAMAGES = {
    "emptied": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "longer": lambda content: content + b"x",
    "no text": lambda content: b"\xff",
    "another thing": lambda content: b"[]\n",
    "nothing said": lambda content: b'{"outputs": {}, "inputs": {}, "bytes": []}',
}


@pytest.fixture
def job(pipeline, make):
    """A run step of several files."""
    found = pipeline.job("weights", 0)
    make(found, "0123456789")
    return found


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_file_of_a_job_is_looked_at(job, kind):
    """Outputs, receipt and run record, damaged one by one; whole again, nothing is said."""
    for path in job.products:
        content = path.read_bytes()
        path.write_bytes(DAMAGES[kind](content))
        assert damage(job) == path
        path.write_bytes(content)
    assert damage(job) is None


def test_what_is_gone_is_left_to_the_workflow(job):
    """Which sees that itself; so is what was never made."""
    for path in job.products:
        path.unlink()
        assert damage(job) is None


def test_a_run_record_without_lengths_still_shows_an_empty_file(job):
    """Earlier versions wrote none."""
    record = read_json(job.record, "")
    del record["bytes"]
    write_json(job.record, record)
    assert damage(job) is None
    job.outputs[0].write_bytes(b"")
    assert damage(job) == job.outputs[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("learning_rate: 0.00", "learning_rate: 0.01", None),
        ("height: ", "height: 1", "stale: made with other settings: run `dcct weights"),
    ],
)
def test_a_profile_of_other_settings_does_not_hold(job, pipeline, old, new, said):
    """Another profile on the same results: what its settings decide differently is stale, and
    nothing else."""
    text = pipeline.configfile.read_text()
    assert old in text
    twin = pipeline.configfile.with_name("twin.yaml")
    twin.write_text(text.replace(old, new, 1))
    problems = check_results(type(pipeline)(twin, pipeline.steps), Progress()).problems
    assert [line.split(" --")[0] for line in problems.values()] == ([said] if said else [])


def test_other_code_and_a_lost_run_record_do_not_hold(job, pipeline):
    """Each is a line with the command."""
    record = read_json(job.record, "")
    write_json(job.record, record | {"code": "0" * 16})
    (line,) = check_results(pipeline, Progress()).problems.values()
    assert line.startswith("stale: made with other code: run `dcct weights --seed 0")
    job.record.unlink()
    (line,) = check_results(pipeline, Progress()).problems.values()
    assert line.startswith(f"its run record {job.record} is gone: run `dcct weights")
