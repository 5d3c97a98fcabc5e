"""The pipeline of a profile as DVC stages: every job one stage, with the same command line.

A stage depends on the digests of what it reads, on the keys of the configuration that decide its
numbers, and on digests of the code and of all other settings that do, defaults among them. These
stand in a params file of their own: what neither file lists changes nothing.

DVC writes all of dvc.lock anew after each stage, in time that grows with its lines, and reads every
params file once for each stage. So many inputs are named by the folder that holds them and nothing
else, a section of the profile is listed where it is first decided, settings of what people look at
are a digest, and digests are in JSON.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from dcct.config import load
from dcct.config.yaml_file import read_yaml
from dcct.errors import ConfigError
from dcct.files import settings_digest
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.step import Watched

STAGES, CODE = Path("dvc.yaml"), Path("workflow/code.json")
STAYS = {"cache": False, "persist": True}
"""Of outputs that DVC only watches. Without `persist`, its cache of runs would take them in."""
HEAD = "# Written by `{command}` from the table of steps: edit that, and run it again.\n"


def stages_of(pipeline: Pipeline) -> dict[Path, str]:
    """dvc.yaml and the params file of code digests → what a profile makes of them.

    Raises ConfigError where DVC cannot tell two jobs apart, or cannot keep what they make.
    """
    _check_inside(pipeline)
    _content.cache_clear()  # files may have been edited since
    jobs, stages = pipeline.jobs(), {}
    made = _counted(path for job in jobs for path in job.products)
    for job in jobs:
        name = stage_name(job)
        if name in stages:
            raise ConfigError(f"{pipeline.configfile}: DVC calls two jobs {name}: rename a variant")
        stages[name] = _stage(job, made)
    content = {
        "stages": stages,
        "plots": list(_plots(pipeline)),
        "artifacts": _named_once(_artifacts(pipeline), pipeline),
    }
    digests = {
        stage_name(job): f"code-{job.code}-settings-{settings_digest(_unlisted(job))}"
        for job in jobs
    }
    head = HEAD.format(command=pipeline.as_typed("dcct dvc"))
    return {STAGES: head + _text(content), CODE: json.dumps(digests, indent=2) + "\n"}


def kept_here(pipeline: Pipeline) -> list[str]:
    """Data sets that are not drawn. Somebody's terms hold for their frames and for pictures of
    their people: DVC watches those, and puts them neither into its cache nor into a remote."""
    return [name for name in pipeline.profile.tested if pipeline.dataset(name).walkers is None]


def _check_inside(pipeline: Pipeline) -> None:
    """DVC keeps nothing that lies outside the folder of dvc.yaml, or in one of git's or its own."""
    folder = Path(os.path.relpath(pipeline.results))
    if folder.parts[:1] in ((), ("..",), (".git",), (".dvc",)):
        raise ConfigError(
            f"{pipeline.configfile}: results_dir: {pipeline.results}: DVC keeps only what lies in a"
            " folder below this one: name such a folder, or use Snakemake"
        )


def stage_name(job: Job) -> str:
    """As DVC allows: letters, digits, dashes, underscores."""
    words = str(job).replace("@epoch", "-at-epoch").replace("@", "-on-")
    return re.sub(r"[^A-Za-z0-9_-]", "-", words)


def _stage(job: Job, made: Counter[Path]) -> dict:
    outputs = [path for path in job.products if path != _scores(job)]
    shut = _shows_people(job)
    stage = {
        "cmd": f"{job.command} --configfile {quote(str(job.pipeline.configfile))}",
        "deps": _paths([*_inputs(job, made), *job.quotes, *job.given]),
        "params": [
            *({file.as_posix(): keys} for file, keys in _listed(job)),
            {CODE.as_posix(): [stage_name(job)]},
        ],
        "outs": [{path: dict(STAYS)} if shut else path for path in _paths(outputs)],
    }
    if scores := _scores(job):
        stage["metrics"] = _paths([scores])
    return {key: value for key, value in stage.items() if value}


def _scores(job: Job) -> Path | None:
    """What `dvc metrics` shows of it."""
    return job / job.step.metrics if job.step.metrics else None


def _shows_people(job: Job) -> bool:
    """Whether what it makes holds pictures out of a data set that is not ours to hand on."""
    shut = kept_here(job.pipeline)
    if job.step.verb == "page":
        return bool(shut)
    pictured = job.step.verb == "pack" or ("figure" in job.values and FIGURES[job["figure"]].people)
    return pictured and job["dataset"] in shut


def _inputs(job: Job, made: Counter[Path]) -> Iterable[Path]:
    """Digests of what it reads. A record changes whenever its receipt does and stands for it; a
    folder stands for all in it, where that is all that is wanted of this run.

    made: folder → number of files that the run makes in it.
    """
    records = dict.fromkeys(job.records)
    read = [one for one in dict.fromkeys(job.reads.values()) if one not in records]
    files = [*(one.receipt for one in read), *(one.record for one in records)]
    within = _counted([*files, *(path for one in read for path in one.outputs)])
    wanted = _counted(files)

    def named_by(path: Path) -> Path:
        whole = [one for one in path.parents if within[one] == made[one] and wanted[one] > 1]
        return whole[-1] if whole else path

    return dict.fromkeys(map(named_by, files))


