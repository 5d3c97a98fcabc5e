"""Cards of a machine are shared by jobs of many parents."""

import os
import signal
import subprocess
import sys
import time

import pytest

from dcct.errors import DcctError
from dcct.runtime import cards
from dcct.runtime.cards import Ticket, granted, how_many, take, visible_cards
from tests.fake_cards import JOB, UUIDS, Machine

PARENT = """
import os, sys
import dcct.runtime.cards

_, job, folder, counts = sys.argv
for count in counts:
    if not os.fork():
        sys.argv = ["", folder, count, "0.1"]
        exec(job)
        os._exit(0)
for _ in counts:
    assert os.wait()[1] == 0
"""
"""A program that forks a job for each digit: it imports once."""
WORKER = """
import os, time
from dcct.runtime.cards import take

take(1, print)
os.write(1, b"has\\n" if os.fork() else f"{os.getpid()}\\n".encode())
time.sleep(60)
"""
RANK = """
import subprocess, sys
from dcct.runtime.cards import take

take(1, print)
subprocess.run([sys.executable, "-c", sys.argv.pop(), *sys.argv[1:]])
"""
ENDED = """
from dcct.runtime.signals import end_on_signals
end_on_signals()
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Four cards, for jobs and for this process, which holds none."""
    found = Machine(tmp_path)
    for name in ("PATH", "TMPDIR"):
        monkeypatch.setenv(name, found.environment[name])
    for name in ("CUDA_VISIBLE_DEVICES", "DCCT_LEASE"):
        monkeypatch.setenv(name, "")  # so that what a test sets is put back
        monkeypatch.delenv(name)
    monkeypatch.setattr(cards.tempfile, "tempdir", None)
    yield found
    cards._let_go()


def wants(number: int, count: int, among: str, has: str = "") -> Ticket:
    return Ticket(process=number, count=count, among=list(among), cards=list(has))


def test_no_two_jobs_of_two_parents_have_one_card(machine):
    """Jobs of one card or two, more than there are cards for: each has what it wants, alone, and
    all of them end."""
    counts = "1212112121"
    parents = [
        subprocess.Popen(
            [sys.executable, "-c", PARENT, JOB, str(machine.spans), counts],
            env=machine.environment,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [parent.wait(timeout=30) for parent in parents] == [0, 0]
    machine.check([int(count) for count in 2 * counts])


def test_who_came_first_is_served_first():
    """A job of two cards gets the next two, whoever wants one meanwhile; nobody waits for cards
    that those before it cannot use."""
    holder, big, small = wants(1, 2, "abc", "ab"), wants(2, 2, "abc"), wants(3, 1, "abc")
    assert granted([holder, big, small], small) == []
    assert granted([wants(1, 1, "abc", "a"), big, small], big) == ["b", "c"]
    assert granted([big, small], small) == ["c"]
    picky = wants(4, 1, "a")
    assert granted([holder, picky, small], small) == ["c"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_job_gives_its_card_back(machine, number):
    """Though a process that it forked, as those are that load clips, lives on."""
    only = {"CUDA_VISIBLE_DEVICES": "2"}
    with machine.start(1, code=WORKER, **only) as holder:
        lines = {holder.stdout.readline().strip() for _ in range(2)}
        (worker,) = map(int, lines - {"has"})
        with machine.start(1, **only) as waiting:
            said = waiting.stdout.readline()
            holder.send_signal(number)
            started = time.monotonic()
            assert waiting.stdout.readline() == "has\n"
            assert time.monotonic() - started < 5
        os.kill(worker, signal.SIGKILL)
    assert said == f"card 2 is taken by process {holder.pid}: waiting\n"


def test_a_process_on_the_card_keeps_it_when_its_job_is_killed(machine):
    """As ranks of a training do, which go on without their launcher."""
    only = {"CUDA_VISIBLE_DEVICES": UUIDS[3]}
    with machine.start(1, 60, RANK, JOB, **only) as job:
        assert job.stdout.readline() == "has\n"
        rank = int(subprocess.check_output(["pgrep", "-P", str(job.pid)]))
        job.kill()
        job.wait()
        with machine.start(1, **only) as waiting:
            assert "is taken" in waiting.stdout.readline()
            os.kill(rank, signal.SIGKILL)
            assert waiting.stdout.readline() == "has\n"


def test_a_process_whose_job_is_gone_takes_no_card(machine, monkeypatch):
    """Its cards may be another's: one line."""
    monkeypatch.setenv("DCCT_LEASE", "00000000000000000001-1")
    with pytest.raises(DcctError, match="leased the cards of this one is gone: run the command"):
        take(1, print)


def test_ctrl_c_ends_a_wait(machine):
    """At once, with a shell's status and no ticket left."""
    with machine.start(4, 60) as holder:
        assert holder.stdout.readline() == "has\n"
        with machine.start(1, code=ENDED + JOB) as waiting:
            assert waiting.stdout.readline().count(f"process {holder.pid}") == 4
            waiting.send_signal(signal.SIGINT)
            assert waiting.wait(timeout=20) == 128 + signal.SIGINT
            assert waiting.stderr.read() == ""
        (folder,) = (machine.spans.parent / "tmp").iterdir()
        assert len(list(folder.glob("*-*"))) == 1
        holder.kill()


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("2", [2]),
        ("3, 0", [3, 0]),
        (UUIDS[1], [1]),
        ("GPU-2,GPU-00", [2, 0]),
        ("1,-1,2", [1]),
        ("-1", []),
        ("", []),
    ],
)
def test_cards_are_leased_among_those_that_are_visible(machine, monkeypatch, wish, found):
    """By number or UUID, in their order, as CUDA reads them."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", wish)
    assert list(visible_cards()) == [UUIDS[number] for number in found]
    assert how_many() == max(1, len(found))


@pytest.mark.parametrize("wish", ["4", "GPU-9", "GPU-", "0,GPU-00", "1,,2", "NoDevFiles"])
def test_a_visible_card_that_is_none_is_named(machine, monkeypatch, wish):
    """Not left out: CUDA would show what stands before it, or nothing."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", wish)
    with pytest.raises(DcctError, match=r"CUDA_VISIBLE_DEVICES: .* \(0 GPU-00-beef, .*unset it"):
        take(1, print)


