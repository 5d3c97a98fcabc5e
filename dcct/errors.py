"""The one exception that a user is meant to read: cli.py prints its line and exits with its status."""


class DcctError(Exception):
    """Something the user can mend. The message is one line: what is wrong, where, and what to do next."""

    status = 1


class ConfigError(DcctError):
    """A profile, variant, dataset or table file that says something impossible."""


class AskedToStopError(DcctError):
    """A training that was asked to stop and has saved where it is. Exit status 75 (EX_TEMPFAIL) asks for a rerun."""

    status = 75


class DataError(DcctError):
    """A dataset, archive or artefact that is missing, incomplete or damaged."""
