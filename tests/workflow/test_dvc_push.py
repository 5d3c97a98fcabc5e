"""What is licensed stays on this machine, whatever is asked of DVC."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dcct.pipeline.steps import read_pipeline

LICENSED = b"a frame that is not ours to hand on"


@pytest.fixture
def checkout(root, tmp_path, monkeypatch):
    """A repository with the paper's stages, whose data folder links to a licensed copy, with a
    folder beside it as the remote."""
    folder = tmp_path / "dcct"
    monkeypatch.chdir(shutil.copytree(root / "config", folder / "config").parent)
    monkeypatch.setenv("PYTHONPATH", str(root))
    for name in (".dvcignore", ".gitignore", "data.dvc"):
        shutil.copyfile(root / name, folder / name)
    said("git", "init", "--quiet")
    said("dvc", "init", "--quiet")
    said("dvc", "remote", "add", "--default", "store", str(tmp_path / "remote"))
    (tmp_path / "licensed").mkdir()
    (tmp_path / "licensed/0001.jpg").write_bytes(LICENSED)
    (folder / "data/walkers").mkdir(parents=True)
    (folder / "data/walkers/0001.jpg").write_bytes(b"drawn")
    (folder / "data/mars").symlink_to(tmp_path / "licensed")
    return folder


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_byte_of_a_licensed_set_is_pushed(checkout, tmp_path):
    """After adding the data, committing what was verified and packed, and pushing everything:
    neither the cache nor the remote holds a frame, both hold the report; and one line says so."""
    (line,) = said("dcct", "dvc", "--configfile", "config/paper-mars.yaml").splitlines()
    assert line.startswith("mars: ")
    assert "stay here" in line
    pipeline = read_pipeline(checkout / "config/paper-mars.yaml")
    for verb, content in {"source": b"put", "verify": b"counted", "pack": LICENSED}.items():
        for path in pipeline.job(verb, "mars").products:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    said("dvc", "add", "data")
    said("dvc", "commit", "--force", "data.dvc", "verify-mars", "pack-mars")
    said("dvc", "push")
    for folder in (checkout / ".dvc/cache", tmp_path / "remote"):
        contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        assert b"counted" in contents
        assert LICENSED not in contents
    assert "nfiles: 1\n" in (checkout / "data.dvc").read_text()


def test_what_git_or_dvc_would_take_in_is_hidden_first(checkout):
    """Data in another folder than `data`, and results that git does not ignore, which `dvc exp run`
    would commit: no stage is written before the commands that the refusals print have hidden
    both."""
    profile = Path("config/elsewhere.yaml")
    text = Path("config/paper-mars.yaml").read_text()
    text = re.sub("^data_dir: .*", "data_dir: its data", text, flags=re.MULTILINE)
    profile.write_text(re.sub("^results_dir: .*", "results_dir: out", text, flags=re.MULTILINE))
    shutil.copytree("data/mars", "its data/mars")
    for tool, folder in {"dvc": "its data/mars", "git": "out"}.items():
        done = subprocess.run(
            ("dcct", "dvc", "--configfile", profile), capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{tool} would take in" in done.stderr
        assert folder in done.stderr
        assert not Path("dvc.yaml").exists()
        hide, again = re.findall("`(.+?)`", done.stderr)
        subprocess.run(hide, shell=True, check=True)
    said("bash", "-c", again)
    pack = read_pipeline(profile).job("pack", "mars")
    for path in pack.products:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LICENSED)
    said("git", "add", "--all")
    held = said("git", "ls-files")
    assert "out/" not in held
    assert "its data/" not in held
