"""DVC and Snakemake are two ways of doing the same: same commands, same outputs, same numbers."""

import json
import os
import re
import shutil

import pytest
import yaml

from tests.workflow.conftest import copy_project, make_in_process

VARIANT = "config/variants/cnn.yaml"
PART = {
    "variants": ["cnn", "dcct", "dcct-fd-ld"],
    "backbones": ["distilled-vit"],
    "tables": ["components", "time-order", "comparison-ilids-prid"],
}
"""What the DVC run leaves of the test profile."""
WHOLE = bool(os.environ.get("DCCT_WHOLE"))
"""Whether DVC runs all of it: stages one after the other, each with Python and torch."""


@pytest.fixture(scope="session")
def dvc(root, tmp_path_factory):
    """A bare copy without git whose default profile is a part of the test profile, finished: with
    DCCT_WHOLE by `dvc repro` alone, else by the same commands in this process, which `dvc commit`
    then takes over."""
    checkout = copy_project(root, tmp_path_factory.mktemp("dvc") / "dcct")
    shutil.copytree(
        root / ".dvc",
        checkout.folder / ".dvc",
        ignore=shutil.ignore_patterns("cache", "tmp", "config.local"),
    )
    (checkout.folder / "dvc.lock").unlink(missing_ok=True)
    profile = yaml.safe_load((checkout.folder / "config/test.yaml").read_text()) | PART
    (checkout.folder / "config/config.yaml").write_text(yaml.safe_dump(profile))
    assert checkout.run("dvc", "config", "--local", "core.no_scm", "true").returncode == 0
    assert checkout.run("dcct", "dvc").returncode == 0
    if not WHOLE:
        make_in_process(checkout, "config/config.yaml")
    done = checkout.run("dvc", *(["repro"] if WHOLE else ["commit", "--force", "dvc.yaml"]))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return checkout


def stages(checkout) -> dict:
    """Resolved DVC stages: name → {cmd, deps, outs, params}."""
    return yaml.safe_load((checkout.folder / "dvc.lock").read_text())["stages"]


def snakemake_jobs(checkout) -> dict[str, set[str]]:
    """Command → outputs of every Snakemake job of the same profile."""
    done = checkout.run(
        "snakemake", "-n", "-p", "--forceall", "--cores", "2", "--configfile", "config/config.yaml"
    )
    jobs, outputs = {}, set()
    for line in (done.stdout + done.stderr).splitlines():
        if line.strip().startswith("output:"):
            outputs = set(re.split(r",\s*", line.split(":", 1)[1].strip()))
        match = re.search(r"(?:Shell command: *)?(dcct \S.*?) 2>&1 \|", line)
        if match:
            jobs[match[1]] = outputs
    return jobs


def test_same_commands_and_outputs(dvc):
    """DVC stages and Snakemake jobs pair up: the same command line makes the same files."""
    by_command = {
        stage["cmd"]: {out["path"] for out in stage["outs"]} for stage in stages(dvc).values()
    }
    assert by_command == snakemake_jobs(dvc)


def test_second_repro_has_nothing_to_do(dvc):
    """`dvc repro` on a finished checkout runs no stage."""
    done = dvc.run("dvc", "repro")
    assert done.returncode == 0
    assert "Running stage" not in done.stdout


def test_what_is_gone_emptied_or_cut_is_seen(dvc):
    """By `dvc status`, in whatever a stage has made."""
    paths = {
        "checkpoints/walkers-test/split0/cnn/seed0/history.csv": None,
        "metrics/walkers-test/split0/cnn/seed0/scores.json": 0,
        "runs/source/walkers-test.json": 10,
    }
    contents = {path: (dvc.results / path).read_bytes() for path in paths}
    for path, length in paths.items():
        (dvc.results / path).unlink()  # never through a link into DVC's cache
        if length is not None:
            (dvc.results / path).write_bytes(contents[path][:length])
    status = dvc.run("dvc", "status", "dvc.yaml", "--json")
    for path, content in contents.items():
        (dvc.results / path).write_bytes(content)
    assert {name.split("-")[0] for name in json.loads(status.stdout)} >= {"train", "rank", "source"}


@pytest.mark.parametrize(
    ("file", "old", "new", "made"),
    [
        ("dcct/runtime/progress.py", '"""', '"""Told otherwise: ', set()),
        ("dcct/losses.py", "\n\n\n", "\n\n\n# A remark.\n", set()),
        (VARIANT, "title: CNN", "title: The CNN", {"cost", "tabulate", "draw", "page"}),
        (
            "dcct/datasets/readers.py",
            '"mars": mars',
            '"m": mars.read_tracklets, "mars": mars',
            {"verify", "manifest"},
        ),
        ("dcct/losses.py", "return ", "return 1.0 * ", {"train"}),
        (
            "dcct/config/profile.py",
            "label_smoothing: float = Field(default=0.0",
            "label_smoothing: float = Field(default=0.1",
            {"train", "tabulate", "cost"},
        ),
    ],
    ids=["docstring", "comment", "title", "reader", "loss", "default"],
)
def test_what_is_made_again_is_what_must_be(dvc, file, old, new, made):
    """With the digests of code and settings written anew, `dvc status` names the stages whose own
    part has changed: also where a key that the profile does not name has another default."""
    path = dvc.folder / file
    files = [path, dvc.folder / "dvc.yaml", dvc.folder / "workflow/code.json"]
    texts = [one.read_text() for one in files]
    assert old in texts[0]
    path.write_text(texts[0].replace(old, new, 1))
    try:
        assert dvc.run("dcct", "dvc").returncode == 0
        status = dvc.run("dvc", "status", "dvc.yaml", "--json")
    finally:
        for one, text in zip(files, texts, strict=True):
            one.write_text(text)
    changed = {name.split("-")[0] for name in json.loads(status.stdout)}
    assert changed - {"page"} == made - {"page"}
    assert ("page" in changed) <= ("page" in made or file.startswith("config/"))


def test_snakemake_takes_over_from_dvc(dvc):
    """After `dvc repro`, the documented touch makes Snakemake quiet, and a later edit is still
    seen."""
    touched = dvc.run("snakemake", "--touch", "--forceall", "--cores", "1")
    assert touched.returncode == 0, touched.stderr
    assert "Nothing to be done" in (quiet := dvc.run("snakemake", "-n")).stdout + quiet.stderr
    path = dvc.folder / "config/variants/cnn.yaml"
    text = path.read_text()
    path.write_text(text.replace("title: CNN", "title: The CNN"))
    plan = dvc.run("snakemake", "-n")
    path.write_text(text)
    assert "table=components" in plan.stdout + plan.stderr


def test_same_numbers(dvc):
    """Snakemake, made to repeat a run, and DVC after it, leave every digest as it was. The records
    are new: this test is the last."""
    run = "walkers-test/split0/cnn/seed0/receipt.json"
    receipts = [dvc.results / folder / run for folder in ("checkpoints", "features", "metrics")]
    before = [receipt.read_bytes() for receipt in receipts]
    rules = ("train", "extract", "rank")
    stages = [f"{rule}-walkers-test-split0-cnn-seed0" for rule in rules]
    target = f"results/test/metrics/{run}"
    for command in (
        ("snakemake", target, "--cores", "2", "--forcerun", *rules, "--allowed-rules", *rules),
        ("dvc", "repro", "--force", "--single-item", "--no-run-cache", *stages),
    ):
        for receipt in receipts:
            receipt.unlink()
        done = dvc.run(*command)
        assert done.returncode == 0, done.stderr
        assert [receipt.read_bytes() for receipt in receipts] == before
