"""Metrics of a commit come out of DVC's cache by the hashes in its dvc.lock."""

import shutil
import subprocess

import pytest

from dcct.commits import is_commit, metrics_of
from dcct.errors import DataError

FILE = "results/metrics/set/split0/cnn/seed0/metrics.json"


@pytest.fixture
def history(tmp_path, monkeypatch):
    """A repository with two commits of one metrics file that DVC keeps: it says "1", then "2"."""
    monkeypatch.chdir(tmp_path)

    def run(*command):
        subprocess.run(command, check=True, capture_output=True)

    run("git", "init", "--quiet")
    run("dvc", "init", "--quiet")
    (tmp_path / "dvc.yaml").write_text(f"stages:\n  rank:\n    cmd: 'true'\n    outs: [{FILE}]\n")
    for content in ("1", "2"):
        (tmp_path / FILE).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / FILE).write_text(content)
        run("dvc", "commit", "--force", "--quiet")
        run("git", "add", "--all")
        run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", content)
    return tmp_path


def test_each_commit_has_the_metrics_that_it_had(history):
    """Whatever lies in the working tree: by the commit's own hashes."""
    for commit, content in (("HEAD~1", "1"), ("HEAD", "2")):
        assert is_commit(commit)
        metrics_of(commit, history / commit)
        assert (history / commit / FILE.removeprefix("results/")).read_text() == content
    assert not is_commit("HEAD~9")


def test_a_cache_without_them_says_how_to_get_them(history):
    """One line with the command."""
    shutil.rmtree(history / ".dvc/cache")
    with pytest.raises(DataError, match=r"HEAD~1: 1 of 1 files .* `dvc fetch --all-commits`"):
        metrics_of("HEAD~1", history / "a")
