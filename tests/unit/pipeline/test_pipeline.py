"""Jobs of a profile: where they lie, what they read, and what decides them."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from dcct.config.load import SHIPPED
from dcct.errors import ConfigError
from dcct.pipeline import code
from dcct.pipeline.dvc import CODE, STAGES, stage_name, stages_of
from dcct.pipeline.step import RECEIPT, record_of
from dcct.pipeline.steps import made_by, read_pipeline

PROFILES = sorted(path.name for path in SHIPPED.glob("*.yaml"))


@pytest.fixture
def pipeline(root, monkeypatch):
    """pipeline(name of a shipped profile), as seen from the repository's root."""
    monkeypatch.chdir(root)
    return lambda name="config.yaml": read_pipeline(Path("config", name))


@pytest.mark.parametrize("name", PROFILES)
def test_a_job_comes_after_all_that_it_reads(pipeline, name):
    """In the list of all jobs, none reads what a later one makes, and no two make one file."""
    seen, made = set(), set()
    for job in pipeline(name).jobs():
        assert {*job.reads.values(), *job.records} <= seen
        assert not made & set(job.products)
        seen.add(job)
        made |= set(job.products)


@pytest.mark.parametrize("name", PROFILES)
def test_an_artefact_says_which_job_made_it(pipeline, name):
    """From a receipt's place follow its step, its key and its run record."""
    found = pipeline(name)
    for job in found.jobs():
        step, values, file = made_by(job.receipt.relative_to(found.results))
        assert (step, file) == (job.step, RECEIPT)
        assert values == {name: str(value) for name, value in job.values.items()}
        assert found.results / record_of(step, values) == job.record


@pytest.mark.parametrize("name", PROFILES)
def test_every_module_and_caption_of_the_table_of_steps_is_there(pipeline, name):
    """A step whose module has moved would watch nothing."""
    for job in pipeline(name).jobs():
        assert all((code.PACKAGE / module).exists() for module in job.modules), job
        assert job.looked_at is None or job.caption.is_file(), job


def test_a_title_decides_no_training_and_an_attention_does(pipeline):
    """What a training watches of a variant is what decides its network."""
    settings = pipeline().job("train", "walkers", 0, "cca", 0).settings["variants/cca"]
    assert "title" not in settings
    assert "headline" not in settings
    assert settings["cca"] == ["self", "cross"]


@pytest.mark.parametrize("name", PROFILES)
def test_stages_are_the_jobs(pipeline, name):
    """Of any profile: with `cross`, with one and with ten splits: the same commands, files and
    digests. A folder stands for digests where all that is made in it is of jobs that are read; a
    run record, which tells when, for its receipt."""
    found = pipeline(name)
    text = stages_of(found)[Path("dvc.yaml")]
    stages = yaml.load(text, yaml.CSafeLoader)["stages"]
    jobs = {stage_name(job): job for job in found.jobs()}
    made = {path.as_posix(): job for job in found.jobs() for path in job.products}
    assert stages.keys() == jobs.keys()
    for label, stage in stages.items():
        job = jobs[label]
        outputs = [
            path for one in stage["outs"] for path in ([one] if isinstance(one, str) else one)
        ]
        outputs += stage.get("metrics", [])
        assert sorted(outputs) == sorted(path.as_posix() for path in job.products)
        deps = set(stage.get("deps", []))
        wanted = {path.as_posix() for path in (*job.digests, *job.quotes)}
        recorded = {one.receipt.as_posix() for one in job.records}
        folders = deps - wanted
        assert {path for path in wanted - deps - recorded if not _within(path, folders)} == set()
        held = {one for path, one in made.items() if _within(path, folders)}
        assert held <= {*job.reads.values(), *job.records}
        assert not [path for path in deps if path.endswith(".py")]


