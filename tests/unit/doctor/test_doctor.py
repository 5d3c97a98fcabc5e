"""Each finding in a situation that really is so, and the command that it names, typed."""

import json
import os
import re
import shlex
import subprocess
import time
from types import SimpleNamespace

import pytest
import yaml

from dcct.doctor import machine
from dcct.doctor.asked import Asked
from dcct.doctor.cards import DRIVER, Torch, look_at_cards
from dcct.doctor.machine import (
    look_at_cores,
    look_at_disk,
    look_at_memory,
    look_at_shared_memory,
)
from dcct.doctor.project import look_at_data
from dcct.doctor.software import TORCH, look_at_libraries, look_at_python, look_at_torch
from dcct.pipeline.steps import read_pipeline

QUOTED = re.compile(r"`([^`]+)`")


@pytest.fixture
def opened(tmp_path, root, monkeypatch):
    """opened(training={…}, key=value, …): the test profile with these changes, in a folder of its
    own."""
    monkeypatch.chdir(tmp_path)

    def read(training=None, **changes):
        profile = yaml.safe_load((root / "config/test.yaml").read_text())
        profile |= {"data_dir": "data", "results_dir": "results"} | changes
        profile["training"] |= training or {}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(profile))
        return read_pipeline(tmp_path / "mine.yaml")

    return read


def typed(command: str, root, folder, **environment: str) -> subprocess.CompletedProcess:
    """A command line as it is printed."""
    env = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200", **environment}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


def test_a_set_is_ready_once_the_printed_commands_were_typed(opened, root, tmp_path):
    """Each finding names the next one, until there is none."""
    pipeline, commands = opened(), []
    for _ in range(3):
        (finding,) = look_at_data(pipeline)
        assert finding.state == "ok"
        if found := QUOTED.search(finding.says):
            commands.append(found[1])
            done = typed(found[1], root, tmp_path)
            assert done.returncode == 0, done.stderr
    assert [command.split()[1] for command in commands] == ["source", "verify"]
    assert finding.says.startswith("in place, verified ")


def test_a_path_where_nothing_lies_is_wrong(opened, tmp_path):
    """The finding names the path, and the file in which it stands."""
    opened()
    (tmp_path / "datasets").mkdir()
    mars = {"path": str(tmp_path / "nowhere")}
    _dataset(tmp_path, "mars", mars)
    finding = _only(look_at_data(opened(datasets=["mars"])))
    assert (finding.state, finding.place) == ("wrong", tmp_path / "nowhere")
    assert finding.next == f"put `path` right in {tmp_path / 'datasets/mars.yaml'}"


@pytest.mark.parametrize(("name", "says"), [("prid-2011", "with terms: No"), ("mars", "link")])
def test_a_set_that_no_run_can_get_is_wrong(opened, name, says):
    """Terms that nobody has accepted, and data that must be asked for, stop a run."""
    finding = _only(look_at_data(opened(datasets=[name])))
    assert finding.state == "wrong"
    assert says in finding.says
    assert finding.next


def test_missing_weights_are_wrong(opened):
    """What else users give is named with what to do."""
    weights = {"source": "folder", "folder": "w", "cnn": "a-0123abcd.pth", "vit": "b-0123abcd.pth"}
    lines = [one for one in look_at_data(opened(weights=weights)) if one.about == "given files"]
    assert [one.state for one in lines] == ["wrong", "wrong"]
    assert lines[0].says.startswith("w/a-0123abcd.pth")


def test_a_full_disk_is_wrong(opened, small_disk):
    """Even where the folder is still to be made."""
    folder = small_disk.folder / "new/results"
    finding = look_at_disk("results_dir", folder, opened())
    assert (finding.state, finding.place) == ("wrong", folder)
    assert "free the disk" in finding.next


def test_a_file_in_the_place_of_a_folder_is_wrong(opened, tmp_path):
    """It is named."""
    pipeline = opened()
    (tmp_path / "results").touch()
    finding = look_at_disk("results_dir", pipeline.results / "deep", pipeline)
    assert (finding.state, finding.place) == ("wrong", tmp_path / "results")


def test_shared_memory_that_is_too_small_is_wrong(opened, monkeypatch):
    """As a training would find it; and right where nothing is handed over in it."""
    tiny = SimpleNamespace(f_bavail=1, f_bfree=1, f_blocks=16, f_frsize=1024)
    monkeypatch.setattr(os, "statvfs", lambda _: tiny)
    finding = look_at_shared_memory(opened({"workers": 2}))
    assert finding.state == "wrong"
    assert "training.loader: threads" in finding.next
    assert look_at_shared_memory(opened({"workers": 2, "loader": "threads"})).state == "ok"


