"""What the Markdown files say exists: links, sections, verbs. The README is short."""

import re
from pathlib import Path

import pytest
import typer

from dcct.command import app
from dcct.pipeline.steps import STEPS

ROOT = Path(__file__).parents[2]
SKIPPED = {".venv", ".snakemake", "data", "node_modules"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
VERB = re.compile(r"(?<![\w/.-])dcct ((?:[a-z][a-z-]+)(?: [a-z][a-z-]+)?)")
LIMIT = 900
"""Words of the README."""


def markdown() -> list[Path]:
    """Every Markdown file of the repository; of the results, only what is committed."""
    found = sorted(path for path in ROOT.rglob("*.md") if not _is_made(path.relative_to(ROOT)))
    assert ROOT / "README.md" in found
    return found


def _is_made(path: Path) -> bool:
    first, *rest = path.parts
    in_results = first == "results" and rest[0] not in ("README.md", "reference")
    return first in SKIPPED or first.startswith(".") or in_results


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


FILES = markdown()


def anchors_of(path: Path) -> set[str]:
    """Names of a file's sections, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", path.read_text()), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def verbs_of(application: typer.Typer) -> set[str]:
    """All that may follow `dcct`: verbs, and groups with theirs."""
    command = typer.main.get_command(application)
    found = set()
    for name, one in command.commands.items():
        found |= {name, *(f"{name} {inner}" for inner in getattr(one, "commands", ()))}
    return found


def verb_in(words: str, verbs: set[str]) -> str:
    """Of `data status` the verb is both words, of `train walkers` the first."""
    first = words.split()[0]
    return words if any(verb.startswith(f"{first} ") for verb in verbs) else first


def test_the_readme_is_short():
    """Below 900 words, as wc counts them."""
    assert len((ROOT / "README.md").read_text().split()) < LIMIT


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_relative_link_leads_somewhere(path):
    """To a file or folder that is there and, where it names one, to a section of it."""
    for link in LINK.findall(CODE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), f"{name_of(path)}: {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{name_of(path)}: {link}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_verb_that_is_named_exists(path):
    """In code, in a line or in a block, what follows `dcct` is a verb of the command."""
    text, verbs = path.read_text(), verbs_of(app)
    code = CODE.findall(text) + re.findall(r"`([^`\n]+)`", CODE.sub("", text))
    named = {verb_in(words, verbs) for piece in code for words in VERB.findall(piece)}
    assert named - {"as"} <= verbs  # Snakemake says `from dcct as …`


def test_every_verb_is_named_somewhere():
    """No verb of the command is without a word in a guide."""
    text = "".join(path.read_text() for path in FILES)
    assert not [verb for verb in verbs_of(app) - {"data"} if f"dcct {verb}" not in text]


def test_the_arrows_are_the_table_of_steps():
    """The guide names the steps in the order in which the command does."""
    blocks = CODE.findall((ROOT / "docs/running.md").read_text())
    (arrows,) = (block for block in blocks if block.startswith("```\n"))
    assert re.findall(r"\w+", re.sub(r"\(.*?\)", "", arrows)) == list(STEPS)


@pytest.mark.parametrize(
    "path", [path for path in FILES if SNIPPET.search(path.read_text())], ids=name_of
)
def test_every_python_snippet_runs(path, tmp_path, monkeypatch):
    """One after the other, as they stand; but that weights are drawn, not fetched."""
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for code in SNIPPET.findall(path.read_text()):
        exec(code.replace("pretrained=True", "pretrained=False"), names)


def test_snakemake_is_told_how_many_cores(root):
    """Snakemake refuses `--cores` without a value: no command that the project prints lacks one."""
    tracked = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("config/**/*.yaml")]
    tracked += [*root.glob("dcct/**/*.py"), *root.glob("results/reference/**/*.md")]
    lacking = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in tracked
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"snakemake\b[^`]*--cores(?! (all|\d|N\b|{\w+}))", line)
    ]
    assert lacking == []
