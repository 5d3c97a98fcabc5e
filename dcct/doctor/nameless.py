"""Findings for the eyes of others: what a path says of its owner is left out."""

import re
from dataclasses import replace
from pathlib import Path

from dcct.doctor.finding import Finding

HARMLESS = ("/dev/", "/proc/", "/sys/")


def without_paths(findings: list[Finding], configfile: Path) -> list[Finding]:
    """The same, with this folder as `.`, home as `~`, and of every other absolute path its last
    name alone."""
    named = [one.place for one in findings if one.place] + [configfile.absolute().parent]
    shortened = _shortened(named)

    def plain(text: str) -> str:
        for path, short in shortened:
            literal = short.replace("\\", r"\\")
            text = re.sub(rf"(?<![\w/.~]){re.escape(path)}(?![\w.-])", literal, text)
        return re.sub(r"(?<![\w/.~:…])/[^\s'\"`,;:()]+", _last_name, text)

    return [replace(one, says=plain(one.says), next=plain(one.next)) for one in findings]


def _shortened(named: list[Path]) -> list[tuple[str, str]]:
    """Path → what stands for it, longest first: spaces and all, which no pattern could tell."""
    ours = {str(Path.cwd()): ".", str(Path.home()): "~"}
    inside = tuple(f"{folder}/" for folder in ours)
    for path in named:
        if path.is_absolute() and not str(path).startswith((*inside, *HARMLESS)):
            ours.setdefault(str(path), f"…/{path.name}")
    ours.pop("/", None)
    return sorted(ours.items(), key=lambda pair: -len(pair[0]))


def _last_name(found: re.Match) -> str:
    return found[0] if found[0].startswith(HARMLESS) else f"…/{Path(found[0]).name}"
