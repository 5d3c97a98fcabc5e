"""What is said first of the claims: as they were written, and when that was."""

import pytest
import yaml

from dcct.report.page import findings
from dcct.verbs.results import claims

TABLES = {"judged": {"compare": "claims", "claims": "dcct"}}


def test_a_claim_is_text(project, tmp_path, capsys):
    """What a terminal would read as a style is printed as it is."""
    pipeline = project(tmp_path, tables=TABLES)
    path = tmp_path / "config/claims/dcct.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["claims"] = {"one": content["claims"]["more-than-a-cnn"] | {"says": "A [/b] [red] B"}}
    path.write_text(yaml.safe_dump(content))
    claims(pipeline.configfile)
    assert "A [/b] [red] B" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, "The claims stand in claims/dcct.yaml."),
        ("uncommitted", "The claims stand in claims/dcct.yaml (uncommitted)."),
        ("2ab2a92 of 2026-11-27", "… claims/dcct.yaml (commit 2ab2a92 of 2026-11-27)."),
    ],
)
def test_when_claims_were_written_is_a_sentence(project, tmp_path, monkeypatch, known, said):
    """Whether git knows of it or not, or knows that they were edited."""
    monkeypatch.setattr(findings, "last_change", lambda file: known)
    sentence = findings.written_in(project(tmp_path, tables=TABLES))
    assert sentence.endswith(said.removeprefix("… "))
