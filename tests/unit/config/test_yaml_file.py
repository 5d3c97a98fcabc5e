"""The door for YAML: values, or one line."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.config.yaml_file import read_yaml
from dcct.errors import ConfigError

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "60"))
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED = {
    "a date that is none": "a: 2020-13-45",
    "a tag that its value denies": "a: !!int abc",
    "a time that is none": "a: !!timestamp abc",
    "a truth that is none": "a: !!bool maybe",
    "bytes that are none": "a: !!binary é",
    "a tag of Python": "a: !!python/object/apply:os.system [touch pwned]",
    "a number without end": "a: " + "9" * 5000,
    "depth": "a: " + "[" * 2000 + "]" * 2000,
    "a bomb": BOMB,
    "an alias": "a: &x 1\nb: *x",
    "a key that stands twice": "a: 1\nb:\n  c: 1\n  c: 2",
    "a key that is no word": "1: a",
    "a key that is a list": "? [a]\n: b",
    "half a character": r'a: "\ud83c"',
    "what XML cannot hold": r'a: "\uffff"',
    "a control character": r'a: "\x1b[2J"',
    "two documents": "a: 1\n---\na: 2",
    "an unfinished list": "a: [1",
    "a merge of keys": "b: &b {c: 1}\na:\n  <<: *b",
    "other bytes": b"a: \xff\xfe",
    "size": "# " + "x" * 1_000_001,
}
NUMBERS = {
    "25e-4": 0.0025,
    "2.5e-3": 0.0025,
    "1e3": 1000.0,
    "1_000": 1000,
    "-7": -7,
    ".5": 0.5,
    "1:30": "1:30",
    "010": "010",
    "1.2.3": "1.2.3",
    "e5": "e5",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_a_configuration_cannot_be_is_one_line(content, tmp_path, monkeypatch):
    """It names the file, within two seconds; nothing is run."""
    monkeypatch.chdir(tmp_path)
    path = Path("profile.yaml")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"^profile\.yaml: [^\n]+$"):
        read_yaml(path)
    assert time.monotonic() - started < 2
    assert os.listdir() == ["profile.yaml"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "device"])
def test_what_is_no_file_is_not_waited_for(kind, tmp_path):
    """Folders, pipes, links in a circle and devices: one line at once."""
    path = tmp_path / "profile.yaml"
    make = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to(path),
        "device": lambda: path.symlink_to("/dev/zero"),
    }
    make[kind]()
    with pytest.raises(ConfigError, match=r"profile\.yaml: [^\n]*cannot be read"):
        read_yaml(path)


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers_are_what_they_look_like(text, value, tmp_path):
    """An exponent needs no point; what YAML 1.1 takes for base 60 or 8 is no number."""
    path = tmp_path / "a.yaml"
    path.write_text(f"a: {text}")
    found = read_yaml(path)["a"]
    assert (found, type(found)) == (value, type(value))


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
KEYS = st.text("abcdefghij_", min_size=1, max_size=8)
VALUES = st.recursive(
    LEAVES, lambda x: st.lists(x, max_size=4) | st.dictionaries(KEYS, x, max_size=4), max_leaves=20
)


@settings(max_examples=EXAMPLES, deadline=10_000, derandomize=True)
@given(value=VALUES)
def test_what_json_can_say_comes_back(value, tmp_path_factory):
    """JSON is YAML: lists, mappings, texts and numbers are read as they are."""
    path = tmp_path_factory.mktemp("y") / "a.yaml"
    path.write_text(json.dumps({"a": value}, ensure_ascii=False))
    assert read_yaml(path) == {"a": value}


@settings(max_examples=EXAMPLES, deadline=10_000, derandomize=True)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text("ab:-[]{}&*!|>'\"%@#? \n\t,0123456789.eE~<=", max_size=120).map(str.encode),
    )
)
def test_any_bytes_are_values_or_one_line(content, tmp_path_factory):
    """No traceback, no second line, whatever the file holds."""
    path = tmp_path_factory.mktemp("y") / "a.yaml"
    path.write_bytes(content)
    said = f"{path}: nothing"
    try:
        read_yaml(path)
    except ConfigError as error:
        said = str(error)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
