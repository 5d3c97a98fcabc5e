"""Every command of the README and the guides is run as it is printed, on a finished run that is so
small that its default profile takes seconds."""

import re
import shutil
import subprocess
from pathlib import Path
from shlex import split

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.conftest import ROOT
from tests.workflow.conftest import Checkout, copy_project, make_in_process

GUIDES = ("README.md", "CONTRIBUTING.md", "config/README.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")
))  # fmt: skip
GUIDES = tuple(sorted(GUIDES, key=lambda guide: guide.startswith("docs/own-")))
"""Those that bring variants last: the cost table, which counts all, is then stale."""
NOTEBOOKS = sorted(ROOT.glob("docs/examples/*.ipynb"))
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```py\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""What needs a finished run; what does not is run by tests/unit/test_readme.py."""
CELL = re.compile(r"\| `(snakemake[^`]*)` \|$", re.MULTILINE)
"""A command in the last column of a table."""
REMARK = re.compile(r"\s+#.*$", re.MULTILINE)
PART = {
    "datasets": ["walkers"],
    "variants": ["coupled", "cca", "dcct"],
    "backbones": [],
    "tables": ["claims", "components", "differences"],
    "results_dir": "results",
    "data_dir": "data",
}
"""What the default profile of these commands says beside the test profile."""
FEW = {"train_ids": 8, "test_ids": 4, "tracklets_per_camera": 1, "frames": 4} | dict.fromkeys(
    ("distractors", "junk"), 0
)
DRY = {
    "make": "make --dry-run",
    "dvc repro": "dvc repro --dry",
    "pytest": "pytest --collect-only",
    "snakemake --cores all --configfile": "snakemake --dry-run --cores all --configfile",
    "snakemake -s": "snakemake --dry-run -s",
    "dcct plan --configfile config/paper.yaml": "dcct plan --configfile config/config.yaml",
}
"""How a command begins that takes minutes, or prepares a machine → how the same begins without."""
NOT_RUN = {
    "dvc remote": "sends to a folder elsewhere",
    "dvc exp": "needs a commit",
    "dvc params diff": "needs a commit",
    "dcct compare HEAD~1": "needs a history: tests/unit/provenance/test_commits.py",
    "dcct parity": "is run by tests/parity",
    "dcct log": "needs an extra: tests/unit/report/test_logs.py",
    "dcct counts": "is what tests/unit/inference/test_counts.py holds the file to",
}
WITHOUT_DATA = re.compile(r"config/(paper|paper-mars|own)\.yaml")
"""Profiles whose data are nobody's here: Snakemake must say so."""


def commands() -> list[tuple[str, str]]:
    """(guide, command) of all that stands in a block for a shell, or in a table of commands."""
    found = []
    for guide in GUIDES:
        text = (ROOT / guide).read_text()
        lines = REMARK.sub("", "".join(BLOCK.findall(text))).splitlines() + CELL.findall(text)
        found += [(guide, line.strip()) for line in lines if line.strip()]
    return found


@pytest.fixture(scope="module")
def small(root, tmp_path_factory) -> Checkout:
    """A copy whose default profile is finished, and what the guides take to be there."""
    checkout = copy_project(root, tmp_path_factory.mktemp("guides") / "dcct")
    folder = checkout.folder
    profile = yaml.safe_load((folder / "config/test.yaml").read_text()) | PART
    profile["training"] |= {"epochs": 1, "identities": 4}
    profile["evaluation"] |= {"time_order": [], "bootstrap": 20}
    (folder / "config/config.yaml").write_text(yaml.safe_dump(profile))
    walkers = yaml.safe_load((folder / "config/datasets/walkers-test.yaml").read_text())
    walkers["walkers"] |= FEW
    walkers["expected"] = dict.fromkeys(walkers["expected"]) | {"train_ids": FEW["train_ids"]}
    (folder / "config/datasets/walkers.yaml").write_text(yaml.safe_dump(walkers))
    make_in_process(checkout, "config/config.yaml")
    _put_in_place(folder)
    for command in (
        "snakemake --touch --forceall --cores 1",
        "dcct publish --reference results/reference/seeds",  # first: what is above stands once
        "dcct publish",
        "dvc config --local core.no_scm true",
        "dcct dvc",
    ):
        done = checkout.run(*split(command))
        assert done.returncode == 0, done.stderr
    return checkout


def _put_in_place(folder: Path) -> None:
    """What a reader has: an environment, a profile at home, another run, features, DVC's folder."""
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/activate").touch()
    mine = folder / "home/mine"
    shutil.copytree(folder / "config", mine)
    shutil.copyfile(mine / "config.yaml", mine / "profile.yaml")
    (folder.parent / "other").mkdir()
    (folder.parent / "other/results").symlink_to(folder / "results")
    (folder / "path/to").mkdir(parents=True)
    (folder / "path/to/dcct").symlink_to(folder)
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    draw = np.random.default_rng(0)
    for name in ("query", "gallery"):
        columns = {"pid": [0, 0, 1, 1], "camid": [0, 1, 0, 1], "mine": draw.random((4, 3)).tolist()}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


@pytest.mark.parametrize(("guide", "command"), commands(), ids=[c for _, c in commands()])
def test_a_printed_command_runs(small, guide, command):
    """As it stands; what takes minutes as a dry run, whose graph and options are the same, and the
    cost of the paper's networks on small ones."""
    for beginning, reason in NOT_RUN.items():
        if command.startswith(beginning):
            pytest.skip(reason)
    for beginning, dry in DRY.items():
        command = re.sub(rf"^{re.escape(beginning)}\b", dry, command)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=small.folder,
        env=small.environment | {"HOME": str(small.folder / "home")},
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    profile = WITHOUT_DATA.search(command)
    if "snakemake" in command and profile:
        assert done.returncode != 0
        assert f"error: {profile[0]} cannot run yet. Missing:" in said
    else:
        assert done.returncode == 0, said[-2000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs(small, notebook):
    """From its first cell to its last; it is kept without what they print."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    read = nbformat.read(notebook, as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in read.cells)
    folder = {"metadata": {"path": small.folder}}
    nbclient.NotebookClient(read, resources=folder, timeout=300).execute(env=small.environment)


@pytest.mark.parametrize(
    "guide", [one for one in GUIDES if PYTHON.search((ROOT / one).read_text())]
)
def test_printed_python_runs(small, guide):
    """After the README's commands, block after block."""
    code = "".join(PYTHON.findall((ROOT / guide).read_text()))
    done = small.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