def _within(path: str, folders: set[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def test_dvc_yaml_is_what_the_pipeline_says(pipeline, root):
    """dvc.yaml and the digests of code in the repository: `dcct dvc` would change nothing."""
    for path, text in stages_of(pipeline()).items():
        assert (root / path).read_text() == text, f"{path}: run `dcct dvc`"


@pytest.mark.parametrize("name", ["t&touch x&", "two words", "../up", "-x", "a{b}", "$(x)"])
def test_a_name_that_a_shell_or_a_path_could_misread_is_refused(root, tmp_path, name):
    """Before anything runs, in one line."""
    text = (root / "config/test.yaml").read_text()
    profile = yaml.safe_load(text) | {"datasets": [name]}
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(profile))
    with pytest.raises(ConfigError, match="a name is made of letters"):
        read_pipeline(tmp_path / "profile.yaml")


def test_commands_in_errors_work_as_printed(pipeline):
    """Rooms below name a step alone: set, split and profile are filled in; where several jobs of it
    lie behind and the line tells no place, all are made."""
    train = pipeline("test.yaml").job("train", "walkers-test", 0, "cnn", 0)
    profile = "--configfile config/test.yaml"
    assert train.with_commands("missing: run `dcct manifest` or `dcct source` again") == (
        f"missing: run `dcct manifest walkers-test --split 0 {profile}`"
        f" or `dcct source walkers-test {profile}` again"
    )
    page = pipeline("test.yaml").job("page")
    every = f"run `snakemake --cores all {profile}` again"
    assert page.with_commands("run `dcct rank` again") == every


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("path: null", "path: nowhere", "no folder at nowhere: put `path` right in {}"),
        ("layout: folders", "layout: folder", "{}: layout folder: unknown; known: mars"),
    ],
)
def test_a_set_that_can_never_be_read_is_missing(root, tmp_path, old, new, says):
    """Before anything runs: neither the source step nor a verification is waited for."""
    (tmp_path / "datasets").mkdir()
    file = tmp_path / "datasets/own.yaml"
    file.write_text((root / "config/datasets/own.yaml").read_text().replace(old, new))
    shutil.copyfile(root / "config/own.yaml", tmp_path / "own.yaml")
    missing = read_pipeline(tmp_path / "own.yaml").missing()
    assert any(says.format(file) in line for line in missing), missing


def test_cross_is_named_where_it_names_an_unknown_set(root, tmp_path):
    """Not `datasets`, in which the set does not stand."""
    text = (root / "config/own.yaml").read_text()
    cross = "cross: [{train: own, test: walker, variants: [dcct]}]"
    (tmp_path / "own.yaml").write_text(f"{text}{cross}\n")
    with pytest.raises(ConfigError, match=r"own.yaml: cross: unknown dataset 'walker'; known: "):
        read_pipeline(tmp_path / "own.yaml")


@pytest.mark.parametrize(("profile", "reads"), [("config", []), ("own", ["manifest own/split0"])])
def test_identities_are_counted_where_no_configuration_does(root, profile, reads):
    """The cost table of a set of unknown size waits for its manifest, any other for nothing."""
    job = read_pipeline(root / f"config/{profile}.yaml").job("cost")
    assert list(map(str, job.reads.values())) == reads


def test_an_experiment_leaves_digests_as_they_are(root, tmp_path):
    """What `dvc exp run -S` changes in a profile is a param of the stages that it decides: neither
    their digest nor anything in dvc.yaml changes, so that `dcct dvc` makes none of them again."""
    shutil.copytree(root / "config", tmp_path / "config")
    file = tmp_path / "config/test.yaml"
    before = stages_of(read_pipeline(file))
    text = file.read_text()
    assert "  epochs: 8\n" in text
    file.write_text(text.replace("  epochs: 8\n", "  epochs: 9\n"))
    after = stages_of(read_pipeline(file))
    assert after[STAGES] == before[STAGES]
    train = yaml.safe_load(after[STAGES])["stages"]["train-walkers-test-split0-cnn-seed0"]
    assert "training" in train["params"][0][file.as_posix()]
    old, new = (json.loads(one[CODE]) for one in (before, after))
    changed = {name.split("-")[0] for name in old if old[name] != new[name]}
    assert changed == {"cost", "tabulate"}
