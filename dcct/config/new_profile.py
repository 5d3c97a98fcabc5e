"""A new profile made of another one: the same text with a few values changed.

What cannot go with a change is left out where that is obvious, and said; all else is refused when
the result is checked as any profile is.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dcct.config import load
from dcct.config.configuration import Configuration
from dcct.config.profile import Profile
from dcct.config.table import shown
from dcct.config.yaml_file import Loader, parse_yaml
from dcct.errors import ConfigError

WIDTH = 100
"""Of a line. Lists that are longer have a line for each of their items."""


class Dumper(yaml.SafeDumper):
    """Quotes what our Loader would take for something else than a text."""

    yaml_implicit_resolvers = Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: object) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class Change:
    """One key's new value."""

    key: str
    """Dotted, as in training.epochs."""
    value: Any
    """As YAML gives it."""
    why: str = ""
    """Of what follows from other changes: what a user is told."""


def asked(words: str) -> Change:
    """KEY=VALUE of a command line. Raises ConfigError where it is none, or VALUE is no YAML."""
    key, sign, value = words.partition("=")
    if not (sign and all(key.split("."))):
        raise ConfigError(f"--set {words}: is not KEY=VALUE, as in training.epochs=20")
    return Change(key=key, value=parse_yaml(value, f"--set {key}"))


def following(
    source: Configuration, content: dict, path: Path, given: Iterable[str]
) -> Iterator[Change]:
    """What else changes with the changes in `content`, each made in it before the next is looked
    for. path: of the new profile. given: keys that the user has set, which stay as they are.

    Raises ConfigError where the content is none of a profile.
    """
    free = [rule for key, rule in RULES.items() if not any(_within(one, key) for one in given)]
    for rule in free:
        for change in rule(source, content, path):
            put(content, change)
            yield change


def put(content: dict, change: Change) -> None:
    """Make a change in what a profile says. Raises ConfigError where its key lies in no section."""
    *sections, name = change.key.split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise ConfigError(f"--set {change.key}: {section} holds no keys: set it as a whole")
    content[name] = change.value


def written(text: str, change: Change) -> str:
    """A profile's text with a change made in it. Comments stay, but those on the lines that change,
    which speak of what stood there."""
    content = parse_yaml(text, change.key)
    put(content, change)
    mapping, names = _composed(text), change.key.split(".")
    for depth, name in enumerate(names, 1):
        content = content[name]
        entry: tuple[yaml.Node, yaml.Node] | None = next(
            (pair for pair in mapping.value if pair[0].value == name), None
        )
        inner = entry[1] if entry else None
        last = depth == len(names)
        if last or not isinstance(inner, yaml.MappingNode) or inner.flow_style:
            break
        mapping = inner
    column = mapping.value[0][0].start_mark.column
    start = entry[0].start_mark.index - column if entry else _line_end(text, mapping) + 1
    rest = text[_line_end(text, entry[1] if entry else mapping) :]
    return f"{text[:start].rstrip(chr(10))}\n{_lines(name, content, ' ' * column)}{rest}"


def _composed(text: str) -> yaml.MappingNode:
    node = yaml.compose(text, Loader)
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError("a profile is a mapping of keys")
    return node


def _line_end(text: str, node: yaml.Node) -> int:
    """Where the line ends on which a node does. A block has no end of its own: comments and empty
    lines behind it would belong to it."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = text.find("\n", node.end_mark.index)
    return end if end >= 0 else len(text)


def _lines(name: str, value: Any, indent: str) -> str:
    line = f"{indent}{name}: {_flow(value)}"
    if len(line) <= WIDTH or not isinstance(value, list):
        return line
    return "\n".join([f"{indent}{name}:", *(f"{indent}  - {_flow(item)}" for item in value)])


def _flow(value: Any) -> str:
    text = yaml.dump(value, Dumper=Dumper, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix("...\n").strip()


def _within(one: str, other: str) -> bool:
    """Whether a key is another one, or either lies in the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _results(source: Configuration, content: dict, path: Path) -> Iterator[Change]:
    """Results of two profiles in one folder would replace each other's."""
    folder = f"results/{path.stem}"
    yield Change(key="results_dir", value=folder, why=f"{folder}, so that no results are replaced")


