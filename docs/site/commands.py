"""The page of the command line: every verb with its arguments and options, from the program."""

import re

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

from dcct.command import app

RICH = re.compile(r"\[/?b\]|\[/\]")
"""Marks of bold text in a help for terminals."""
LIST = re.compile(r"\*\*Commands\*\*:\n\n(?:\* .*\n)+")
"""Of verbs, their helps cut short: the contents beside the page name them all."""
EXAMPLE = re.compile(r"^Example: (.+)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    command = typer.main.get_command(app)
    text = get_docs_for_click(
        obj=command, ctx=typer.Context(command), name="dcct", title="Command line"
    )
    text = EXAMPLE.sub(r"```console\n$ \1\n```", LIST.sub("", RICH.sub("", text)))
    files.append(File.generated(config, "reference/commands.md", content=text))
    return files
