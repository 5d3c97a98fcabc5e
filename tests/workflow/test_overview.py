"""`snakemake --quiet` shows a run as a whole; the logs keep the rest."""

from tests.workflow.conftest import PROFILE

QUIET = ("--quiet", "rules", "progress", "host", "--forcerun", "tabulate", "--keep-going")
BROKEN = 'raise OSError("nothing to see here")'


def test_a_quiet_run_says_how_far_it_is_and_what_failed(finished, edited):
    """In few lines, none of Snakemake's about jobs and none of the steps' own; a failed step with
    its last words. Snakemake's log has both, in full."""
    work = "    write_table("
    broken = f'    if table == "features":\n        {BROKEN}\n{work}'
    edited("dcct/verbs/figures.py", work, broken)
    done = finished.snakemake(*QUIET)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) < 100
    assert any(line.endswith(" steps to run") for line in lines)
    assert any(" of " in line and " steps" in line for line in lines)
    failed = next(line for line in lines if line.startswith("failed: tabulate features: "))
    assert "nothing to see here" in failed
    assert "[tabulate" not in done.stdout + done.stderr
    assert "localrule" not in done.stderr
    log = max((finished.folder / ".snakemake/log").glob("*.log"))
    assert "localrule tabulate:" in log.read_text()
    assert "Finished jobid" in log.read_text()
    assert "nothing to see here" in (finished.results / "logs/tabulate/features.log").read_text()
    edited("dcct/verbs/figures.py", broken, work)
    assert finished.snakemake().returncode == 0  # the table is there again, for other tests


def test_a_finished_run_ends_with_numbers_and_the_page(finished):
    """Of the network and its halves, with intervals, and an address that a browser takes."""
    done = finished.run("dcct", "findings", "--configfile", PROFILE)
    scores, page = done.stdout.splitlines()
    assert scores.startswith("mAP on Walkers (test size): CNN ")
    assert "; DCCT" in scores
    assert page.endswith((finished.results / "index.html").as_uri())
