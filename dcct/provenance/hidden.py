"""Whether data of real people are hidden from git and DVC, which put what they see into commits,
caches and remotes. `dvc exp run` commits even what DVC only watches, where git does not ignore it.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from shutil import which

from dcct.errors import ConfigError
from dcct.pipeline.dvc import kept_here
from dcct.pipeline.pipeline import Pipeline

SEEN = 1
"""Status of `check-ignore` for what is not ignored; others say that there is no repository, or that
the path lies outside it or behind a link, where neither tool takes anything."""


def check_hidden(pipeline: Pipeline) -> None:
    """Raises ConfigError naming what of sets that are not drawn either tool would take in, with the
    command that hides it."""
    sets = kept_here(pipeline)
    linked = [Path(path) for name in sets if (path := pipeline.dataset(name).path)]
    data = [folder for name in sets for folder in (pipeline.data / name, pipeline.archives)]
    made = [pipeline.job("pack", name).receipt for name in sets]
    made += [pipeline.job("page") / "html"] if sets else []
    data_hidden_by = {path: path for path in data + linked}
    git = [found] if (found := which("git")) else []
    dvc = [sys.executable, "-m", "dvc"] if find_spec("dvc") else []
    for tool, command, hidden_by in (
        ("dvc", dvc, data_hidden_by),
        ("git", git, data_hidden_by | dict.fromkeys(made, pipeline.results)),
    ):
        seen = [by for path, by in hidden_by.items() if command and _sees(command, path)]
        names = list(dict.fromkeys(map(os.path.relpath, seen)))
        if names:
            lines = " ".join(quote(f"/{name}") for name in names)
            raise ConfigError(
                f"{pipeline.configfile}: {', '.join(names)}: {tool} would take in what is nobody's"
                f" to hand on: hide it with `printf '%s\\n' {lines} >> .{tool}ignore`, then run"
                f" `{pipeline.as_typed('dcct dvc')}` again"
            )


def _sees(tool: list[str], path: Path) -> bool:
    name = os.path.relpath(path)
    if name.split("/")[0] == "..":
        return False
    command = [*tool, "check-ignore", name]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == SEEN
