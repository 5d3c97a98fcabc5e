"""Names and paths from outside are used as they are, or refused in one line."""

import contextlib
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.config.names import LONGEST_NAME, at_home, usable_path
from dcct.errors import ConfigError, DcctError
from dcct.pipeline.dvc import stages_of
from dcct.pipeline.pipeline import Pipeline
from dcct.pipeline.steps import made_by, read_pipeline
from dcct.provenance.status import status_of
from tests.conftest import ROOT

SET = "config/datasets/walkers-test.yaml"
EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
TEXT = (ROOT / "config/test.yaml").read_text()
ODD = ["", "two words", "t&touch x&", "$(x)", "`x`", "a;b", "../up", "a/b", "/etc", "..", "-x", "~"]
ODD += [
    "a{b}",
    "a*",
    "[a]",
    "a%",
    "#a",
    "a\nb",
    "é",
    "\udcff",
    "a.",
    "a@b",
    "cnn+vit",
    "a.partial",
    "x" * 101,
]
ROOM = st.one_of(
    st.text(max_size=20),
    st.text("ab ~./-{}$()`'\"\\;&|<>*?[]%#!\n\t\x00@:=,é\u2028", max_size=12),
    st.integers(90, 1200).map(lambda length: "y" * length),
)
"""Any text, text of what shells, patterns and paths give a meaning, and long ones."""


def profile_in(folder: Path, **changes: object) -> Pipeline:
    """The pipeline of the test profile with changes, as read from a file."""
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(TEXT) | changes, allow_unicode=False))
    return read_pipeline(path)


def one_line(error: DcctError) -> bool:
    return str(error).isprintable() and len(str(error)) > 0


def unless_refused(call: Callable):
    """What it returns; None where it is refused, which is one line."""
    try:
        return call()
    except DcctError as error:
        found = error
    assert one_line(found)
    return None


@pytest.mark.parametrize("kind", ["variants", "backbones", "datasets", "tables"])
@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_what_is_no_name_is_refused(tmp_path, kind, name):
    """Wherever a profile names a file, whether such a file is there or not."""
    with pytest.raises(ConfigError) as caught:
        profile_in(tmp_path, **{kind: [name]})
    assert one_line(caught.value)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("tables", "cost"),
        ("datasets", "archives"),
        ("variants", "chance"),
        ("variants", "mean"),
    ],
)
def test_a_name_that_something_else_has_is_refused(tmp_path, kind, name):
    """Two things would be written to one place, or stand in one row."""
    with pytest.raises(ConfigError, match="rename it"):
        profile_in(tmp_path, **{kind: [name]})


def test_a_table_cannot_reach_out_of_its_folder(tmp_path):
    """A row is a name of a variant, not a path to a file that happens to be there."""
    shutil.copytree(ROOT / "config/tables", tmp_path / "tables")
    table = yaml.safe_load((tmp_path / "tables/features.yaml").read_text())
    table["rows"] = ["../variants/cnn"]
    (tmp_path / "tables/features.yaml").write_text(yaml.safe_dump(table))
    with pytest.raises(ConfigError, match="a name is made of"):
        profile_in(tmp_path, tables=["features"])


@pytest.mark.parametrize(
    ("kind", "original"),
    [
        ("tables", "config/tables/features.yaml"),
        ("variants", "config/variants/dcct.yaml"),
        ("datasets", SET),
    ],
)
def test_names_with_dots_and_of_folders_lead_back_to_their_jobs(tmp_path, kind, original):
    """An artefact is found whose table is called v1.2, or whose variant is called as a folder of
    results."""
    for name in ("v1.2", "attention", "receipt.json"):
        (tmp_path / kind).mkdir(exist_ok=True)
        shutil.copyfile(ROOT / original, tmp_path / kind / f"{name}.yaml")
        evaluation = yaml.safe_load(TEXT)["evaluation"] | {"time_order": []}
        pipeline = profile_in(tmp_path, evaluation=evaluation, backbones=[], **{kind: [name]})
        for job in pipeline.jobs():
            for path in (*job.outputs, job.receipt):
                step, values, _ = made_by(path.relative_to(pipeline.results))
                assert (step, list(values.values())) == (job.step, list(map(str, job.key)))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 40)
