"""The commit that a run record names is that of the checkout whose code ran, wherever it is run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dcct.provenance.git import NONE, last_change
from tests.conftest import ROOT

SAY = "from dcct.provenance.git import revision; print(revision())"
NAMED = ("-c", "user.name=a", "-c", "user.email=a@b")


def run(*command: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def revision(folder: Path, **environment: str) -> str:
    return run(sys.executable, "-c", SAY, folder=folder, PYTHONPATH=str(folder), **environment)


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository that holds what git is asked by, with one commit."""
    folder = tmp_path / "checkout"
    for file in ("errors.py", "provenance/git.py"):
        (folder / "dcct" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "dcct" / file, folder / "dcct" / file)
    for package in ("dcct", "dcct/provenance"):
        (folder / package / "__init__.py").touch()
    (folder / ".gitignore").write_text("__pycache__/\n")
    run("git", "init", "--quiet", folder=folder)
    run("git", "add", "--all", folder=folder)
    run("git", *NAMED, "commit", "--quiet", "--message", "one", folder=folder)
    return folder


@pytest.fixture
def commit(checkout) -> str:
    return run("git", "rev-parse", "--short=12", "HEAD", folder=checkout)


def test_worktree_detached_head_and_edits(checkout, commit, tmp_path):
    """The commit, and that something was edited; not what a hook's environment points to."""
    run("git", "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), folder=checkout)
    assert revision(checkout) == revision(tmp_path / "tree") == commit
    assert revision(checkout, GIT_DIR=str(ROOT / ".git")) == commit
    (checkout / "dcct/errors.py").write_text("class DataError(Exception): ...\n")
    assert revision(checkout) == f"{commit}-dirty"


def test_a_copy_inside_another_repository_has_no_commit(checkout, tmp_path):
    """An installed package in somebody's project, or a bare copy."""
    inner = checkout / "site-packages"
    shutil.copytree(checkout / "dcct", inner / "dcct")
    shutil.copytree(checkout / "dcct", tmp_path / "bare/dcct")
    assert revision(inner) == revision(tmp_path / "bare") == NONE


def test_a_repository_of_another_user(checkout, commit):
    """Its commit is recorded, and no program that it names is run; to compare commits, one line
    says what git wants."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to give a file away")
    run("git", "config", "core.fsmonitor", f"touch {checkout}/ran; false", folder=checkout)
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 12345, 12345)
    assert revision(checkout) == f"{commit} (another user's: edits unknown)"
    asked = SAY.replace("revision; print(revision())", "git; print(git('rev-parse', 'HEAD'))")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(sys.executable, "-c", asked, folder=checkout, PYTHONPATH=str(checkout))
    assert "git config --global --add safe.directory" in caught.value.stderr.splitlines()[-1]
    assert not (checkout / "ran").exists()


def test_the_commit_of_a_file(checkout, tmp_path):
    """The last commit that changed this file, not the newest one; that it is edited; nothing of a
    file that no repository knows."""
    claims = checkout / "claims.yaml"
    claims.touch()
    assert last_change(claims) == "uncommitted"
    run("git", "add", "--all", folder=checkout)
    run("git", *NAMED, "commit", "--quiet", "--message", "two", folder=checkout)
    written = run("git", "log", "-1", "--format=%h of %cs", folder=checkout)
    run("git", *NAMED, "commit", "--quiet", "--allow-empty", "--message", "3", folder=checkout)
    assert last_change(claims) == written
    claims.write_text("edited")
    assert last_change(claims) == "uncommitted"
    (tmp_path / "elsewhere.yaml").touch()
    assert last_change(tmp_path / "elsewhere.yaml") is None


def test_a_link_has_the_commit_of_what_it_leads_to(checkout, commit, tmp_path):
    """Whatever it is called."""
    (tmp_path / "claims.yaml").symlink_to(checkout / "dcct/errors.py")
    assert last_change(tmp_path / "claims.yaml") == last_change(checkout / "dcct/errors.py")
    assert last_change(checkout / "dcct/errors.py").split()[0] == commit[:7]


def test_where_a_clone_ends_no_commit_is_known(checkout, tmp_path):
    """The last commit of a shallow clone stands for all before it, and may have written nothing;
    what came after the cut is known."""
    run("git", *NAMED, "commit", "--quiet", "--allow-empty", "--message", "two", folder=checkout)
    clone = tmp_path / "clone"
    url = checkout.as_uri()
    run("git", "clone", "--quiet", "--depth", "1", url, str(clone), folder=tmp_path)
    assert last_change(checkout / "dcct/errors.py")
    assert last_change(clone / "dcct/errors.py") is None
    (clone / "new.yaml").touch()
    run("git", "add", "--all", folder=clone)
    run("git", *NAMED, "commit", "--quiet", "--message", "three", folder=clone)
    assert last_change(clone / "new.yaml") == run(
        "git", "log", "-1", "--format=%h of %cs", folder=clone
    )


def test_what_an_installed_package_brought_has_no_commit(checkout):
    """Not even "uncommitted", in somebody's repository that does not ignore it."""
    inner = checkout / "site-packages"
    shutil.copytree(checkout / "dcct", inner / "dcct")
    (inner / "dcct/claims.yaml").touch()
    say = "from pathlib import Path; from dcct.provenance.git import last_change as c; print(c(Path"
    asked = f"{say}('dcct/claims.yaml')), c(Path('../new.yaml')))"
    (checkout / "new.yaml").touch()
    said = run(sys.executable, "-c", asked, folder=inner, PYTHONPATH=str(inner))
    assert said == "None uncommitted"
