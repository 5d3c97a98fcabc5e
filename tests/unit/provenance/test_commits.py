"""Metrics of a commit come out of DVC's cache by the hashes in its dvc.lock."""

import shutil
import subprocess

import pytest

from dcct.errors import DataError
from dcct.provenance.commits import is_commit, metrics_of

FILE, OTHER = (f"results/metrics/set/split0/{name}/seed0/metrics.json" for name in ("cnn", "vit"))


@pytest.fixture
def history(tmp_path, monkeypatch):
    """A repository with two commits of two metrics files that DVC keeps: they say "1", then "2"."""
    monkeypatch.chdir(tmp_path)

    def run(*command):
        subprocess.run(command, check=True, capture_output=True)

    run("git", "init", "--quiet")
    run("dvc", "init", "--quiet")
    (tmp_path / "dvc.yaml").write_text(
        f"stages:\n  rank:\n    cmd: 'true'\n    outs: [{FILE}, {OTHER}]\n"
    )
    for content in ("1", "2"):
        for path, said in ((FILE, content), (OTHER, f"other {content}")):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(said)
        run("dvc", "commit", "--force", "--quiet")
        run("git", "add", "--all")
        run(
            "git",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "--message",
            content,
        )
    return tmp_path


def test_each_commit_has_the_metrics_that_it_had(history):
    """Whatever lies in the working tree: by the commit's own hashes."""
    for commit, content in (("HEAD~1", "1"), ("HEAD", "2")):
        assert is_commit(commit)
        assert metrics_of(commit, history / commit) == []
        assert (history / commit / FILE.removeprefix("results/")).read_text() == content
    assert not is_commit("HEAD~9")


def test_what_the_cache_lacks_is_named(history):
    """One run of two: the other is laid out. Both: one line with the command that gets them."""
    (lost,) = (
        file
        for file in (history / ".dvc/cache/files/md5").rglob("*")
        if file.is_file() and file.read_text() == "1"
    )
    lost.unlink()
    (line,) = metrics_of("HEAD~1", history / "a")
    assert line.startswith(
        "left out, not in DVC's cache: results/metrics/set/split0/cnn/seed0 of HEAD~1: "
    )
    assert [path.read_text() for path in (history / "a").rglob("metrics.json")] == ["other 1"]
    shutil.rmtree(history / ".dvc/cache")
    with pytest.raises(
        DataError, match=r"HEAD~1: none of its metrics .* `dvc fetch --all-commits`"
    ):
        metrics_of("HEAD~1", history / "b")
