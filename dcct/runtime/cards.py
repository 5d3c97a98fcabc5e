"""Leases of a machine's GPU cards: no two jobs of a user work on one card, whoever started them.

A job that wants cards has a ticket: a file in a folder of this machine that says what it wants and
what it has. It keeps a lock on its ticket until it ends, and the kernel takes that lock away from
whatever has ended, killed or not: a ticket that nobody locks counts no more. Tickets are read and
changed by one process at a time, behind the door. Processes that a job starts on its cards lock
its ticket too; those that do no more than load clips do not.
"""

import contextlib
import fcntl
import json
import os
import re
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dcct.errors import DcctError, LostProcessError
from dcct.files import cannot_write, parse_json

VISIBLE, LEASE = "CUDA_VISIBLE_DEVICES", "DCCT_LEASE"
"""Cards that CUDA shows a process; the ticket of the job that a process belongs to."""
LISTING = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")
LISTED_WITHIN_S = 60
"""A machine that keeps no driver loaded takes its time."""
LINE = re.compile(r"(\d+), (GPU-[0-9A-Za-z-]+)")
DOOR = "door"
LOOK_EVERY_S = 0.2
WITHOUT = "or set the device (training.device, or --device) to cpu"

_held: list[int] = []
"""Open files, whose locks are this process's."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a job wants: `count` cards among some; and what it has, all of them or none."""

    process: int
    """The one that leases."""
    count: int
    among: list[str]
    """UUIDs, in order of preference."""
    cards: list[str]
    """UUIDs."""


def take(count: int, say: Callable[[str], None], number: int | None = None) -> bool:
    """Lease so many cards until this process ends, before CUDA is started in it: CUDA then shows
    these alone, here and in all processes that are started from here.

    number: the one card to take, among those that CUDA would show. Says in one line what is waited
    for; returns whether anything was. Raises DcctError where there are not as many cards. A process
    that its job started has that job's cards; one of several that another launcher started has the
    card of its rank at once, or raises DcctError: while it waited, the others would hold theirs.
    """
    if not count:
        return False
    folder = _folder()
    if name := os.environ.get(LEASE):
        _join(folder, name)
        return False
    visible = visible_cards()
    wished = list(visible)
    launched = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if launched:
        count, number = 1, int(os.environ.get("LOCAL_RANK", "0"))
    if number is not None:
        wished = wished[number : number + 1]
    if count > len(wished):
        raise DcctError(_too_few(count if number is None else number + 1, len(visible)))
    mine = Ticket(process=os.getpid(), count=count, among=wished, cards=[])
    cards, waited = _leased(folder, mine, visible, None if launched else say)
    os.environ[VISIBLE] = ",".join(visible if launched else cards)
    return waited


def how_many() -> int:
    """Cards that jobs can share here; 1 where none can be listed, since the first job says why."""
    try:
        return max(1, len(visible_cards()))
    except DcctError:
        return 1


def visible_cards() -> dict[str, str]:
    """UUID → name for people, of the cards that CUDA would show this process, in its order.

    CUDA_VISIBLE_DEVICES may hold numbers, as nvidia-smi counts, UUIDs or beginnings of them; MIG
    instances, which nvidia-smi does not list so, are believed. Raises DcctError at any other.
    """
    listed = _listed()
    if (wish := os.environ.get(VISIBLE)) is None:
        return listed
    found: dict[str, str] = {}
    for word in map(str.strip, wish.split(",") if wish.strip() else []):
        if word.startswith("-"):  # CUDA reads no further, and -1 is how people hide all cards
            break
        fitting = [word] if word.startswith("MIG-") else _fitting(word, listed)
        if len(fitting) != 1 or fitting[0] in found:
            cards = ", ".join(f"{name} {uuid}" for uuid, name in listed.items())
            raise DcctError(
                f"{VISIBLE}: {word or 'nothing between two commas'}: names no card, or one of those"
                f" named before ({cards or 'nvidia-smi lists none'}): name each once, or unset it"
            )
        found[fitting[0]] = listed.get(fitting[0], word)
    return found


def granted(tickets: Sequence[Ticket], mine: Ticket) -> list[str]:
    """The cards that a waiting ticket gets now: all that it wants, or none.

    tickets: of all jobs, in the order in which they came. Those that came before choose first, and
    what they find free is kept for them even where it is not enough yet: nobody waits for ever.
    """
    taken = {card for ticket in tickets for card in ticket.cards}
    for ticket in tickets:
        if ticket.cards:
            continue
        found = [card for card in ticket.among if card not in taken][: ticket.count]
        if ticket == mine:
            return found if len(found) == mine.count else []
        taken |= set(found)
    return []


def _leased(
    folder: Path, mine: Ticket, names: dict[str, str], say: Callable[[str], None] | None
) -> tuple[list[str], bool]:
    """The cards that this process holds from now on, and whether it waited. Without `say` it never
    does."""
    with _door(folder):
        path, file = _new_ticket(folder, mine)
    waited = False
    try:
        while True:
            with _door(folder):
                tickets = _tickets(folder)
                if cards := granted(tickets, mine):
                    _write(path, file, replace(mine, cards=cards))
                    break
            if say is None:
                raise DcctError(
                    f"{_waits(tickets, mine, names)}, and one of several processes that another"
                    " launcher started cannot wait: end that one, or start `dcct train` alone,"
                    " which waits and starts its processes itself"
                )
            if not waited:
                say(f"{_waits(tickets, mine, names)}: waiting")
            waited = True
            time.sleep(LOOK_EVERY_S)
    except BaseException:
        path.unlink(missing_ok=True)
        os.close(file)
        raise
    _held.append(file)
    os.environ[LEASE] = path.name
    return cards, waited


