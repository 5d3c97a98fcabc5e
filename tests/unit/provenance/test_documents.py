"""The door for our own JSON files: what they say, or one line."""

import json
import os
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcct.errors import DataError
from dcct.provenance.documents import read_metrics, read_receipt, read_record, read_report

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "60"))
READERS = [read_receipt, read_record, read_metrics, read_report]
KEYS = st.sampled_from(
    ["outputs", "inputs", "settings", "code", "rows", "headline", "digests", "counts", "split", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(KEYS, x, max_size=4),
    max_leaves=12,
)
DAMAGED = ["", "[]", "null", "3", '"x"', "{", "[" * 100_000, '{"code": "", "code": ""}']
WRONG = [
    *("{}", '{"outputs": ["x"]}', '{"outputs": {"x": 1}}', '{"outputs": {"/etc/passwd": "x"}}'),
    *('{"outputs": {"../x": "y"}}', '{"outputs": {"a\\nb": "y"}}', '{"outputs": {"": "y"}}'),
    *('{"outputs": {"\\ud800": "y"}}', '{"outputs": null}'),
]


def said_by(read, path) -> str:
    """The complaint; nothing where the file is taken."""
    try:
        read(path, "dcct rank x")
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("content", "read"),
    [
        *product(DAMAGED, READERS),
        *((content, read_receipt) for content in WRONG),
        *((content, read_record) for content in ('{"inputs": null}', '{"versions": {"torch": 2}}')),
        *((content, read_metrics) for content in ("{}", '{"rows": [], "headline": {}}')),
        *((content, read_report) for content in ("{}", '{"counts": []}')),
    ],
    ids=lambda one: getattr(one, "__name__", str(one)[:30]),
)
def test_a_file_of_another_shape_is_one_line(read, content, tmp_path):
    """It names the file, and the command that makes it again. No receipt names a file outside its
    folder."""
    path = tmp_path / "receipt.json"
    path.write_text(content)
    said = said_by(read, path)
    assert said.startswith(f"{path}: ")
    assert said.endswith("delete it and run `dcct rank x` again")
    assert "\n" not in said


@settings(max_examples=EXAMPLES, deadline=5000, derandomize=True)
@given(content=st.dictionaries(KEYS, VALUES) | VALUES, read=st.sampled_from(READERS))
def test_any_json_is_taken_or_one_line(content, read, tmp_path_factory):
    """No traceback, whatever stands there."""
    path = tmp_path_factory.mktemp("d") / "receipt.json"
    path.write_text(json.dumps(content))
    said = said_by(read, path)
    assert "\n" not in said
    assert not said or said.startswith(f"{path}: ")


@settings(max_examples=EXAMPLES, deadline=5000, derandomize=True)
@given(content=st.binary(max_size=100), read=st.sampled_from(READERS))
def test_any_bytes_are_one_line(content, read, tmp_path_factory):
    """No document of ours is this short and this odd."""
    path = tmp_path_factory.mktemp("d") / "receipt.json"
    path.write_bytes(content)
    assert said_by(read, path).startswith(f"{path}: ")
