"""Kept epochs: their weights are evaluated as rows of their own, and the last one's stay what they
were."""

import csv
import json
import re

import pytest

from tests.workflow.conftest import PROFILE, copy_project, make_in_process

KEPT = (1, 2)


@pytest.fixture(scope="module")
def kept(root, tmp_path_factory):
    """A finished workflow of one variant over three epochs, two of which are kept."""
    checkout = copy_project(root, tmp_path_factory.mktemp("kept") / "dcct")
    text = (checkout.folder / PROFILE).read_text()
    for pattern, line in {
        r"variants:\n(  - .*\n)+": "variants: [dcct-fd-ld]\n",
        r"backbones: .*": "backbones: [distilled-cnn]",
        r"tables: .*": "tables: [epochs]",
        r"  epochs: 8": "  epochs: 3",
        r"  time_order: .*": "  time_order: []\n  epochs: [1, 2, 3]",
    }.items():
        text, count = re.subn(pattern, line, text, count=1)
        assert count, pattern
    (checkout.folder / PROFILE).write_text(text)
    make_in_process(checkout, PROFILE)
    return checkout


def test_every_kept_epoch_is_a_row(kept):
    """For the variant and the distilled backbone: each kept epoch, the last one, and the best of
    them, marked; their scores are those of the metrics beside."""
    with open(kept.results / "tables/epochs.csv", newline="") as file:
        run = [row for row in csv.DictReader(file) if row["status"] != "not run"]
    rows = [(row["variant"], row["epoch"], float(row["mAP"])) for row in run]
    for variant in ("dcct-fd-ld", "distilled-cnn"):
        own = [row for row in rows if row[0].partition("@")[0] == variant]
        labels = [*(f"{variant}@epoch{epoch}" for epoch in KEPT), variant]
        assert [row[0] for row in own[:3]] == labels
        assert [row[1] for row in own[:3]] == ["1", "2", "3"]
        for label, _, score in own:
            path = kept.results / f"metrics/walkers-test/split0/{label}/seed0/metrics.json"
            assert score == pytest.approx(
                100 * json.loads(path.read_text())["headline"]["mAP"], abs=1e-4
            )
        best = own[3]
        assert best[2] == max(row[2] for row in own)
        assert "no evaluation" in best[1]
    assert "no evaluation" in (kept.results / "tables/epochs.md").read_text()
    assert (kept.results / "figures/walkers-test/kept_epochs.svg").is_file()


def test_kept_weights_are_those_of_a_shorter_training(kept):
    """Epoch 2 of three has the bytes that a training of two epochs ends with."""
    profile = kept.folder / PROFILE
    text = profile.read_text()
    shorter = text.replace("  epochs: 3", "  epochs: 2").replace("  epochs: [1, 2, 3]\n", "")
    profile.write_text(shorter)
    folder = kept.results / "checkpoints/walkers-test/split0/dcct-fd-ld/seed0"
    weights = (folder / "epoch2.safetensors").read_bytes()
    done = kept.run("dcct", "train", "walkers-test", "dcct-fd-ld", "--configfile", PROFILE)
    profile.write_text(text)
    assert done.returncode == 0, done.stderr
    assert (folder / "model.safetensors").read_bytes() == weights
