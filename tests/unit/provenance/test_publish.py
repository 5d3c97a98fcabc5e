"""What is published stays in git for ever: files are small and stand once."""

import pytest

from dcct.config.load import names_of
from dcct.files import file_digest, read_json
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.step import RECEIPT
from dcct.provenance.publish import LIMIT
from dcct.provenance.scores import FILE, QUERIES, TRIAL


@pytest.fixture
def published(root):
    return [path for path in (root / "results/reference").rglob("*") if path.is_file()]


def test_published_files_are_small_and_stand_once(published):
    """But receipts of metrics and what drawn features are worth: two runs with the same settings
    have the same numbers."""
    assert published
    large = [path for path in published if path.stat().st_size >= LIMIT]
    same = {RECEIPT, TRIAL, f"{TRIAL.removesuffix('.csv')}.{RECEIPT}"}
    digests = [file_digest(path) for path in published if path.name not in same]
    assert not large
    assert len(set(digests)) == len(digests)


def test_no_two_things_that_are_published_share_a_name(root):
    """Their receipts, which lie side by side, would be one file."""
    tables = names_of("tables", root / "config/config.yaml")
    files = [file.partition(".")[0] for file in (FILE, TRIAL, QUERIES)]
    names = [*tables, *FIGURES, *files]
    assert len(set(names)) == len(names)


def test_published_receipts_hold(published):
    """Each names what lies beside it, with its digest; every picture and table has one."""
    named = set()
    for receipt in (path for path in published if path.name.endswith(f".{RECEIPT}")):
        for name, digest in read_json(receipt, "dcct publish")["outputs"].items():
            assert file_digest(receipt.parent / name) == digest
            named.add(receipt.parent / name)
    others = {path for path in published if not path.name.endswith(RECEIPT)}
    assert {path.name for path in others - named} == {"README.md"}
