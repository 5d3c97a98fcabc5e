"""The profile and its data, and where git and DVC keep what is made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from dcct.config.load import config_file
from dcct.doctor.asked import Asked
from dcct.doctor.finding import GB, Finding, hint, ok, wrong
from dcct.doctor.machine import nearest
from dcct.pipeline.pipeline import DEFAULT, Pipeline
from dcct.provenance.git import CHECKOUT, NONE, revision
from dcct.provenance.status import ACCEPT, status_of

CACHE_S = 30.0


def look_at_profile(pipeline: Pipeline) -> Finding:
    profile, default = pipeline.profile, pipeline.configfile == DEFAULT
    sizes = f"{len(profile.evaluated)} variants, seeds {', '.join(map(str, profile.seeds))}"
    named = f"{pipeline.configfile}{', the default' if default else ''}"
    return ok(
        "profile", f"{named}: {', '.join(profile.tested)}; {sizes}; {profile.training.device}"
    )


def look_at_data(pipeline: Pipeline) -> Iterator[Finding]:
    """One finding for each data set, and one for each other thing that users give."""
    missing = pipeline.missing()
    for name in pipeline.profile.tested:
        yield _data_set(pipeline, name, missing)
    roots = tuple(f"{pipeline.data / name}: " for name in pipeline.profile.tested)
    for line in missing:
        if not line.startswith(roots):
            what, _, then = line.rpartition(": ")
            yield wrong("given files", f"{what}: is missing", then)


def _data_set(pipeline: Pipeline, name: str, missing: list[str]) -> Finding:
    """Wrong where no run can put it in place by itself."""
    found, about = status_of(pipeline, name), f"data set {name}"
    if not found.title:  # what cannot even be looked at
        return wrong(about, "cannot be read", found.next)
    if found.next == "ready":
        return ok(about, f"in place, verified {found.verified}, {found.counts}")
    dataset, root = pipeline.dataset(name), pipeline.data / name
    file = config_file("datasets", name, pipeline.configfile)
    lacks = f"{root}: in place: {found.here}; verified: {found.verified}; {dataset.state}"
    if found.here != "yes" and dataset.path and dataset.absent_at(Path(dataset.path)):
        place, then = Path(dataset.path), f"put `path` right in {file}"
        return wrong(about, f"nothing of it lies at {place}", then, place)
    if found.next.startswith(ACCEPT):
        terms = " ".join(dataset.licence.split())
        then = f"if you keep to them, set accept_license: true in {file}, then"
        command = found.next.removeprefix(ACCEPT)
        return wrong(about, f"{lacks}; with terms: {terms}", f"{then} `{command}`", root)
    if any(line.startswith(f"{root}: ") for line in missing):
        return wrong(about, lacks, found.next, root)
    return ok(about, f"{lacks}; the run does it, or now `{found.next}`", root)


def look_at_git() -> Finding:
    found = revision()
    if found == NONE:
        if (CHECKOUT / ".git").exists():
            return hint("git", "gives no answer: results will name no commit", "`git status`")
        return ok("git", f"{NONE}: results will name no commit")
    if found.endswith("-dirty"):
        more = f"{found.removesuffix('-dirty')}, edited: results will not name what made them"
        return hint("git", more, "`git status`, and commit what is to stay")
    return ok("git", f"{found}, as committed")


def look_at_cache(asked: Asked) -> Finding:
    """Where DVC keeps what it takes over. asked: `dvc cache dir`."""
    about = "DVC cache"
    if not Path(".dvc").is_dir():
        return ok(about, "none: this folder is no repository of DVC")
    answer = asked.answer()
    if answer is None:
        then = "" if Path(".git").exists() else "`dvc config --local core.no_scm true`"
        return hint(about, asked.complaint, then)
    place = Path(answer.strip())
    free = shutil.disk_usage(nearest(place)).free
    return ok(about, f"{place}: {free / GB:,.1f} GB are free", place)