@given(data_dir=ROOM, results_dir=ROOM, name=ROOM)
def test_any_text_is_used_or_refused(tmp_path_factory, data_dir, results_dir, name):
    """Folders and the name of a data set, whatever they are: a pipeline whose paths lie where it
    says and whose commands are the words that were given, or one line; nothing is made."""
    folder = tmp_path_factory.mktemp("profile")
    (folder / "datasets").mkdir()
    if "/" not in name:  # else it would lie elsewhere
        with contextlib.suppress(OSError, ValueError):  # no file can be called so
            shutil.copyfile(ROOT / SET, folder / "datasets" / f"{name}.yaml")
    for changes in ({"data_dir": data_dir, "results_dir": results_dir}, {"datasets": [name]}):
        pipeline = unless_refused(lambda changes=changes: profile_in(folder, **changes))
        for job in pipeline.jobs() if pipeline else ():
            words = shlex.split(job.again)
            assert words[:2] == ["dcct", job.step.verb]
            assert words[-1] == str(folder / "profile.yaml")
            assert all(str(path).isprintable() and "{" not in str(path) for path in job.products)
            assert all(path.is_relative_to(pipeline.results) for path in job.products)
        stages = pipeline and unless_refused(lambda pipeline=pipeline: stages_of(pipeline))
        assert not stages or "${" not in "".join(stages.values())
    inside = {path.name for path in folder.iterdir()}
    assert inside == {"datasets", "profile.yaml"}


def test_a_tilde_is_a_home(tmp_path, monkeypatch):
    """In every path of a profile, as in a shell; nobody's home is refused, ./~ is a name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    pipeline = profile_in(tmp_path, data_dir="~/data", results_dir="~/results")
    assert (pipeline.data, pipeline.results) == (tmp_path / "data", tmp_path / "results")
    assert at_home("./~") == usable_path("./~") == "./~"
    with pytest.raises(ConfigError, match="nobody of that name"):
        profile_in(tmp_path, results_dir="~nobody-of-this-name/results")


@pytest.mark.parametrize(
    ("data_dir", "results_dir", "apart"),
    [
        ("data", "results", True),
        ("results/data", "results", True),
        ("out", "out", True),
        ("results/frames", "results", False),
        ("results/x/../frames", "./results", False),
        ("results/metrics/deeper", "results", False),
        ("data", "data/walkers-test", False),
        ("data", "data/walkers-test/results", False),
    ],
)
def test_no_step_fills_a_folder_of_data(tmp_path, data_dir, results_dir, apart):
    """However the two folders are written."""
    if apart:
        profile_in(tmp_path, data_dir=data_dir, results_dir=results_dir)
    else:
        with pytest.raises(ConfigError, match="set them apart"):
            profile_in(tmp_path, data_dir=data_dir, results_dir=results_dir)


def test_a_file_that_nobody_names_harms_nobody(tmp_path):
    """Beside a profile: broken YAML, an odd name, a variant that cannot be, a pipe. The cost table
    says what it leaves out; a profile that names the file is refused."""
    for kind in ("variants", "datasets", "tables"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "broken.yaml").write_text("a: [")
        (tmp_path / kind / "two words (1).yaml").write_text("a: [")
        (tmp_path / kind / "folder.yaml").mkdir()
        (tmp_path / kind / "nowhere.yaml").symlink_to("nowhere")
        os.mkfifo(tmp_path / kind / "pipe.yaml")
    (tmp_path / "variants/odd.yaml").write_text("title: odd\nbranches: []\n")
    pipeline = profile_in(tmp_path)
    assert {"cnn", "dcct"} <= set(pipeline.variant_names())
    assert all(job.settings is not None for job in pipeline.jobs())
    assert set(pipeline.unreadable_variants) == {"broken", "folder", "nowhere", "odd", "pipe"}
    assert {status_of(pipeline, name).next for name in pipeline.dataset_names()}
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        profile_in(tmp_path, variants=["broken"], backbones=[])


def test_the_longest_name_is_a_file_name_everywhere(tmp_path):
    """A variant that is evaluated after another set's training has two names in one."""
    for kind, original in (("variants", "dcct"), ("datasets", "walkers-test")):
        (tmp_path / kind).mkdir()
        name = original[0] * LONGEST_NAME
        shutil.copyfile(ROOT / f"config/{kind}/{original}.yaml", tmp_path / kind / f"{name}.yaml")
    variant, dataset = "d" * LONGEST_NAME, "w" * LONGEST_NAME
    cross = [{"train": dataset, "test": "walkers-test", "variants": [variant]}]
    evaluation = yaml.safe_load(TEXT)["evaluation"] | {"time_order": []}
    pipeline = profile_in(
        tmp_path,
        datasets=[dataset],
        variants=[variant],
        backbones=[],
        cross=cross,
        evaluation=evaluation,
    )
    parts = {part for job in pipeline.jobs() for path in job.products for part in path.parts}
    assert max(map(len, parts)) + len(".receipt.json.abcdefgh.partial") < 255


def test_no_table_is_called_like_a_figure(tmp_path):
    """Where both are published, their receipts would be one file."""
    (tmp_path / "tables").mkdir()
    shutil.copyfile(ROOT / "config/tables/components.yaml", tmp_path / "tables/cmc.yaml")
    with pytest.raises(ConfigError, match="cmc is a figure's name"):
        profile_in(tmp_path, tables=["cmc"])
