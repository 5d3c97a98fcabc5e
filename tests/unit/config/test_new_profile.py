"""A new profile is the other one's text with a few values changed."""

import shlex
import subprocess
import sys

import pytest
import yaml

from dcct.config.new_profile import Change, put, written
from dcct.config.yaml_file import parse_yaml

VALUES = ["010", "1e5", "a: b # c", None, True, 2.5e-05, [], {"a": [1]}, ["long name"] * 20]


@pytest.mark.parametrize("value", VALUES, ids=str)
@pytest.mark.parametrize("key", ["seeds", "cross", "training.epochs", "evaluation.reranking.k1"])
def test_text_says_what_was_put(root, key, value):
    """Whatever the value, whether its key was there or not, and nothing else changes."""
    text = (root / "config/paper.yaml").read_text()
    wanted = parse_yaml(text, "")
    put(wanted, Change(key=key, value=value))
    assert parse_yaml(written(text, Change(key=key, value=value)), "") == wanted


def _new(root, folder, words):
    command = [sys.executable, "-m", "dcct", "profile", "new", *shlex.split(words)]
    environment = {"PYTHONPATH": str(root), "PATH": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_shipped_profile_of_mars_is_made_of_the_papers(root, tmp_path):
    """Byte by byte, by the command at its top: an edit of paper.yaml asks for it again."""
    shipped = (root / "config/paper-mars.yaml").read_text()
    words = shipped.splitlines()[0].partition("dcct profile new ")[2]
    done = _new(root, tmp_path, words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "config/paper-mars.yaml").read_text() == shipped


REFUSED = {
    "x --from paper --set seeds=": "x.yaml: seeds: Input should be a valid list",
    "x --from paper --set training.epoch=3": "training.epoch: unknown key",
    "x --from paper --set clips.height=100": "patch",
    "../x --from paper": "a name is made of letters",
    "x --from nosuch": "no such profile: name one of ablations",
    "tables --from paper": "choose another name",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_one_line_and_no_file(root, tmp_path, words):
    """Status 1, and nothing written."""
    done = _new(root, tmp_path, words)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert REFUSED[words] in done.stderr
    assert not list(tmp_path.rglob("*.yaml*"))


def test_an_existing_profile_is_never_replaced(root, tmp_path):
    """It stays as it was."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").write_text("mine")
    done = _new(root, tmp_path, "mine --from paper")
    assert "is there already" in done.stderr
    assert (tmp_path / "config/mine.yaml").read_text() == "mine"


def test_what_follows_from_fewer_epochs_and_variants_is_left_out(root, tmp_path):
    """Kept epochs, backbones, cross and tables of them; the profile is whole."""
    words = "x --from paper --set training.epochs=20 --set 'variants=[cnn, vit]'"
    done = _new(root, tmp_path, words)
    assert done.returncode == 0, done.stderr
    made = yaml.safe_load((tmp_path / "config/x.yaml").read_text())
    assert made["evaluation"]["epochs"] == made["backbones"] == made["cross"] == []
    assert not {"epochs", "cross", "cca"} & set(made["tables"])
