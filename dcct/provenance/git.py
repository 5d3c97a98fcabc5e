"""What git says: of the checkout that holds this package, and of the folder that one works in."""

import os
import subprocess
from pathlib import Path
from shlex import quote

from dcct.errors import DataError

PACKAGE = Path(__file__).parents[1]
CHECKOUT = PACKAGE.parent
NONE = "not a git checkout"
UNCOMMITTED = "uncommitted"


def git(*words: str, folder: Path | None = None, trusted: bool = False) -> str | None:
    """What git prints about a folder (this one); None where it fails or is not installed.

    trusted: also where another user owns the repository. What a hook of git sets is not handed on:
    it would speak of another repository. Raises DataError where another user owns it.
    """
    trust = ["-c", "safe.directory=*"] if trusted else []
    names = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
    plain = {name: value for name, value in os.environ.items() if name not in names}
    try:
        done = subprocess.run(
            ["git", *trust, *words],
            cwd=folder,
            env={**plain, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if "dubious ownership" in done.stderr:
        where = folder or Path.cwd()
        raise DataError(
            f"{where}: git reads no repository of another user: trust it with `git config --global"
            f" --add safe.directory {quote(str(where))}`"
        )
    return done.stdout if done.returncode == 0 else None


def revision() -> str:
    """`git describe` of the checkout that this package is part of: not of a repository in which an
    installed package, or a bare copy, happens to lie."""
    if not (CHECKOUT / ".git").exists():
        return NONE
    try:
        said = git("describe", "--always", "--dirty", "--abbrev=12", folder=CHECKOUT)
    except DataError:  # another user's: its commit is read, its files, for which git would run
        commit = git("rev-parse", "--short=12", "HEAD", folder=CHECKOUT, trusted=True)
        said = commit and f"{commit.strip()} (another user's: edits unknown)"  # programs, are not
    return (said or NONE).strip()


def last_change(file: Path) -> str | None:
    """The commit that wrote a file as it is, with its day: "2ab2a92 of 2026-11-27"; UNCOMMITTED
    where it is edited or new.

    None where no git that may be asked knows of it: of a file that an installed package brought,
    whatever repository that lies in, and where a shallow clone ends before the commit.
    """
    file = file.resolve()
    if file.is_relative_to(PACKAGE):
        return None
    name, folder = file.name, file.parent
    try:
        edited = git("status", "--porcelain", "--", name, folder=folder)
        said = git("log", "-1", "--format=%h of %cs,%p", "--", name, folder=folder)
        shallow = git("rev-parse", "--is-shallow-repository", folder=folder)
    except DataError:
        return None
    commit, _, parents = (said or "").strip().partition(",")
    cut_off = not parents and shallow == "true\n"  # it stands for all that came before it, too
    return UNCOMMITTED if edited else None if cut_off else commit or None
