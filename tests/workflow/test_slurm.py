"""The workflow on SLURM: what the paper profile asks for, and real jobs on a cluster of one node,
started here."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from dcct.config.load import load_dataset, load_profile
from tests.workflow.conftest import Checkout, copy_project

pytest.importorskip(
    "snakemake_executor_plugin_slurm", reason="needs the extra slurm: pip install '.[slurm]'"
)

PROFILE = ("--workflow-profile", "workflow/profiles/slurm")
PAPER = "config/paper.yaml"
CONF = """\
ClusterName=test
SlurmctldHost={host}
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
NodeName={host} CPUs=8 RealMemory=64000
PartitionName=test Nodes=ALL Default=YES
"""


def test_paper_plan_asks_for_what_a_cluster_needs(root, tmp_path):
    """A training takes one card, its threads, memory and a day, and gets a signal before its time
    is up; ranking is small."""
    checkout = copy_project(root, tmp_path / "dcct")
    text = (checkout.folder / PAPER).read_text()
    (checkout.folder / PAPER).write_text(re.sub(r"^splits: .*", "splits: [0]", text, flags=re.M))
    for name in load_profile(checkout.folder / PAPER).datasets:
        for need in load_dataset(name, checkout.folder / PAPER).needs:
            (checkout.folder / "data" / name / need).mkdir(parents=True)
    done = checkout.run("snakemake", "--dry-run", *PROFILE, "--configfile", PAPER)
    assert done.returncode == 0, done.stderr

    def asked(rule: str) -> dict[str, str]:
        block = re.search(rf"^rule {rule}:\n((?: .*\n)*)", done.stdout + done.stderr, re.M).group(1)
        threads = re.search(r"threads: (\d+)", block)
        found = re.findall(r"(gpu|mem_mb|runtime|slurm_extra)=(\S+?)(?:,|$)", block, re.M)
        resources = {name: value for name, value in found if value != "0"}
        return resources | {"threads": threads.group(1) if threads else "1"}

    train = {
        "threads": "4",
        "gpu": "1",
        "mem_mb": "32000",
        "runtime": "1440",
        "slurm_extra": "--signal=USR1@300",
    }
    assert asked("train") == train
    assert asked("extract") == {"threads": "4", "gpu": "1", "mem_mb": "32000", "runtime": "480"}
    assert asked("verify") == {"threads": "8", "mem_mb": "16000", "runtime": "240"}
    cost = {"threads": "8", "gpu": "1", "mem_mb": "32000", "runtime": "60"}
    assert asked("cost") == cost  # it measures time: all cores, so that nothing runs beside it
    assert asked("rank") == {"threads": "1", "mem_mb": "8000", "runtime": "60"}


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A cluster of this machine alone, known to every SLURM command of the test; gone
    afterwards."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")  # where Debian puts the daemons
    missing = [
        name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name)
    ]
    if missing or os.geteuid() != 0:
        pytest.skip(
            "needs root and Debian's SLURM (.ci/slurm installs it)"
            + f": no {', '.join(missing)}" * bool(missing)
        )
    folder = tmp_path / "slurm"
    folder.mkdir()
    key, conf = folder / "key", folder / "slurm.conf"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    controller, node = free_ports(2)
    conf.write_text(
        CONF.format(host=socket.gethostname(), folder=folder, controller=controller, node=node)
    )
    # The plugin's job step clears SLURM's variables: only a cluster whose configuration is not the
    # system's minds.
    srun = folder / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_CONF", str(conf))
    files = [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
    commands = (
        [
            "munged",
            "--foreground",
            "--force",
            f"--key-file={key}",
            f"--socket={folder}/munge.socket",
            *files,
        ],
        ["slurmctld", "-D", "-f", str(conf)],
        ["slurmd", "-D", "-f", str(conf)],
    )
    with (folder / "daemons.log").open("w") as log:
        daemons = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
    try:
        until(
            lambda: "idle" in slurm("sinfo", "--noheader", "--format=%t"),
            30,
            "the cluster is up",
            folder,
        )
        yield
        slurm("scancel", "--user=root")
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(timeout=30)


def slurm(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def until(happens, seconds: float, what: str, folder: Path) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in folder.rglob("*.log"))
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{logs}"
        time.sleep(0.1)


def test_preempted_job_is_submitted_again(cluster, finished, tmp_path):
    """Weights and a training as jobs: asked to stop, the training saves, is submitted again, and
    ends with the digests of the local run."""
    checkout = Checkout(shutil.copytree(finished.folder, tmp_path / "dcct"))
    targets = [
        f"results/test/{path}/receipt.json"
        for path in ("weights/seed0", "checkpoints/walkers-test/split0/dcct/seed0")
    ]
    receipts = [checkout.folder / target for target in targets]
    expected = [receipt.read_bytes() for receipt in receipts]
    for receipt in receipts:
        shutil.rmtree(receipt.parent)
    options = ("--configfile", "config/test.yaml", "--latency-wait", "5")
    options += (
        "--slurm-status-command",
        "squeue",
        "--slurm-init-seconds-before-status-checks",
        "5",
    )
    logs = checkout.folder / ".snakemake"
    process = checkout.start("snakemake", *targets, *PROFILE, *options)
    try:
        checkout.wait_for_a_state()
        job = slurm("squeue", "--noheader", "--states=RUNNING", "--format=%i").strip()
        slurm("scancel", "--signal=USR1", job)
        until(lambda: process.poll() is not None, 90, "the workflow ends", logs)
    finally:
        process.kill()
    assert process.returncode == 0
    assert [receipt.read_bytes() for receipt in receipts] == expected
    (stopped,) = logs.rglob(f"rule_train/**/{job}.log")
    assert "SIGUSR1: stopped after" in stopped.read_text()
    assert (
        "going on after"
        in (checkout.results / "logs/train/walkers-test/split0/dcct/seed0.log").read_text()
    )
