"""The page of configuration: each key's type, limits and default, from the schemas of the files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SCHEMAS = Path(__file__).parents[2] / "workflow/schemas"
ABOUT = """# Types, limits and defaults

Every key of every YAML file, from the schemas that editors read (`workflow/schemas`).
What keys mean together, with examples, is in [Configuration](../config/README.md).
"""
FOLDER = {"profile": "*.yaml", "claim": "claims/*.yaml"}
"""Where files of a schema lie below config/, where it is no folder of its name."""
WORD = {
    "array": "list",
    "boolean": "true or false",
    "integer": "whole number",
    "null": "null",
    "number": "number",
    "object": "mapping",
    "string": "text",
}
LIMIT = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}

Schema = dict[str, Any]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Profiles first, what they name after them."""
    names = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))
    names.sort(key=lambda name: name != "profile")
    text = "\n".join([ABOUT, *(line for name in names for line in _file(name))])
    files.append(File.generated(config, "reference/configuration.md", content=text))
    return files


def _file(name: str) -> Iterator[str]:
    """The heading of one kind of file, then each of its sections."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    yield f"## {name.capitalize()}\n"
    yield f"`config/{FOLDER.get(name, f'{name}s/*.yaml')}`\n"
    if "properties" in schema:
        yield from _table(name, schema)
    else:
        yield f"{_type(name, schema)}.\n"
    for section, inner in schema.get("$defs", {}).items():
        if "properties" in inner:
            yield f"### {section} {{#{_anchor(name, section)}}}\n"
            yield from _table(name, inner)


def _table(name: str, section: Schema) -> Iterator[str]:
    if "description" in section:
        yield f"{_cell(section['description'])}\n"
    yield "| key | what | type | default |\n|---|---|---|---|"
    for key, schema in section["properties"].items():
        needed = key in section.get("required", ())
        default = "**required**" if needed else _default(schema)
        what = _cell(schema.get("description", ""))
        yield f"| `{key}` | {what} | {_type(name, schema)} | {default} |"
    yield ""


def _default(schema: Schema) -> str:
    """Those of a section of keys stand at its keys."""
    if "default" not in schema or "$ref" in schema:
        return ""
    return f"`{_cell(json.dumps(schema['default'], ensure_ascii=False))}`"


def _type(name: str, schema: Schema) -> str:
    """In words; a section of keys is a link to its table."""
    match schema:
        case {"$ref": path}:
            section = path.rpartition("/")[2]
            return f"[{section}](#{_anchor(name, section)})"
        case {"anyOf": kinds} | {"oneOf": kinds}:
            return " or ".join(dict.fromkeys(_type(name, kind) for kind in kinds))
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"items": dict() as items}:
            return f"list of {_type(name, items)}"
        case {"additionalProperties": dict() as values}:
            return f"mapping to {_type(name, values)}"
    limits = ", ".join(f"{sign} {schema[key]:g}" for key, sign in LIMIT.items() if key in schema)
    return " ".join(filter(None, [WORD[schema["type"]], limits]))


def _anchor(name: str, section: str) -> str:
    return f"{name}-{section.lower()}"


def _cell(text: str) -> str:
    """One line of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
