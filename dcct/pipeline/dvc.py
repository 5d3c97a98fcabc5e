"""The pipeline of a profile as DVC stages: every job one stage, with the same command line.

A stage depends on the digests of what it reads, on the keys of the configuration that decide its
numbers, and on digests of the code and of all settings that do, defaults among them. These two
stand in a params file of their own: what neither file lists changes nothing.
"""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from dcct.config import load
from dcct.config.yaml_file import read_yaml
from dcct.errors import ConfigError
from dcct.pipeline.pipeline import Job, Pipeline

STAGES, CODE = Path("dvc.yaml"), Path("workflow/code.yaml")
HEAD = "# Written by `{command}` from the table of steps: edit that, and run it again.\n"


def stages_of(pipeline: Pipeline) -> dict[Path, str]:
    """dvc.yaml and the params file of code digests → what a profile makes of them.

    Raises ConfigError where DVC cannot tell two jobs apart, or cannot keep what they make.
    """
    _check_inside(pipeline)
    jobs, stages = pipeline.jobs(), {}
    for job in jobs:
        name = stage_name(job)
        if name in stages:
            raise ConfigError(f"{pipeline.configfile}: DVC calls two jobs {name}: rename a variant")
        stages[name] = _stage(job)
    content = {"stages": stages, "artifacts": _named_once(_artifacts(pipeline), pipeline)}
    digests = {
        "code": {job.rule: job.code for job in jobs},
        "settings": {stage_name(job): job.settings_digest for job in jobs},
    }
    head = HEAD.format(command=pipeline.as_typed("dcct dvc"))
    return {STAGES: head + _text(content), CODE: head + _text(digests)}


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


def _stage(job: Job) -> dict:
    step = job.step
    special = {job / name for name in (step.metrics, step.plots) if name}
    stage = {
        "cmd": f"{job.command} --configfile {quote(str(job.pipeline.configfile))}",
        "deps": _paths([*job.digests, *job.quotes, *job.given]),
        "params": [
            *_params(job),
            {CODE.as_posix(): [f"code.{job.rule}", f"settings.{stage_name(job)}"]},
        ],
        "outs": _paths(path for path in job.products if path not in special),
    }
    if step.metrics:
        stage["metrics"] = _paths([job / step.metrics])
    if step.plots:
        stage["plots"] = [{(job / step.plots).as_posix(): {"x": "epoch", "y": "loss"}}]
    return {key: value for key, value in stage.items() if value}


def _params(job: Job) -> Iterator[dict[str, list[str]]]:
    """Configuration file → keys that decide a job's numbers, as far as they stand in it: others
    have their default."""
    for kind, name, keys in job.watched:
        file = job.pipeline.configfile
        if kind != "profile":
            file = load.config_file(kind, load.variant_of(name), file)
        content = _content(file)
        found = [key for key in keys or content if _stands_in(content, key)]
        if found:
            yield {file.as_posix(): found}


@cache
def _content(file: Path) -> Any:
    return read_yaml(file)


def _stands_in(content: object, key: str) -> bool:
    for name in key.split("."):
        if not isinstance(content, dict) or name not in content:
            return False
        content = content[name]
    return True


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