def _waits(tickets: Sequence[Ticket], mine: Ticket, names: dict[str, str]) -> str:
    """What keeps a job from its cards."""
    holders = {card: ticket.process for ticket in tickets for card in ticket.cards}
    taken = [
        f"card {names[card]} is taken by process {holders[card]}"
        for card in mine.among
        if card in holders
    ]
    before = tickets[: tickets.index(mine)]
    ahead = [one for one in before if not one.cards and set(one.among) & set(mine.among)]
    waiting = [f"process {one.process} came before and waits for {one.count}" for one in ahead]
    return ", ".join([*taken, *waiting])


def _too_few(count: int, there: int) -> str:
    named = f" that {VISIBLE} ({os.environ[VISIBLE]}) shows" if VISIBLE in os.environ else ""
    return (
        f"{count} cards are needed, but {there} are there{named}: set training.processes to no"
        f" more than there are, take another machine, {WITHOUT}"
    )


def _fitting(word: str, listed: dict[str, str]) -> list[str]:
    """UUIDs of the cards that a word of CUDA_VISIBLE_DEVICES means."""
    by_uuid = word.startswith("GPU-")
    return [
        uuid
        for uuid, name in listed.items()
        if (uuid.startswith(word) if by_uuid else name == word)
    ]


def _listed() -> dict[str, str]:
    """UUID → number of every card of this machine. Raises DcctError where nvidia-smi does not say
    so."""
    advice = f"`{' '.join(LISTING)}` must list the cards here: put that right, {WITHOUT}"
    try:
        asked = subprocess.Popen(
            LISTING, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise DcctError(f"nvidia-smi: {error.strerror}: {advice}") from None
    try:
        said = asked.communicate(timeout=LISTED_WITHIN_S)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        asked.kill()  # and not waited for: a broken driver lets it not even die
        raise DcctError(f"nvidia-smi: silent for {LISTED_WITHIN_S} s: {advice}") from None
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = [LINE.fullmatch(line) for line in lines]
    cards = {match[2]: match[1] for match in found if match}
    if asked.returncode or len(cards) < len(lines):
        odd = next((line for line in lines if not LINE.fullmatch(line)), "a card stands twice")
        raise DcctError(f"nvidia-smi: status {asked.returncode}: {odd[:200]}: {advice}")
    return cards


def _folder() -> Path:
    """Where the tickets of this user on this machine lie. Raises DcctError where that is not a
    folder of this user alone, in which nobody else can have put anything."""
    path = Path(tempfile.gettempdir(), f"dcct-cards-{os.getuid()}")
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
    except OSError as error:
        raise cannot_write(path, error) from None
    private = found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    if not stat.S_ISDIR(found.st_mode) or not private:
        raise DcctError(
            f"{path}: is no folder that is yours alone, and leases of cards lie there: remove it,"
            " or set TMPDIR to a folder of yours, the same for all jobs"
        )
    return path


@contextlib.contextmanager
def _door(folder: Path) -> Iterator[None]:
    """One process at a time; only for moments."""
    path = folder / DOOR
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _new_ticket(folder: Path, ticket: Ticket) -> tuple[Path, int]:
    """Its file, and that opened and locked; behind the door. Names are in the order in which jobs
    came, and none is used twice."""
    path = folder / f"{time.monotonic_ns():020}-{ticket.process}"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise cannot_write(path, error) from None
    fcntl.flock(file, fcntl.LOCK_SH)
    _write(path, file, ticket)
    return path, file


def _write(path: Path, file: int, ticket: Ticket) -> None:
    text = json.dumps(asdict(ticket)).encode()
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, text, 0)
    except OSError as error:
        raise cannot_write(path, error) from None


def _tickets(folder: Path) -> list[Ticket]:
    """Those of jobs that live, in order; behind the door. The others are removed."""
    found = []
    for path in sorted(folder.glob("[0-9]*-*")):
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(_read(path, file.read()))
            else:
                path.unlink()
    return found


def _read(path: Path, text: bytes) -> Ticket:
    try:
        return Ticket(**parse_json(text))
    except (TypeError, ValueError) as error:
        raise DcctError(
            f"{path}: damaged lease of a job that runs ({error}): end that job, then run this again"
        ) from None


def _join(folder: Path, name: str) -> None:
    """Hold the ticket of the job that this process belongs to, until both have ended.

    Raises LostProcessError where the job has ended already and its cards may be another's.
    """
    with _door(folder):
        try:
            file = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            raise LostProcessError(
                "the process that leased the cards of this one is gone: run the command again"
                f" (and unset {LEASE}, where you set it)"
            ) from None
        fcntl.flock(file, fcntl.LOCK_SH)
    _held.append(file)


def _let_go() -> None:
    """What is forked, as processes that load clips are, cannot use CUDA: it must not keep the
    cards when it outlives its job. To close a file releases no lock that others have through it."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_let_go)
