"""The door for YAML: a file gives plain values, or one line that says what is wrong with it.

YAML says more than a configuration should. Aliases, of which a few lines make billions of values,
are not read; a key stands once; 25e-4 is a number, 1:30 and 010, which YAML 1.1 takes for 90 and
8, are none.
"""

import re
import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from dcct.errors import ConfigError

MOST_BYTES = 1_000_000
"""Of a file."""
DEEPEST = 40
"""Lists and mappings within each other."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no text holds: control characters, halves of characters, which no file can be written with,
and what is none in XML."""
WHAT_VALUES_RAISE = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError)
"""In PyYAML's constructors, at a value that its tag denies."""
INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+)\Z")
FLOAT = re.compile(
    r"(?:[-+]?(?:(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))\Z"
)


class Loader(yaml.SafeLoader):
    """PyYAML's safe one, with less of YAML 1.1."""

    yaml_implicit_resolvers = {
        first: [(tag, found) for tag, found in known if not tag.endswith((":int", ":float"))]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._refuse("aliases (*name) are not read: write it out")
        self.depth += 1
        if self.depth > DEEPEST:
            self._refuse(f"more than {DEEPEST} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"a key is a word, not {key!r}", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} stands twice: name each key once", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)
        if isinstance(text, str) and CONTROL.search(text):
            raise yaml.constructor.ConstructorError(
                None, None, f"{text!r} holds what is no character", node.start_mark
            )
        return text

    def _refuse(self, why: str) -> None:
        raise yaml.composer.ComposerError(None, None, why, self.peek_event().start_mark)


Loader.add_implicit_resolver("tag:yaml.org,2002:int", INT, list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789."))


def read_yaml(path: Path) -> Any:
    """What a YAML file says, unchecked. Raises ConfigError, one line, when it cannot be read."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):  # reading a pipe would wait for ever
            raise ConfigError(f"{path}: cannot be read: it is no file: name one that holds YAML")
        if state.st_size > MOST_BYTES:
            raise ConfigError(
                f"{path}: {state.st_size:,} bytes, more than the {MOST_BYTES:,} of any"
                " configuration: name a file that holds YAML"
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file: name an existing profile with --configfile"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not valid YAML: {shortened(error)}") from None
    return parse_yaml(text, path)


def parse_yaml(text: str, where: object) -> Any:
    """What YAML says, unchecked. Raises ConfigError, one line that begins with `where`."""
    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(f"{where}: not valid YAML: {line}{shortened(error.problem)}") from None
    except (yaml.YAMLError, *WHAT_VALUES_RAISE) as error:
        raise ConfigError(f"{where}: not valid YAML: {shortened(error)}") from None


def shortened(what: object) -> str:
    """One line of something that came from a file, which can neither fill a terminal nor take it
    over."""
    line = " ".join(str(what)[:1000].split())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)[:300]