def test_parts_of_a_card_are_leased_by_name(machine, monkeypatch):
    """MIG instances, of which nvidia-smi lists the whole card alone."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-1,MIG-2")
    take(2, print)
    with machine.start(1, CUDA_VISIBLE_DEVICES="MIG-2") as waiting:
        assert (
            waiting.stdout.readline() == f"card MIG-2 is taken by process {os.getpid()}: waiting\n"
        )
        waiting.kill()


def test_more_cards_than_there_are_is_said_at_once(machine, monkeypatch):
    """Whether they are free or not."""
    with pytest.raises(DcctError, match=r"5 cards are needed, but 4 are there: set training\.proc"):
        take(5, print)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(DcctError, match=r"2 cards .* 1 are there that CUDA_VISIBLE_DEVICES \(1\)"):
        take(2, print)


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (
            "echo 'NVIDIA-SMI has failed'; exit 9",
            "nvidia-smi: status 9: NVIDIA-SMI has failed: `nv",
        ),
        ("echo '0, GPU-0'; echo '1, [Unknown Error]'", "nvidia-smi: status 0: 1, .Unknown Error.:"),
        ("echo '0, GPU-0'; echo '1, GPU-0'", "nvidia-smi: status 0: a card stands twice: `nv"),
        ("sleep 60", "nvidia-smi: silent for 0.5 s: `nvidia-smi --query-gpu=index,uuid .*cpu"),
        (None, "nvidia-smi: Permission denied: `nvidia-smi"),
    ],
)
def test_a_list_of_cards_that_is_none_is_one_line(machine, monkeypatch, listing, said):
    """Whatever nvidia-smi does, and if it is not there."""
    monkeypatch.setattr(cards, "LISTED_WITHIN_S", 0.5)
    tool = Machine(machine.spans.parent, listing or "").spans.parent / "bin/nvidia-smi"
    if listing is None:
        tool.chmod(0)
        monkeypatch.setenv("PATH", str(tool.parent))
    with pytest.raises(DcctError, match=said):
        take(1, print)
    assert how_many() == 1


def test_leases_lie_where_nobody_else_can_write(machine):
    """A folder that others may write to, or a link in its place, is refused."""
    temporary = machine.spans.parent / "tmp"
    folder = temporary / f"dcct-cards-{os.getuid()}"
    folder.symlink_to(machine.spans)
    with pytest.raises(DcctError, match="no folder that is yours alone"):
        take(1, print)
    folder.unlink()
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(DcctError, match="no folder that is yours alone"):
        take(1, print)


def test_ranks_of_another_launcher_have_the_card_of_their_rank_or_none(machine):
    """They cannot wait for one another: a card that is taken is one line at once."""
    rank = {"WORLD_SIZE": "2", "LOCAL_RANK": "1", "CUDA_VISIBLE_DEVICES": "0,2"}
    with machine.start(1, 60, **rank) as first:
        assert first.stdout.readline() == "has\n"
        with machine.start(1, **rank) as second:
            assert second.wait(timeout=5) == 1
            assert f"card 2 is taken by process {first.pid}, and one of" in second.stderr.read()
        with machine.start(1, **rank | {"LOCAL_RANK": "0"}) as third:
            assert third.wait(timeout=5) == 0
        first.kill()


def test_a_command_leases_its_cards_before_its_processes_start(machine, root, tmp_path):
    """A training in two processes waits for two cards, and says so; then both work on them."""
    text = (root / "config/test.yaml").read_text()
    profile = tmp_path / "two.yaml"
    profile.write_text(text.replace("device: cpu", "device: cuda\n  processes: 2"))
    command = ["train", "walkers-test", "cnn", "--configfile", str(profile)]
    with (
        machine.start(3, 60) as holder,
        subprocess.Popen(
            [sys.executable, "-m", "dcct", *command],
            cwd=tmp_path,
            env=machine.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as training,
    ):
        assert f"card 0 is taken by process {holder.pid}" in training.stdout.readline()
        holder.kill()
        said = training.communicate(timeout=300)[1]
        assert training.returncode == 1
        assert "gone" not in said
        assert "manifests/walkers-test/split0/" in said  # what the first one looks for


def test_jobs_without_cards_look_for_none(machine):
    """No nvidia-smi is asked and no folder made."""
    assert not take(0, print)
    assert not list((machine.spans.parent / "tmp").iterdir())
