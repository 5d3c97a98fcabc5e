"""Finished results at test size: explained, verified, compared, published and held against what was
published."""

import json
import shutil

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dcct.files import file_digest, read_json, write_json
from dcct.pipeline.figures import FIGURES, FRAMES
from dcct.pipeline.step import RECEIPT
from dcct.pipeline.steps import read_pipeline
from dcct.provenance.folder import Receipts
from dcct.provenance.publish import LIMIT
from dcct.provenance.scores import FILE, QUERIES, TRIAL
from tests.conftest import ROOT
from tests.workflow.conftest import PROFILE

RUN = "walkers-test/split0/dcct/seed0"


def dcct(checkout, *arguments):
    """(status, what was printed) of a verb."""
    done = checkout.run("dcct", *arguments)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def settled(finished):
    """Another file's test may have made tables again, in other seconds, which the page shows."""
    done = finished.snakemake()
    assert done.returncode == 0, done.stderr


@pytest.fixture
def results(finished, tmp_path):
    """A copy of the finished results, to be damaged: nothing in them depends on where they lie."""
    return shutil.copytree(finished.results, tmp_path / "results")


@pytest.fixture
def spoilt(finished):
    """Change bytes of finished files for one test: spoilt(path, old, new)."""
    originals = {}

    def spoil(path, old, new):
        file = finished.results / path
        originals[file] = file.read_bytes()
        assert old in originals[file]
        file.write_bytes(originals[file].replace(old, new, 1))

    yield spoil
    for file, content in originals.items():
        file.write_bytes(content)


def test_every_receipt_has_its_run_record(finished):
    """Whatever step made it: its record is found from where the receipt lies."""
    receipts = Receipts(finished.results)
    missing = [receipt for receipt in receipts.all() if not receipts.record(receipt).is_file()]
    assert missing == []


def test_a_cell_is_followed_to_the_data(finished, tmp_path):
    """One seed's number is its metrics file's; behind it stand that run's steps alone, down to the
    source."""
    file, table = tmp_path / "chain.json", "results/test/tables/components.csv"
    status, said = dcct(
        finished, "explain", table, "--row", "dcct", "--metric", "mAP", "--json", str(file)
    )
    chain = json.loads(file.read_text())
    assert status == 0
    assert list(chain["cell"]["values"].values()) == [
        pytest.approx(float(chain["cell"]["value"]), abs=1e-4)
    ]
    assert [step["verb"] for step in chain["steps"]].count("train") == 1
    assert {step["verb"] for step in chain["steps"]} == {
        *("tabulate", "rank", "extract", "train", "weights"),
        *("sample", "pack", "manifest", "verify", "source"),
    }
    assert all(
        output["state"] == "as recorded" for step in chain["steps"] for output in step["outputs"]
    )
    assert "dcct train walkers-test dcct" in said


def test_what_cannot_be_found_names_the_choices(finished):
    """A row that is not there, and a file that no step made, are one line each."""
    status, said = dcct(
        finished, "explain", "results/test/tables/components.csv", "--row", "nobody"
    )
    assert (status, said.count("\n")) == (1, 1)
    assert "no row named 'nobody': name one of: walkers-test chance" in said
    status, said = dcct(finished, "explain", "README.md")
    assert (status, said.count("\n")) == (1, 1)


def test_finished_results_hold(finished):
    """Nothing is complained of."""
    status, said = dcct(finished, "verify-results", "--configfile", PROFILE)
    assert status == 0, said
    assert "of tables hold" in said


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (f"metrics/{RUN}/metrics.json", b'"mAP": 0.', b'"mAP": 1.'),
        (f"checkpoints/{RUN}/model.safetensors", b"\x3f", b"\x3e"),
        ("tables/components.csv", b"dcct,", b"dccT,"),
    ],
)
def test_one_changed_byte_is_named(finished, spoilt, path, old, new):
    """A number in a metrics file, a byte of a checkpoint, a letter of a table: status 1 and the
    file's name."""
    spoilt(path, old, new)
    status, said = dcct(finished, "verify-results", "--configfile", PROFILE)
    assert status == 1
    assert f"results/test/{path}: " in said
    assert "run `dcct" in said


