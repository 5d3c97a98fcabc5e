"""The one exception that a user is meant to read: cli.py prints its line and exits with its
status."""


class DcctError(Exception):
    """Something the user can fix. The message is one line: what is wrong, where, and what to do
    next."""

    status = 1
    everywhere = False
    """All processes of a training raise it at the same step: only the first of them says it."""

    def __str__(self) -> str:
        return one_line(super().__str__())


def one_line(text: str) -> str:
    """A text whose characters that cannot be printed, among them ends of lines, are escaped: names
    of files hold any."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is exhausted, a card's or the machine's: torch's CPU
    allocator raises a plain RuntimeError."""
    signs = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)


class ConfigError(DcctError):
    """A profile, variant, dataset or table file that says something impossible."""


class AskedToStopError(DcctError):
    """A training that was asked to stop and has saved where it is. Exit status 75 (EX_TEMPFAIL)
    asks for a rerun."""

    status, everywhere = 75, True


class NotFiniteError(DcctError):
    """A loss that is no number any more."""

    everywhere = True


class LostProcessError(DcctError):
    """Another process of the same training is gone."""

    everywhere = True


class DataError(DcctError):
    """A dataset, archive or artefact that is missing, incomplete or damaged."""