def _kept_epochs(source: Configuration, content: dict, path: Path) -> Iterator[Change]:
    last, epochs = content["training"].get("epochs"), source.profile.evaluation.epochs
    if isinstance(last, int) and any(epoch > last for epoch in epochs):
        reached = [epoch for epoch in epochs if epoch <= last]
        yield Change(
            key="evaluation.epochs",
            value=reached,
            why=f"{reached}, since training ends after {last}",
        )


def _backbones(source: Configuration, content: dict, path: Path) -> Iterator[Change]:
    profile = load.check(content, Profile, str(path))
    donors = {name: load.load_variant(name, path).backbone_of for name in profile.backbones}
    left = [name for name in profile.backbones if donors[name] in profile.variants]
    yield from _shortened("backbones", profile.backbones, left, "is of no variant any more")


def _time_order(source: Configuration, content: dict, path: Path) -> Iterator[Change]:
    profile = load.check(content, Profile, str(path))
    names = profile.evaluation.time_order
    left = [name for name in names if name in profile.evaluated]
    yield from _shortened("evaluation.time_order", names, left, "is evaluated no more")


def _cross(source: Configuration, content: dict, path: Path) -> Iterator[Change]:
    """Without what is trained no more, and without tests on sets that were trained on and are not:
    who names fewer sets has not got the others."""
    profile, left = load.check(content, Profile, str(path)), []
    gone = set(source.profile.datasets) - set(profile.datasets)
    for one in profile.cross:
        variants = [name for name in one.variants if name in profile.evaluated]
        if one.train in profile.datasets and one.test not in gone and variants:
            left.append({**one.model_dump(), "variants": variants})
    if left != [one.model_dump() for one in profile.cross]:
        yield Change(key="cross", value=left, why=f"{len(left)} of {len(profile.cross)} left")


def _tables(source: Configuration, content: dict, path: Path) -> Iterator[Change]:
    """Without those that showed runs and show none any more."""
    profile = load.check(content, Profile, str(path))
    before = source.profile
    left = [
        name
        for name in profile.tables
        if _shows(name, profile, path)
        or not (name in before.tables and _shows(name, before, source.configfile))
    ]
    yield from _shortened("tables", profile.tables, left, "would show no run any more")


def _shows(name: str, profile: Profile, path: Path) -> bool:
    """Whether a table has anything to show of what a profile runs."""
    table = load.load_named("tables", name, path)
    if table.claims:
        claims = load.load_named("claims", table.claims, path)
        table = table.model_copy(update={"pairs": claims.pairs})
    if table.compare == "epochs" and not profile.kept:
        return False
    return any(part.runs for part in shown(table, profile, []))


def _shortened(key: str, names: list[str], left: list[str], why: str) -> Iterator[Change]:
    if gone := [name for name in names if name not in left]:
        yield Change(key=key, value=left, why=f"without {', '.join(gone)}, which {why}")


RULES = {
    "results_dir": _results,
    "evaluation.epochs": _kept_epochs,
    "backbones": _backbones,
    "evaluation.time_order": _time_order,
    "cross": _cross,
    "tables": _tables,
}
"""Key → what becomes of it when others change; in order, since later ones look at earlier ones."""


def new_text(
    source: Configuration, changes: list[Change], path: Path, header: str
) -> tuple[str, list[Change]]:
    """The text of a new profile, and what of it follows from the changes. header: lines of comment
    in place of the source's, which speak of that one.

    Raises ConfigError where a key lies in no section, or the result is no profile.
    """
    text = source.configfile.read_text(encoding="utf-8-sig")
    content = deepcopy(parse_yaml(text, source.configfile))
    for change in changes:
        put(content, change)
    more = list(following(source, content, path, [change.key for change in changes]))
    for change in (*changes, *more):
        text = written(text, change)
    body = text[_composed(text).start_mark.index :]
    return header + body, more