def test_a_table_that_does_not_follow_from_the_metrics_is_named(finished, spoilt):
    """Even with a receipt that fits it: its numbers are made again, but not the seconds."""
    table, receipt = (
        finished.results / "tables" / name for name in ("components.csv", f"components.{RECEIPT}")
    )
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    number, seconds = frame.loc[frame["variant"] == "dcct", ["mAP", "seconds"]].iloc[0]
    for old, new, named in (
        (f",{seconds}\n", f",{seconds}0\n", False),
        (f",{number},", ",99.0000,", True),
    ):
        before = file_digest(table)
        spoilt("tables/components.csv", old.encode(), new.encode())
        spoilt(f"tables/components.{RECEIPT}", before.encode(), file_digest(table).encode())
        _, said = dcct(finished, "verify-results", "--configfile", PROFILE)
        assert ("components.csv: walkers-test" in said) == named, said
    assert (
        f"components.csv: walkers-test dcct all begin, mAP: 99.0000, but the metrics give {number}"
        in said
    )
    assert receipt.is_file()


def test_two_variants_differ_by_what_the_table_of_differences_says(finished, tmp_path):
    """Mean and interval of A − B are those of the table; one seed has no p."""
    table = (
        pd.read_csv(finished.results / "tables/differences.csv")
        .dropna(subset="mAP_difference")
        .iloc[0]
    )
    file = tmp_path / "rows.json"
    status, said = dcct(
        finished, "compare", table["a"], table["b"], "--configfile", PROFILE, "--json", str(file)
    )
    assert status == 0, said
    row = json.loads(file.read_text())[0]
    difference = [row["difference"]["mean"], *row["difference"]["identities"]]
    columns = [f"mAP_difference{part}" for part in ("", "_low_identities", "_high_identities")]
    assert difference == pytest.approx(table[columns].tolist(), abs=1e-4)
    assert row["p_value"] is None
    assert pd.isna(table["mAP_difference_p"])


def test_results_do_not_differ_from_a_copy(finished, results, tmp_path):
    """Every difference between two folders with the same metrics is 0, wherever they lie; other
    queries are refused."""
    command = (
        "compare",
        "results/test",
        str(results),
        "--configfile",
        PROFILE,
        "--json",
        str(tmp_path / "rows.json"),
    )
    assert dcct(finished, *command)[0] == 0
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {row["b"][0] for row in rows} >= {"cnn", "dcct", "untrained", "distilled-vit"}
    assert all(row["difference"]["mean"] == 0 for row in rows)
    assert all(row["difference"]["identities"] == [0, 0] for row in rows)
    folder = results / "metrics" / RUN
    queries = pq.read_table(folder / "queries.parquet")
    pq.write_table(
        queries.filter(
            [one.as_py() != queries["tracklet"][0].as_py() for one in queries["tracklet"]]
        ),
        folder / "queries.parquet",
    )
    receipt = read_json(folder / RECEIPT, "rank")
    receipt["outputs"]["queries.parquet"] = file_digest(folder / "queries.parquet")
    write_json(folder / RECEIPT, receipt)
    status, said = dcct(finished, *command)
    assert (status, said.count("\n")) == (1, 1)
    assert "evaluated on different queries" in said


def test_a_run_agrees_with_itself_published(finished, tmp_path):
    """Publishing again keeps what people wrote and drops what was published before; then every cell
    is the same."""
    reference = tmp_path / "reference"
    publish = ("publish", "--configfile", PROFILE, "--reference", str(reference))
    assert dcct(finished, *publish)[0] == 0
    (reference / "README.md").write_text("by hand")
    (reference / "old.csv").write_text("")
    write_json(reference / f"old.{RECEIPT}", {"outputs": {"old.csv": ""}})
    assert dcct(finished, *publish)[0] == 0
    assert (reference / "README.md").read_text() == "by hand"
    assert not list(reference.glob("old*"))
    assert [path.name for path in tmp_path.iterdir()] == ["reference"]
    status, said = dcct(finished, "agree", "--configfile", PROFILE, "--reference", str(reference))
    assert status == 0, said
    assert "metrics files are the published ones, byte by byte" in said