@pytest.mark.parametrize("version", [1, 2])
def test_limits_of_a_container_count(opened, tmp_path, monkeypatch, version):
    """Those of the group above as well, in both versions of cgroups."""
    files = {
        1: ("4:memory:/a/b\n1:cpu:/a/b\n0::/\n", "memory/memory.limit_in_bytes", "cpu/"),
        2: ("0::/a/b\n", "a/memory.max", "a/"),
    }
    ours, memory, cpu = files[version]
    (tmp_path / "a").mkdir()
    (tmp_path / "memory").mkdir()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "ours").write_text(ours)
    (tmp_path / memory).write_text("1000000000\n")
    if version == 1:
        (tmp_path / cpu / "cpu.cfs_quota_us").write_text("50000\n")
        (tmp_path / cpu / "cpu.cfs_period_us").write_text("100000\n")
    else:
        (tmp_path / cpu / "cpu.max").write_text("50000 100000\n")
    monkeypatch.setattr(machine, "OURS", tmp_path / "ours")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    pipeline = opened()
    assert look_at_memory(pipeline).state == "wrong"
    assert "1.0 of 1.0 GB" in look_at_memory(pipeline).says
    finding = look_at_cores(pipeline)
    assert finding.state == "hint"
    assert "the time of 0.5" in finding.says
    again = pipeline.again.replace("--cores all", "--cores 1")
    assert finding.next == f"`{again}`"
    assert again.endswith(f" --cores 1 --configfile {tmp_path / 'mine.yaml'}")


def test_libraries_are_held_against_what_the_package_asks_for(tmp_path, monkeypatch):
    """One that is missing, one that is too old, and Python; the command that helps is one word of a
    requirement for a shell."""
    told = tmp_path / "dcct-0.1.0.dist-info"
    told.mkdir()
    asked = [
        "nosuchlibrary[x]>=1",
        "numpy>=999",
        "jinja2>=3",
        "snakemake>=999; extra == 'workflow'",
    ]
    lines = ["Metadata-Version: 2.4", "Name: dcct", "Version: 0.1.0", "Requires-Python: >=99"]
    lines += [f"Requires-Dist: {one}" for one in asked]
    (told / "METADATA").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = list(look_at_libraries())
    assert [one.about for one in found] == ["nosuchlibrary", "numpy", "snakemake"]
    assert {one.state for one in found} == {"wrong"}
    command = shlex.split(QUOTED.search(found[0].next)[1])
    assert command == ["python", "-m", "pip", "install", "nosuchlibrary[x]>=1"]
    assert look_at_python().state == "wrong"


def test_a_torch_that_cannot_be_imported_is_wrong(tmp_path, monkeypatch):
    """The last line of its complaint is quoted."""
    (tmp_path / "torch.py").write_text('raise ImportError("libcudnn.so.9: no such file")\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    finding, torch = look_at_torch(Asked(*TORCH, seconds=60))
    assert (finding.state, torch) == ("wrong", None)
    assert "libcudnn.so.9" in finding.says


def test_cards_that_torch_cannot_use_are_named(opened, tmp_path, monkeypatch):
    """Wrong where the profile asks for one, else a hint."""
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "NVIDIA H100 80GB HBM3, 81559, 580.65.06"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for device, state in (("cpu", "hint"), ("cuda", "wrong")):
        pipeline = opened({"device": device})
        asked, torch = Asked(*DRIVER, seconds=10), Torch("2.15.0+cpu", None, 2, [])
        finding = look_at_cards(asked, torch, pipeline)
        assert finding.state == state
        assert "NVIDIA H100 80GB HBM3, driver 580.65.06" in finding.says


def test_nobody_is_waited_for_longer_than_was_said():
    """Nor is a program that is not there an error."""
    started = time.monotonic()
    late, absent = Asked("sleep", "60", seconds=0.2), Asked("no-such-program", seconds=1)
    assert late.answer() is None
    assert late.late
    assert absent.answer() is None
    assert absent.complaint == "no-such-program is not installed"
    assert time.monotonic() - started < 20


def test_the_report_says_what_is_wrong_first_and_names_no_paths(opened, root, tmp_path):
    """Status 1 and one line of error; in FILE, this folder is a dot, home a tilde, and of any other
    path only its last name is there."""
    here, home, other = tmp_path / "here", tmp_path / "my home", tmp_path / "a b/results"
    opened(results_dir=str(other), data_dir=str(home / "data"), datasets=["mars"])
    for folder in (here, home):
        folder.mkdir()
    (tmp_path / "mine.yaml").rename(here / "mine.yaml")
    command = "dcct doctor --configfile mine.yaml --json seen.json"
    done = typed(command, root, here, HOME=str(home))
    assert done.returncode == 1
    assert done.stdout.startswith("wrong  data set mars: ")
    assert done.stderr == (
        "error: one thing keeps mine.yaml from running: begin with the first line above\n"
    )
    text = (here / "seen.json").read_text()
    says = {one["about"]: one["says"] for one in json.loads(text)["findings"]}
    assert str(tmp_path) not in text
    assert says["disk of results_dir"].startswith("…/results: ")
    assert says["disk of data_dir"].startswith("~/data: ")


def test_a_profile_that_cannot_be_read_is_a_finding(opened, root, tmp_path):
    """What needs none is looked at all the same, and nothing is written."""
    opened()
    (tmp_path / "mine.yaml").write_text("nosuch: 1\n")
    done = typed("dcct doctor --configfile mine.yaml", root, tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("wrong  profile: mine.yaml: ")
    assert "\nok     torch: " in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def _dataset(folder, name, changes):
    from dcct.config.load import SHIPPED

    content = yaml.safe_load((SHIPPED / f"datasets/{name}.yaml").read_text()) | changes
    (folder / f"datasets/{name}.yaml").write_text(yaml.safe_dump(content))


def _only(findings):
    (found,) = findings
    return found
