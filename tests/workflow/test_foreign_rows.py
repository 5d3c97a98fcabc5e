"""Features of another program in a whole run: as ours where they are ours, and marked."""

import json
import os
import shutil

import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import Checkout

RUN = "walkers-test/split0"
GIVEN = "given/walkers-test-0-0.parquet"
THEIRS = {"title": "Theirs", "headline": "all", "about": "Told nobody.", "features": ""}
MIXED = {"title": "Mixed", "about": "Ours and theirs.", "compare": "variants"}
PAIRS = {"title": "Pairs", "about": "Ours and theirs.", "compare": "pairs"}
PROFILE = "config/others.yaml"


@pytest.fixture(scope="module")
def others(finished, tmp_path_factory) -> Checkout:
    """A copy of the finished run, whose profile names our own features as somebody else's."""
    folder = tmp_path_factory.mktemp("foreign") / "dcct"
    shutil.copytree(finished.folder, folder)
    profile = yaml.safe_load((folder / "config/test.yaml").read_text())
    profile["variants"] += ["theirs"]
    profile["tables"] = ["mixed", "mixed-pairs"]
    texts = {
        PROFILE: profile,
        "config/variants/theirs.yaml": THEIRS
        | {"features": "given/{dataset}-{split}-{seed}.parquet"},
        "config/tables/mixed.yaml": MIXED | {"rows": ["dcct", "theirs"]},
        "config/tables/mixed-pairs.yaml": PAIRS | {"pairs": [["dcct", "theirs"]]},
    }
    for name, content in texts.items():
        (folder / name).write_text(yaml.safe_dump(content))
    return Checkout(folder)


def snakemake(checkout: Checkout, *words: str):
    return checkout.run("snakemake", *words, "--cores", "2", "--configfile", PROFILE)


def test_given_features_of_ours_are_our_own_row(others):
    """What is missing is one line; then metrics and queries are ours to the byte, the table has
    them side by side, marked, and their difference is 0."""
    tables = ["results/test/tables/mixed.md", "results/test/tables/mixed-pairs.md"]
    missing = snakemake(others, *tables)
    assert missing.returncode != 0
    assert f"theirs: {GIVEN}: cannot be read" in missing.stderr + missing.stdout
    (others.folder / "given").mkdir()
    ours = others.results / f"features/{RUN}/dcct/seed0/features.parquet"
    shutil.copyfile(ours, others.folder / GIVEN)
    done = snakemake(others, *tables)
    assert done.returncode == 0, done.stderr[-3000:]

    folders = [others.results / f"metrics/{RUN}/{name}/seed0" for name in ("dcct", "theirs")]
    assert len({(folder / "queries.parquet").read_bytes() for folder in folders}) == 1
    assert len({(folder / "scores.json").read_bytes() for folder in folders}) == 1
    rows = [json.loads((folder / "metrics.json").read_text())["rows"] for folder in folders]
    for mine, theirs in zip(*rows, strict=True):
        differing = {key for key in mine if mine[key] != theirs[key]}
        about_the_network = {"parameters", "precision", "device", "versions", "digests"}
        assert differing == {"variant", *about_the_network}

    table = pd.read_csv(others.folder / tables[0].replace(".md", ".csv")).set_index("variant")
    assert table.loc["theirs", "title"] == "Theirs ◇"
    assert table.loc["theirs", "mAP"] == table.loc["dcct", "mAP"]
    assert table.loc["theirs", ["parameters", "seconds", "checkpoint"]].isna().all()
    text = (others.folder / tables[0]).read_text()
    assert "Theirs ◇: not ours, but features of another program" in text
    assert "Told nobody." in text
    pairs = pd.read_csv(others.folder / tables[1].replace(".md", ".csv"))
    assert (pairs["mAP_difference"] == 0).all()


def test_given_features_are_known_by_their_digest(others):
    """Another date makes nothing again; another byte does, and is told by verify-results and by
    explain; what cannot be made of a file is refused in one line."""
    file, wanted = others.folder / GIVEN, "results/test/tables/mixed.md"
    assert file.is_file()
    os.utime(file)
    assert "Nothing to be done" in snakemake(others, wanted, "--dry-run").stdout
    again = others.run("dcct", "explain", f"results/test/features/{RUN}/theirs/seed0")
    assert f"{GIVEN}  " in again.stdout
    file.write_bytes(
        (others.results / f"features/{RUN}/dcct-fd-ld/seed0/features.parquet").read_bytes()
    )
    assert "rule extract" in snakemake(others, wanted, "--dry-run").stdout
    held = others.run("dcct", "verify-results", "--configfile", PROFILE)
    assert f"stale: {GIVEN}, which was given, has changed since" in held.stdout
    for verb, complaint in (
        ("train", "theirs is a file of features: nothing to train"),
        ("attend", "theirs is not ours: it has no attention"),
        ("export", "theirs is not ours: it has no attention of CCA or HTA, and no backbone"),
    ):
        done = others.run("dcct", verb, "walkers-test", "theirs", "--configfile", PROFILE)
        assert done.returncode == 1
        assert complaint in done.stderr
        assert done.stderr.count("\n") == 1
