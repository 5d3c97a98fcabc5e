"""Workflows that share a machine's cards, started from folders that know nothing of each other."""

import re
import shutil
import subprocess

from tests.fake_cards import JOB, Machine

COUNTS = "1121211211"
SNAKEFILE = """
COUNTS = "{counts}"

rule all:
    input: expand("{{number}}.done", number=range(len(COUNTS)))

rule job:
    output: touch("{{number}}.done")
    params: cards=lambda wildcards: int(COUNTS[int(wildcards.number)])
    resources: gpu=lambda wildcards: int(COUNTS[int(wildcards.number)])
    shell: "python {job} {spans} {{params.cards}} 0.2"
"""


def test_two_workflows_at_once_never_have_one_card(root, tmp_path):
    """Under the profile for GPUs, each runs as many jobs as there are cards, of one card and of
    two: twice as many as can be served."""
    machine, job = Machine(tmp_path / "machine"), tmp_path / "job.py"
    job.write_text(JOB)
    running = []
    for name in ("one", "two"):
        folder = tmp_path / name
        shutil.copytree(root / "workflow/profiles/gpu", folder / "profile")
        text = SNAKEFILE.format(counts=COUNTS, job=job, spans=machine.spans)
        (folder / "Snakefile").write_text(text)
        running.append(
            subprocess.Popen(
                ["snakemake", "--workflow-profile", "profile", "--cores", "8"],
                cwd=folder,
                env=machine.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    said = [one.communicate(timeout=120)[0] for one in running]
    assert [one.returncode for one in running] == [0, 0], said
    assert all(re.search("Provided resources: gpu=.*4", text) for text in said)
    machine.check([int(count) for count in 2 * COUNTS])
