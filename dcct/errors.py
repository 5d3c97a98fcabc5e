"""The one exception that a user is meant to read: cli.py prints its line and exits with status 1."""


class DcctError(Exception):
    """Something the user can mend. The message is one line: what is wrong, where, and what to do next."""


class ConfigError(DcctError):
    """A profile, variant, dataset or table file that says something impossible."""


class DataError(DcctError):
    """A dataset, archive or artefact that is missing, incomplete or damaged."""
