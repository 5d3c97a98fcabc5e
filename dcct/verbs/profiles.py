"""The verb that makes a profile of another one."""

from pathlib import Path
from shlex import join, quote
from typing import Annotated

import typer
from rich.console import Console

from dcct.config.configuration import Configuration
from dcct.config.load import SHIPPED
from dcct.config.names import check_name
from dcct.errors import ConfigError, DcctError
from dcct.files import atomic
from dcct.pipeline.pipeline import DEFAULT
from dcct.pipeline.steps import STEPS, read_pipeline
from dcct.runtime.progress import Progress
from dcct.verbs.options import import_torch, verb

app = typer.Typer()
profiles = typer.Typer(no_args_is_help=True, help="Make profiles.")
app.add_typer(profiles, name="profile", rich_help_panel="Configuration")
FILLED = {step.at.split("/")[0] for step in STEPS.values()} | {"logs", "benchmarks", "work"}
"""Folders of the default run's results."""
PLAN = "dcct plan --teraflops 300 --utilisation 0.4"
"""With numbers of one card, to be replaced by those of one's own."""


@verb(profiles, "Configuration")
def new(
    name: Annotated[str, typer.Argument(help="Name of the profile: config/NAME.yaml is written.")],
    source: Annotated[
        str, typer.Option("--from", help="The profile to start from, for example paper.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A value to change, in YAML; may be repeated.", metavar="KEY=VALUE"
        ),
    ] = None,
) -> None:
    """Write a profile that is another one with a few values changed, and check it. What cannot go
    with a change, such as tables of sets that are not run any more, is left out and named.

    Example: dcct profile new mars-short --from paper --set 'datasets=[mars]' --set
    training.epochs=20
    """
    from dcct.config.new_profile import asked, new_text

    say = Progress(f"profile {name}", Console()).say
    path, original = _place(name), _named(source)
    changes = [asked(words) for words in settings or ()]
    options = [word for words in settings or () for word in ("--set", words)]
    made = join(["dcct", "profile", "new", name, "--from", source, *options])
    run, plan = (
        f"{command} --configfile {quote(str(path))}" for command in ("snakemake --cores all", PLAN)
    )
    text, more = new_text(
        Configuration(original), changes, path, f"# Made by: {made}\n# Run with: {run}\n"
    )
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        _check(temporary, path)
    for change in more:
        say(f"{change.key}: {change.why}")
    print(f"{path}: written and checked. What it costs: {plan}; then: {run}")


def _place(name: str) -> Path:
    """Where a new profile goes. Raises ConfigError where that is no name, or taken."""
    check_name("profile", name, "dcct profile new")
    path = DEFAULT.parent / f"{name}.yaml"
    if name in FILLED:
        raise ConfigError(f"{path}: results/{name} is the default run's: choose another name")
    if path.exists() or path.is_symlink():
        raise ConfigError(f"{path}: is there already: choose another name, or delete it first")
    return path


def _named(source: str) -> Path:
    """A profile beside, or shipped. Raises ConfigError naming the choices."""
    check_name("profile", source, "dcct profile new --from")
    folders = (DEFAULT.parent, SHIPPED)
    for folder in folders:
        if (path := folder / f"{source}.yaml").is_file():
            return path
    known = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
    raise ConfigError(f"--from {source}: no such profile: name one of {', '.join(known)}")


def _check(temporary: Path, path: Path) -> None:
    """As any profile is, its networks among it. Raises ConfigError with the file's own name."""
    try:
        pipeline = read_pipeline(temporary)
        import_torch()
        from dcct.models.buildable import check_networks

        variants = [pipeline.variant(one) for one in pipeline.profile.evaluated]
        check_networks(pipeline.profile, variants, temporary)
    except DcctError as error:
        line = str(error).replace(str(temporary), str(path))
        raise ConfigError(f"{line}: change that with --set as well") from None
