"""What users give: found where Python would find it, known by digest, and never run."""

from pathlib import Path

import pytest
import yaml

from dcct.config.foreign import ForeignMethod
from dcct.errors import ConfigError
from dcct.pipeline.given import sources_of
from dcct.pipeline.steps import read_pipeline

LOUD = "raise SystemExit('run')\n"


def method(entry):
    return ForeignMethod(title="Theirs", headline="x", method=entry)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with modules that must not be run."""
    for name in ("alone.py", "whole/__init__.py", "whole/deep/__init__.py", "whole/deep/net.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(LOUD)
    (tmp_path / "spaces/deep").mkdir(parents=True)
    (tmp_path / "spaces/deep/net.py").write_text(LOUD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("entry", "files"),
    [
        ("alone:f", ["alone.py"]),
        ("whole:f", ["whole/__init__.py", "whole/deep/__init__.py", "whole/deep/net.py"]),
        ("whole.deep.net:f", ["whole/__init__.py", "whole/deep/__init__.py", "whole/deep/net.py"]),
        ("spaces.deep.net:f", ["spaces/deep/net.py"]),
    ],
)
def test_a_methods_sources_are_its_module_and_its_package(here, entry, files):
    """Found without running any of them; folders without __init__.py are packages, too."""
    assert sources_of(method(entry)) == [Path(file) for file in files]


@pytest.mark.parametrize("entry", ["absent:f", "alone.deep:f", "whole.absent:f", "spaces:f"])
def test_a_module_that_is_not_there_is_one_line(here, entry):
    """It names the variant and where the module was looked for."""
    with pytest.raises(ConfigError, match=rf"^Theirs ◇: method: {entry}: no module .*{here}"):
        sources_of(method(entry))


def test_one_file_stands_for_one_seed(root, tmp_path):
    """A path without {seed} is of the first seed alone, so that no seed is counted twice; nothing
    is trained, and what is missing is named with its file."""
    profile = yaml.safe_load((root / "config/test.yaml").read_text())
    profile |= {"variants": ["dcct", "one", "each"], "backbones": [], "tables": ["components"]}
    profile["evaluation"]["time_order"] = []
    (tmp_path / "variants").mkdir()
    for name, path in {"one": "x/one.npz", "each": "x/{dataset}-{seed}.npz"}.items():
        text = f"{{title: {name}, headline: x, features: '{path}'}}"
        (tmp_path / f"variants/{name}.yaml").write_text(text)
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(profile | {"seeds": [3, 5]}))
    pipeline = read_pipeline(tmp_path / "profile.yaml")
    ranked = [(job["variant"], job["seed"]) for job in pipeline.runs("rank", "walkers-test")]
    assert ranked == [("dcct", 3), ("dcct", 5), ("one", 3), ("each", 3), ("each", 5)]
    assert {job["variant"] for job in pipeline.jobs() if job.step.verb == "train"} == {"dcct"}
    missing = [line.split(": ")[1:3] for line in pipeline.missing()]
    files = ["x/one.npz", "x/walkers-test-3.npz", "x/walkers-test-5.npz"]
    assert missing == [["one", files[0]], ["each", files[1]], ["each", files[2]]]
