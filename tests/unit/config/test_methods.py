"""Published numbers have a source, or are refused in one line that names the file and the key."""

import shutil

import pytest
import yaml

from dcct.config.load import load_profile
from dcct.errors import ConfigError

METHOD = {"venue": "ICPR", "year": 2020, "kind": "CNN", "values": {"mars": {"mAP": 80.0}}}
PAPER = {"values": {}, "settings": {}, "weights": [], "protocol": {}, "sets": {}, "remarks": {}}
SPACED = {name: {**METHOD, "values": {"mars": {"mAP": 80.0}}} for name in ("A  B", "A B")}
CASES = [
    ({"source": None}, {}, "source: missing"),
    ({"source": " "}, {}, "source: is empty: say it in words"),
    ({}, {"kind": "GNN"}, "methods.New.kind: Input should be 'CNN', 'transformer' or 'unknown'"),
    ({}, {"values": {"mras": {"mAP": 80.0}}}, "methods.New.values: unknown dataset 'mras'"),
    ({}, {"values": {"mars": {"map": 80.0}}}, "methods.New.values.mars.map"),
    (
        {},
        {"values": {"mars": {"mAP": 8000.0}}},
        "methods.New.values.mars.mAP: Input should be less",
    ),
    ({}, {"values": {}}, "methods.New: give values, or the variant"),
    ({"remarks": {}}, {}, "protocol, sets, settings, values, weights: missing"),
    ({}, {"values": {}, "variant": "dcct"}, "methods.New.variant: dcct has no values here"),
    ({}, {"values": {"mars": {}}}, "methods.New.values.mars: Dictionary should have at least 1"),
    ({}, {"year": "2020"}, "methods.New.year: Input should be a valid integer"),
    ({}, {"values": {"mars": {"mAP": float("nan")}}}, "mAP: Input should be a finite number"),
    ({"methods": SPACED}, {}, "methods: two names differ in spaces alone"),
    (
        PAPER | {"values": {"dcct": {}}},
        {"values": {}, "variant": "dcct"},
        "methods.New.variant: dcct has no values here",
    ),
    (
        PAPER | {"values": {"dcct": {"mras": {"mAP": 80.0}}}},
        {},
        "values.dcct: unknown dataset 'mras'",
    ),
    (PAPER | {"sets": {"mras": {}}}, {}, "sets: unknown dataset 'mras'"),
    (PAPER | {"remarks": {"mras": "r"}}, {}, "remarks: unknown dataset 'mras'"),
]


@pytest.mark.parametrize(("file", "method", "complaint"), CASES, ids=[one[2] for one in CASES])
def test_a_number_that_nobody_vouches_for_is_refused(root, tmp_path, file, method, complaint):
    """Without a source, of an unknown kind, data set or metric, over 100 percent, or none at all:
    before anything runs."""
    shutil.copytree(root / "config", tmp_path / "config")
    content = {"source": "Table 3", "methods": {"New": METHOD | method}} | file
    content = {key: value for key, value in content.items() if value is not None}
    (tmp_path / "config/published/new.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as caught:
        load_profile(tmp_path / "config/test.yaml")
    message = str(caught.value)
    assert complaint in message
    assert "published/new.yaml" in message
    assert "\n" not in message


def test_a_table_cannot_set_a_variant_beside_numbers_of_others(root, tmp_path):
    """`published` asks for numbers that variants of ours have; such a file has none."""
    shutil.copytree(root / "config", tmp_path / "config")
    table = tmp_path / "config/tables/components.yaml"
    table.write_text(table.read_text().replace("published: dcct", "published: climb-reid"))
    with pytest.raises(ConfigError, match="climb-reid has no numbers of variants"):
        load_profile(tmp_path / "config/test.yaml")
