"""The verb that comes first: is everything here that a run needs?"""

import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dcct.config.load import SHIPPED
from dcct.errors import DcctError, one_line
from dcct.files import write_json
from dcct.pipeline.pipeline import DEFAULT
from dcct.pipeline.steps import read_pipeline
from dcct.verbs.options import Configfile, Json, verb

if TYPE_CHECKING:
    from dcct.doctor.finding import Finding

app = typer.Typer()
LOOKS = {"wrong": "[bold red]✗ wrong[/]", "hint": "[yellow]! hint[/]", "ok": "[green]✓[/]"}


@verb(app, "Configuration")
def doctor(configfile: Configfile = DEFAULT, json: Json = None) -> None:
    """What this machine has, and what keeps a profile from running, first of all. FILE names no
    paths of yours: add it to a report of a problem.

    Example: dcct doctor
    """
    from dcct.doctor.examine import examine
    from dcct.doctor.nameless import without_paths

    file = configfile if configfile.exists() or configfile != DEFAULT else SHIPPED / DEFAULT.name
    findings = examine(file)
    _show(findings)
    if json:
        about = {"dcct": version("dcct"), "system": platform.platform()}
        write_json(json, {**about, "findings": _for_others(without_paths(findings, file))})
    failed = sum(one.state == "wrong" for one in findings)
    if failed:
        these = "one thing keeps" if failed == 1 else f"{failed} things keep"
        raise DcctError(f"{these} {configfile} from running: begin with the first line above")
    print(f"Nothing keeps {configfile} from running: {read_pipeline(file).again}")


def _show(findings: list["Finding"]) -> None:
    """A table on a terminal; in a pipe a line each, with its state first."""
    if not sys.stdout.isatty():
        for one in findings:
            then = f": {one.next}" if one.next else ""
            print(one_line(f"{one.state:<5}  {one.about}: {one.says}{then}"))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for one in findings:
        then = f"\n[bold]→ {escape(one_line(one.next))}[/]" if one.next else ""
        says = f"{escape(one_line(one.says))}{then}"
        table.add_row(LOOKS[one.state], escape(one.about), says)
    Console().print(table)


def _for_others(findings: list["Finding"]) -> list[dict[str, str]]:
    names = ("about", "state", "says", "next")
    return [{name: getattr(one, name) for name in names} for one in findings]
