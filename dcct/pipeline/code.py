"""What decides a step's numbers: source files (the import closure of its entry modules) and
sections of the profile.

Neither Snakemake nor DVC sees edits of an imported package. Rules take these files as inputs and
dvc.yaml lists them as deps (a test holds the list against this function), so that editing losses.py
retrains and editing a figure does not.
"""

import ast
from functools import cache
from pathlib import Path

from dcct.config.profile import Profile

PACKAGE = Path(__file__).parents[1]
ENTRY = {
    "source": "datasets/source.py",
    "verify": "datasets/verify.py",
    "manifest": "datasets/manifest.py datasets/readers.py",
    "pack": "clips/frames.py",
    "sample": "clips/sampling.py",
    "weights": "models/weights.py",
    "train": "training/loop.py",
    "extract": "inference/extraction.py",
    "rank": "evaluation/protocol.py",
    "export": "inference/export.py inference/extraction.py",
    "attend": "inference/attention.py inference/extraction.py",
    "cost": "inference/cost.py models/full_size.py report/tables/cost.py",
    "tabulate": "report/tables/tables.py",
    "draw": "report/figures/charts.py",
    "tradeoff": "report/figures/tradeoff.py",
    "gallery": "report/figures/queries.py report/figures/failures.py",
    "heatmaps": "report/figures/spatial.py report/figures/temporal.py",
    "embed": "report/figures/embedding.py",
    "sheet": "report/figures/sheet.py",
    "page": "report/page/build.py report/page report/figures/captions",
}
"""Step (a verb of the command) → the modules that do its work, and folders of templates and texts
that it fills."""
SECTIONS = {
    "source": (),
    "verify": (),
    "manifest": (),
    "pack": ("clips",),
    "sample": ("clips", "evaluation"),
    "weights": ("clips", "network", "weights"),
    "train": ("clips", "network", "training"),
    "extract": ("clips", "network", "training", "evaluation"),
    "rank": ("clips", "evaluation"),
    "export": ("clips", "network"),
    "attend": ("clips", "network", "training", "evaluation"),
    "cost": ("clips", "network", "training"),
    "tabulate": ("clips", "network", "weights", "training", "evaluation"),
    "draw": ("evaluation",),
    "tradeoff": ("evaluation",),
    "gallery": ("evaluation",),
    "heatmaps": (),
    "embed": ("evaluation",),
    "sheet": (),
    "page": ("clips", "network", "weights", "training", "evaluation"),
}
"""Step → sections of the profile that it reads: rule params, and params of the DVC stage."""
TEXTS = {".css", ".html", ".js", ".rst"}
"""What a step may fill or show that is no code."""
PLUMBING = {"errors.py", "files.py", "pipeline/paths.py", "runtime/progress.py", "provenance/receipt.py", "pipeline/code.py"}
"""Modules that move, check and announce results but decide no number."""


def code_of(step: str) -> list[Path]:
    """Source files on which the numbers of `step` depend, sorted, relative to the package's parent
    folder."""
    found: set[Path] = set()
    waiting = [PACKAGE / module for module in ENTRY[step].split()]
    texts = {
        file
        for folder in waiting
        if folder.is_dir()
        for file in folder.iterdir()
        if file.suffix in TEXTS
    }
    waiting = [file for file in waiting if file.is_file()]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(imports_of(file))
    names = sorted(file.relative_to(PACKAGE).as_posix() for file in found | texts)
    return [
        Path(PACKAGE.name) / name
        for name in names
        if name not in PLUMBING and not name.endswith("__init__.py")
    ]


def settings_of(step: str, profile: Profile) -> dict:
    """The sections of `profile` on which the numbers of `step` depend."""
    return {
        section: getattr(profile, section).model_dump(mode="json") for section in SECTIONS[step]
    }


@cache
def imports_of(file: Path) -> tuple[Path, ...]:
    """Files of this package that `file` imports, anywhere in it."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return tuple(sorted({path for module in modules for path in _module_files(module)}))


def _module_files(module: str) -> list[Path]:
    """The file of a module of this package; none for anything else."""
    first, *rest = module.split(".")
    if first != PACKAGE.name or not rest:
        return []
    path = PACKAGE.joinpath(*rest)
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
