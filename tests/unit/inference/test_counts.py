"""What is written down of the shipped profiles' networks is what would be counted."""

import json
import os
import re

import pytest

from dcct.config.configuration import Configuration
from dcct.config.load import SHIPPED
from dcct.errors import DataError
from dcct.inference import counts
from dcct.inference.counts import count, counts_of
from dcct.pipeline.code import code_in

WHOLE = bool(os.environ.get("DCCT_WHOLE"))
"""In CI, every network is built."""
IDENTITIES = 89


@pytest.fixture
def written(monkeypatch):
    """counts.json, whichever torch and timm are installed."""
    content = json.loads(counts.FILE.read_text())
    monkeypatch.setattr(counts, "made_by", lambda: content["made_by"])
    counts._written.cache_clear()
    yield content
    counts._written.cache_clear()


def refuse(line: str) -> None:
    raise AssertionError(f"{line}: run `dcct counts`")


def test_written_counts_are_of_this_code_and_of_locked_libraries(root, written):
    """Others would not be read: after a change of the networks' code, of torch or timm, `dcct
    counts` writes them again."""
    lock = dict(re.findall(r"^([\w-]+)==(\S+)", (root / "requirements.lock").read_text(), re.M))
    made_by = {"code": code_in(counts.COUNTERS), "torch": lock["torch"], "timm": lock["timm"]}
    assert written["made_by"] == made_by


@pytest.mark.parametrize("profile", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_network_is_written_down(profile, written):
    """And what is read, at a number of identities at which it was not counted, is what is counted:
    of the paper's whole network, or of all."""
    configuration = Configuration(profile)
    variants = {name: configuration.variant(name) for name in configuration.profile.variants}
    for name, variant in variants.items():
        if not variant.trained:
            continue
        found = counts_of(name, variant, configuration.profile, IDENTITIES, refuse)
        if WHOLE or (profile.stem, name) == ("paper", "dcct-fd-ld"):
            assert found == count(variant, configuration.profile, IDENTITIES)


def test_network_that_is_not_written_down_is_counted_and_named(profile, root, written):
    """A profile of one's own, with another grid, takes longer, and says so."""
    clips = profile.clips.model_copy(update={"length": profile.clips.length + 1})
    other = profile.model_copy(update={"clips": clips})
    variant, lines = Configuration(root / "config/test.yaml").variant("cnn"), []
    found = counts_of("cnn", variant, other, IDENTITIES, lines.append)
    assert found == count(variant, other, IDENTITIES)
    assert [line.split(":")[0] for line in lines] == ["cnn"]
    assert counts_of("cnn", variant, profile, IDENTITIES, refuse).parameters == found.parameters


DAMAGED = {"empty": "", "cut": '{"made_by": {', "a list": "[]", "of another form": '{"flops": 1}'}


@pytest.fixture
def file(monkeypatch, tmp_path):
    """Another counts.json."""
    monkeypatch.setattr(counts, "FILE", tmp_path / "counts.json")
    counts._written.cache_clear()
    yield counts.FILE
    counts._written.cache_clear()


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_counts_are_refused_in_a_line(profile, root, file, content):
    """That names the file and what writes it."""
    file.write_text(content)
    variant = Configuration(root / "config/test.yaml").variant("cnn")
    with pytest.raises(DataError, match=r"counts\.json: is not what `dcct counts` writes: run it"):
        counts_of("cnn", variant, profile, IDENTITIES, refuse)


def test_counts_of_another_version_or_none_are_not_read(profile, root, file):
    """Networks are counted then, and named."""
    variant, lines = Configuration(root / "config/test.yaml").variant("cnn"), []
    for content in ('{"made_by": {"code": "other"}, "networks": {}}', None):
        file.write_text(content) if content else file.unlink()
        counts._written.cache_clear()
        counts_of("cnn", variant, profile, IDENTITIES, lines.append)
    assert [line.split(":")[0] for line in lines] == ["cnn", "cnn"]