def _counted(files: Iterable[Path]) -> Counter[Path]:
    """Folder → number of these files in it, at any depth."""
    return Counter(folder for path in files for folder in path.parents)


def _listed(job: Job) -> Iterator[tuple[Path, list[str]]]:
    """Configuration file → keys that decide a job's numbers, as far as they stand in it. Of what
    people look at, none; and none that a checkpoint tells, in its config.json, to whoever reads
    it."""
    if job.step.report:
        return
    told = {key for watched in _of_checkpoint(job) for key in _keys(job, watched)}
    for watched in job.watched:
        found = [key for key in _keys(job, watched) if key not in told]
        if found:
            yield found[0][0], [key for _, key in found]


def _of_checkpoint(job: Job) -> list[Watched]:
    """What decides the network of the checkpoint that it reads, if it reads one."""
    if "checkpoint" not in job.reads:
        return []
    training = job.reads["checkpoint"]
    return [("profile", "", ("network",)), *training.step.watches(training)]


def _keys(job: Job, watched: Watched) -> list[tuple[Path, str]]:
    """Keys that are watched and stand in their file, with that file."""
    kind, name, keys = watched
    file = _file_of(job, kind, name)
    content = _content(file)
    return [(file, key) for key in keys or content if _stands_in(content, key)]


def _unlisted(job: Job) -> dict[str, Any]:
    """Settings that decide a job's numbers and are not in its list: an edit of what is listed, as
    `dvc exp run -S` makes, leaves their digest as it is."""
    listed, found = dict(_listed(job)), {}
    for kind, name, keys in job.watched:
        file = _file_of(job, kind, name)
        for key, value in job.pipeline.settings(kind, name, keys).items():
            if key in listed.get(file, ()):
                value = _beside(value, _at(_content(file), key))
            found[f"{kind}/{name}/{key}"] = value
    return found


def _beside(value: Any, written: Any) -> Any:
    """What of a setting is not written in its file: defaults."""
    if not (isinstance(value, dict) and isinstance(written, dict)):
        return None
    return {
        key: _beside(one, written[key]) if key in written else one for key, one in value.items()
    }


def _file_of(job: Job, kind: str, name: str) -> Path:
    file = job.pipeline.configfile
    return file if kind == "profile" else load.config_file(kind, load.variant_of(name), file)


@cache
def _content(file: Path) -> Any:
    return read_yaml(file)


def _stands_in(content: object, key: str) -> bool:
    try:
        _at(content, key)
    except (LookupError, TypeError):
        return False
    return True


def _at(content: Any, key: str) -> Any:
    """The value of a dotted key."""
    for name in key.split("."):
        content = content[name]
    return content


def _plots(pipeline: Pipeline) -> Iterator[dict]:
    """For `dvc plots show`: a variant's trainings in one plot, a curve a split and seed."""
    for dataset in pipeline.profile.datasets:
        for name in pipeline.networks:
            if pipeline.variant(name).trained:
                jobs = pipeline.runs("train", dataset, [name])
                files = _paths(job / job.step.plots for job in jobs if job.step.plots)
                title = f"{name} on {dataset}: loss"
                plot = {"x": "epoch", "y": dict.fromkeys(files, "loss"), "title": title}
                yield {title: plot}


def _artifacts(pipeline: Pipeline) -> Iterator[tuple[str, dict]]:
    """The checkpoint that is pictured, and the backbones that other programs can load."""
    profile = pipeline.profile
    for dataset in profile.datasets:
        run = pipeline.shown_run("rank", dataset)
        about = f"{pipeline.variant(run['variant']).title}, trained on {dataset}"
        if training := pipeline.training_of(run):
            yield _artifact(training, "model.safetensors", about)
        for name in profile.backbones:
            backbone = pipeline.runs("export", dataset, [name])[0]
            about = f"{pipeline.variant(name).title}, as a timm checkpoint"
            yield _artifact(backbone, "model.safetensors", about)


def _named_once(artifacts: Iterable[tuple[str, dict]], pipeline: Pipeline) -> dict[str, dict]:
    found: dict[str, dict] = {}
    for name, artifact in artifacts:
        if name in found:
            raise ConfigError(
                f"{pipeline.configfile}: DVC calls two artifacts {name}: rename a variant"
            )
        found[name] = artifact
    return found


def _artifact(job: Job, file: str, about: str) -> tuple[str, dict]:
    name = re.sub(r"[^a-z0-9]+", "-", f"{job['variant']}-{job['dataset']}".lower()).strip("-")
    about = about.replace("${", "\\${")  # else DVC reads a variable
    return name, {"path": (job / file).as_posix(), "type": "model", "desc": about}


def _paths(paths: Iterable[Path]) -> list[str]:
    return [path.as_posix() for path in paths]


def _text(content: dict) -> str:
    return yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=True)
