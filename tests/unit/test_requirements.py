"""The lock file is complete: pip installs from it what pyproject.toml asks for, and nothing whose
digest it does not know."""

import re
import tomllib

from tests.conftest import ROOT

LOCK = (ROOT / "requirements.lock").read_text()


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_has_one_version_and_digests():
    """And the file names no place to fetch from."""
    packages = re.split(r"^(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", LOCK, flags=re.M), flags=re.M)
    packages = [one for one in packages if one.strip()]
    assert all(
        re.match(r"[\w.-]+==[^\s;]+( ;[^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+\Z", one)
        for one in packages
    )
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_everything_that_is_asked_for_is_locked():
    """Dependencies and extras, and what builds the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        asked += extra
    names = {plain(re.match(r"[\w.-]+", one)[0]) for one in asked}
    assert names <= {plain(name) for name in re.findall(r"^([\w.-]+)==", LOCK, re.M)}