def test_published_pictures_are_small_and_stand_once(finished, tmp_path):
    """What consists of frames is a WebP whose receipt knows the PNG; a publication below repeats
    neither picture nor table, but has the scores by which a run is held against it
    and AP of its queries."""
    reference = tmp_path / "reference"
    for folder in (reference, reference / "again"):
        published = dcct(finished, "publish", "--configfile", PROFILE, "--reference", str(folder))
        assert published[0] == 0, published[1]
    for name in read_pipeline(ROOT / PROFILE).figures:
        figure = FIGURES[name]
        receipt = read_json(reference / f"{name}.{RECEIPT}", "publish")
        assert f"{name}.{'webp' if figure.formats == FRAMES else 'png'}" in receipt["outputs"]
        original = finished.results / f"figures/walkers-test/{name}.png"
        digests = receipt.get("originals", receipt["outputs"])
        assert digests[original.name] == file_digest(original)
        assert all((reference / file).stat().st_size < LIMIT for file in receipt["outputs"])
    repeated = [path for path in (reference / "again").rglob("*") if path.is_file()]
    files = (FILE, TRIAL, QUERIES)
    judged = {*files, *(f"{file.partition('.')[0]}.{RECEIPT}" for file in files)}
    assert {path.name for path in repeated} == {RECEIPT, *judged}


def test_facts_that_are_not_the_published_ones_are_named(finished, tmp_path):
    """What no training decides has to be equal: settings, queries, chance, and which rows there
    are."""
    reference = tmp_path / "reference"
    publish = ("publish", "--configfile", PROFILE, "--reference", str(reference))
    assert dcct(finished, *publish)[0] == 0
    (reference / f"components.{RECEIPT}").unlink()
    path = reference / "components.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False).set_index("variant")
    frame.loc["dcct", ["mAP", "queries"]] = ["0.5", "7"]
    frame.loc["cnn", "settings_train"] = "of another rate"
    frame.loc["chance", "rank1"] = "99.0"
    frame.loc["cca", "status"] = "complete"
    columns = pd.read_csv(finished.results / "tables/components.csv").columns
    frame.reset_index()[columns].to_csv(path, index=False)
    (reference / f"trial.{RECEIPT}").unlink()
    trial = pd.read_csv(reference / "trial.csv")
    trial.loc[trial["sampler"] == "begin", "mAP"] -= 0.1
    trial.to_csv(reference / "trial.csv", index=False)
    status, said = dcct(finished, "agree", "--configfile", PROFILE, "--reference", str(reference))
    assert status == 1
    for line in (
        "walkers-test dcct all begin, queries: ",
        "walkers-test cnn base begin, settings_train: ",
        "walkers-test chance begin, rank1: ",
        "walkers-test cca all begin, status: not run, published complete",
    ):
        assert f"components.csv, {line}" in said
    assert "trial.csv, walkers-test 0 begin drawn, mAP: " in said
    assert "5 facts are not those of" in said


def test_scores_of_other_trainings_need_several_seeds(finished, tmp_path):
    """With a single seed on both sides, scores that are not equal can be neither right nor
    wrong."""
    reference = tmp_path / "reference"
    publish = ("publish", "--configfile", PROFILE, "--reference", str(reference))
    assert dcct(finished, *publish)[0] == 0
    scores = pd.read_csv(reference / "scores.csv")
    scores["mAP"] /= 2
    scores.to_csv(reference / "scores.csv", index=False)
    (reference / f"scores.{RECEIPT}").unlink()
    receipt = reference / "metrics/walkers-test/split0/cnn/seed0" / RECEIPT
    content = read_json(receipt, "publish")
    write_json(receipt, content | {"outputs": content["outputs"] | {"metrics.json": "0" * 64}})
    status, said = dcct(finished, "agree", "--configfile", PROFILE, "--reference", str(reference))
    assert status == 1
    assert "run several seeds" in said


def test_nothing_published_and_nothing_finished_are_one_line_each(finished, tmp_path):
    """What is missing, and the command that makes it."""
    status, said = dcct(finished, "agree", "--configfile", PROFILE, "--reference", str(tmp_path))
    assert (status, said.count("\n")) == (1, 1)
    assert "no published tables" in said
    status, said = dcct(
        finished, "publish", "--configfile", "config/seeds.yaml", "--reference", str(tmp_path / "a")
    )
    assert (status, said.count("\n")) == (1, 1)
    assert "snakemake --cores all --configfile config/seeds.yaml" in said
