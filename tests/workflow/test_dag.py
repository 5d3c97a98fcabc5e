"""The Snakemake DAG at test size: from nothing to tables; what reruns and what does not; kills and
bad inputs."""

import json
import os
import re
import shutil
import subprocess

import pandas as pd
import pytest

from dcct.config.load import load_dataset
from dcct.files import read_json
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.steps import read_pipeline
from tests.conftest import ROOT
from tests.workflow.conftest import PROFILE, Checkout

PAPER_SETS = ("mars", "dukemtmc-videoreid", "ilids-vid", "prid-2011")
DRAWN = read_pipeline(ROOT / PROFILE).figures
RUN = "walkers-test/split0/dcct/seed0"
RUN_KEY = "dataset=walkers-test, split=0, variant={}, seed=0"
TRAINED = ["untrained", "cnn", "dcct", "dcct-fd-ld"]
TABLES_WITH_CNN = {f"tabulate table={name}" for name in ("components", "differences", "features")}


def test_everything_is_made_and_means_something(finished):
    """Tables and figures exist; a trained network ranks better than twice chance, no number is
    missing or over 100."""
    names = [f"{name}.{kind}" for name in DRAWN for kind in FIGURES[name].formats]
    for name in names:
        assert (finished.results / "figures/walkers-test" / name).stat().st_size > 5000
    table = pd.read_csv(finished.results / "tables/components.csv").set_index("variant")
    assert table.loc["dcct", "mAP"] > 2 * table.loc["chance", "mAP"]
    assert table["mAP"].dropna().between(0, 100).all()
    assert set(table.index[table["mAP"].notna()]) == {
        "chance",
        *TRAINED,
        "distilled-cnn",
        "distilled-vit",
    }
    published = (finished.results / "tables/comparison-ilids-prid.md").read_text()
    assert (
        "| DCCT + FD + LD | not run<br>paper 91.7 | not run<br>paper 98.6 | not run<br>paper: not"
        " verified |" in published
    )


def test_every_result_row_carries_its_protocol_and_provenance(finished):
    """Quoted alone, a row says what was evaluated how, and by which data, checkpoint, features,
    settings and code."""
    made = finished.results / "metrics" / RUN
    rows = read_json(made / "metrics.json", "dcct rank")["rows"]
    assert {(row["sampler"], row["feature"]) for row in rows} >= {
        ("begin", "all"),
        ("dense", "temporal"),
    }
    receipts = {
        kind: read_json(finished.results / kind / f"{RUN}/receipt.json", "")["outputs"]
        for kind in ("features", "checkpoints")
    }
    for row in rows:
        protocol = {
            "dataset": "walkers-test",
            "split": 0,
            "trained_on": "walkers-test",
            "seed": 0,
            "variant": "dcct",
        }
        protocol |= {
            "gallery_includes_queries": True,
            "drop_same_camera": True,
            "clip_cap": 200,
            "clip_length": 4,
        }
        protocol |= {"distance": "cosine", "reranking": None, "precision": "fp32", "device": "cpu"}
        assert {name: row[name] for name in protocol} == protocol
        assert set(row["versions"]) == {"torch", "timm"}
        assert row["digests"]["features"] == receipts["features"]["features.parquet"]
        assert row["digests"]["checkpoint"] == receipts["checkpoints"]["model.safetensors"]
        assert len(row["digests"]["data"]) == 64


def test_second_run_has_nothing_to_do(finished):
    """A finished checkout is quiet."""
    assert finished.jobs() == set()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dcct/losses.py", '"""', '"""Said otherwise. '),
        ("dcct/models/hta.py", "\n\n\n", "\n\n\n# A remark.\n"),
        ("dcct/runtime/progress.py", '"""', '"""Told otherwise: '),
        ("dcct/cli.py", '"""', '"""Said otherwise. '),
        ("config/variants/cnn.yaml", "title:", "# A remark.\ntitle:"),
    ],
)
def test_what_decides_nothing_makes_nothing_again(finished, edited, file, old, new):
    """A docstring, or a comment, wherever it stands; the page alone quotes the configuration."""
    edited(file, old, new)
    assert finished.jobs() <= ({"page"} if file.startswith("config/") else set())


def test_a_title_changes_what_shows_it(finished, edited):
    """Tables that name the variant, figures, the page: nothing is trained, extracted or ranked."""
    edited("config/variants/cnn.yaml", "title: CNN", "title: The CNN")
    figures = {f"draw_{name} dataset=walkers-test" for name in DRAWN}
    shown = TABLES_WITH_CNN | {"tabulate table=comparison-ilids-prid", "cost", "page"}
    assert finished.jobs() == shown | figures


def test_editing_what_a_variant_is_makes_that_variant_again(finished, edited):
    """Its training, extraction and ranking, and what shows them: no other training."""
    edited("config/variants/cnn.yaml", "branches: [cnn]", "branches: [vit]")
    trained = {job for job in finished.jobs() if job.startswith(("train", "extract", "rank"))}
    key = "dataset=walkers-test, split=0, variant=cnn, seed=0"
    assert trained == {f"{rule} {key}" for rule in ("train", "extract", "rank")}


def test_another_reader_trains_nothing(finished, tmp_path):
    """Sets are listed again, and since the lists have the same bytes, that is all but the page."""
    checkout = Checkout(shutil.copytree(finished.folder, tmp_path / "dcct"))
    readers, row = checkout.folder / "dcct/datasets/readers.py", '"mars": mars'
    readers.write_text(readers.read_text().replace(row, f'"mars-2": mars.read_tracklets, {row}'))
    assert {"verify dataset=walkers-test"} <= checkout.jobs()
    target = "results/test/manifests/walkers-test/split0/receipt.json"
    relisted = checkout.run("snakemake", target, "--cores", "2", "--configfile", PROFILE)
    assert relisted.returncode == 0, relisted.stderr
    assert checkout.jobs() <= {"page"}


def test_a_term_of_the_loss_makes_every_training_again(finished, edited):
    """All that is trained, and what follows; no data are touched."""
    edited("dcct/losses.py", "return ", "return 1.0 * ")
    jobs = finished.jobs()
    assert {f"train {RUN_KEY.format(name)}" for name in TRAINED} <= jobs
    assert not [job for job in jobs if job.startswith(("source", "verify", "pack", "manifest"))]


@pytest.mark.parametrize(
    ("table", "variants"),
    [("time-order", {"dcct"}), ("components", set(TRAINED)), ("comparison-ilids-prid", set())],
)
def test_a_table_needs_the_runs_of_its_own_variants(finished, table, variants):
    """From nothing, one table alone: only what it names is trained and evaluated; of data sets not
    run, nothing is."""
    done = finished.snakemake("--dry-run", "--forceall", f"results/test/tables/{table}.html")
    assert done.returncode == 0, done.stderr
    for rule in ("train", "rank"):
        found = re.findall(
            rf"^rule {rule}:$.*?variant=([\w-]+)", done.stdout + done.stderr, re.M | re.S
        )
        assert {name for name in found if not name.startswith("distilled")} == variants


def test_editing_a_figure_draws_it_again(finished, edited):
    """Neither the network nor any other figure is needed for it."""
    edited("dcct/report/figures/sheet.py", "FRAMES = 4", "FRAMES = 3")
    assert finished.jobs() == {"draw_sheet dataset=walkers-test", "page"}


def test_second_training_from_scratch_gives_the_same_bytes(finished):
    """Same inputs, same machine: checkpoint, features, metrics and tables are identical, seconds
    apart."""
    run = ("walkers-test", "cnn", "--seed", "0", "--configfile", "config/test.yaml")
    receipts = [
        finished.results / f"{step}/walkers-test/split0/cnn/seed0/receipt.json"
        for step in ("checkpoints", "features", "metrics")
    ]
    before = [receipt.read_bytes() for receipt in receipts]
    table = pd.read_csv(finished.results / "tables/components.csv").drop(columns="seconds")
    for step in ("train", "extract", "rank"):
        assert finished.run("dcct", step, *run).returncode == 0
    assert finished.run("dcct", "tabulate", "components", *run[-2:]).returncode == 0
    assert [receipt.read_bytes() for receipt in receipts] == before
    pd.testing.assert_frame_equal(
        pd.read_csv(finished.results / "tables/components.csv").drop(columns="seconds"), table
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("seeds: [0]", "seeds: [0]\nspeed: 3", "speed: unknown key"),
        ("margin: 0.3", "margin: wide", "training.margin: Input should be a valid number"),
        ("  - cnn\n", "  - cnnn\n", "unknown variant 'cnnn'"),
        ("epochs: 8", "epochs: -8", "training.epochs: Input should be greater than or equal to 0"),
    ],
    ids=["unknown key", "wrong type", "unknown variant", "negative"],
)
def test_bad_config_stops_everything_in_one_line(finished, edited, old, new, complaint):
    """Snakemake and every step refuse it before doing anything, with one line and a status that is
    not 0."""
    edited("config/test.yaml", old, new)
    for done in (
        finished.snakemake("--dry-run"),
        finished.run("dcct", "verify", "walkers-test", "--configfile", "config/test.yaml"),
    ):
        assert done.returncode != 0
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "error:" in line]
        assert len(errors) == 1
        assert complaint in errors[0]
        assert "Traceback" not in done.stderr


def one_error(done) -> str:
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, lines
    return lines[0]


def test_deleted_frame_is_named(finished):
    """Verification and packing name the frame that is gone."""
    frame = finished.results / "test-frame.jpg"
    path = finished.folder / "results/test/data/walkers-test/bbox_train/0001/0001C1T0001F003.jpg"
    shutil.move(path, frame)
    try:
        for step in ("pack", "verify"):
            error = one_error(
                finished.run("dcct", step, "walkers-test", "--configfile", "config/test.yaml")
            )
            assert "0001C1T0001F003.jpg: frame missing" in error
    finally:
        shutil.move(frame, path)
        for step in ("verify", "pack"):
            assert (
                finished.run(
                    "dcct", step, "walkers-test", "--configfile", "config/test.yaml"
                ).returncode
                == 0
            )


def test_missing_data_says_how_to_get_them(finished, tmp_path):
    """A licensed set that is not there: one line with what to do."""
    profile = (finished.folder / "config/test.yaml").read_text().replace("[walkers-test]", "[mars]")
    (finished.folder / "config/mine.yaml").write_text(profile)
    error = one_error(finished.run("dcct", "source", "mars", "--configfile", "config/mine.yaml"))
    assert "results/test/data/mars: MARS is missing (link reported dead): ask its authors" in error


def test_paper_plan_lists_what_is_missing_or_prints_everything(finished):
    """Without data, one list names every set and what to do; with data in place, the whole plan: 22
    splits in all, each evaluated after three kept epochs and the last."""
    command = ("snakemake", "--dry-run", "--configfile", "config/paper.yaml")
    done = finished.run(*command)
    assert done.returncode != 0
    listed = (done.stdout + done.stderr).split("error: ", 1)[1].splitlines()
    assert listed[0] == "config/paper.yaml cannot run yet. Missing:"
    assert [line.split(":")[0].strip() for line in listed[1:5]] == [
        f"data/{name}" for name in PAPER_SETS
    ]
    for name in PAPER_SETS:
        for need in load_dataset(name, finished.folder / "config/paper.yaml").needs:
            (finished.folder / "data" / name / need).mkdir(parents=True)
    try:
        done = finished.run(*command)
    finally:
        shutil.rmtree(finished.folder / "data")
    assert done.returncode == 0, done.stderr
    counts = dict(
        re.findall(
            r"^(train|extract|rank|export|tabulate|cost) +(\d+)$", done.stdout + done.stderr, re.M
        )
    )
    assert counts == {
        "train": "330",
        "extract": "1490",
        "rank": "1490",
        "export": "44",
        "tabulate": "14",
        "cost": "1",
    }


def test_flipped_byte_in_a_checkpoint_is_named(finished):
    """Extraction refuses a checkpoint whose digest is not the receipt's."""
    path = finished.results / "checkpoints/walkers-test/split0/cnn/seed0/model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-10] + bytes([content[-10] ^ 1]) + content[-9:])
    try:
        error = one_error(
            finished.run(
                "dcct", "extract", "walkers-test", "cnn", "--configfile", "config/test.yaml"
            )
        )
        assert "cnn/seed0/model.safetensors: damaged" in error
    finally:
        path.write_bytes(content)
        assert (
            finished.run(
                "dcct", "extract", "walkers-test", "cnn", "--configfile", "config/test.yaml"
            ).returncode
            == 0
        )


def test_unwritable_results_are_one_line(finished):
    """Where nothing can be written, the step says which path."""
    text = (
        (finished.folder / "config/test.yaml")
        .read_text()
        .replace("results_dir: results/test", "results_dir: /proc/results")
    )
    (finished.folder / "config/mine.yaml").write_text(text)
    error = one_error(
        finished.run("dcct", "weights", "--seed", "0", "--configfile", "config/mine.yaml")
    )
    assert "/proc/results" in error
    assert "cannot be written" in error


def test_run_record_tells_how(finished):
    """Every number leads to a command, versions, device and seconds."""
    record = read_json(finished.results / "runs/train/walkers-test/split0/dcct/seed0.json", "train")
    assert record["command"].startswith("dcct train walkers-test dcct --split 0 --seed 0")
    assert {"seconds", "versions", "device", "git", "peak_memory_mb"} <= record.keys()


def test_dvc_takes_over_from_snakemake(finished, root):
    """After a Snakemake run, `dcct dvc` and `dvc commit --force dvc.yaml` make DVC quiet."""
    shutil.copytree(
        root / ".dvc",
        finished.folder / ".dvc",
        ignore=shutil.ignore_patterns("cache", "tmp", "config.local"),
    )
    (finished.folder / "dvc.lock").unlink(missing_ok=True)
    for command in (
        ("dvc", "config", "--local", "core.no_scm", "true"),
        ("dcct", "dvc", "--configfile", PROFILE),
        ("dvc", "commit", "--force", "dvc.yaml"),
    ):
        done = finished.run(*command)
        assert done.returncode == 0, done.stderr
    status = finished.run("dvc", "status", "dvc.yaml")
    assert "up to date" in status.stdout + status.stderr


def test_network_that_cannot_be_built_ends_a_run_before_its_first_job(finished):
    """One line, status 1, and no data drawn."""
    text = (finished.folder / PROFILE).read_text().replace("results/test", "results/broken")
    broken = finished.folder / "config/broken.yaml"
    broken.write_text(text.replace("num_heads: 4", "num_heads: 5"))
    done = finished.run("snakemake", "--cores", "1", "--configfile", "config/broken.yaml")
    broken.unlink()
    assert done.returncode == 1
    assert "error: config/broken.yaml: " in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not (finished.folder / "results/broken/sources").exists()


def test_it_runs_from_elsewhere_and_as_a_module(finished, tmp_path):
    """Another folder, and another workflow with a rule of its own: the same jobs, made there."""
    profile, workflow = finished.folder / PROFILE, finished.folder / "workflow/Snakefile"
    source = "results/test/sources/walkers-test/receipt.json"
    there = ("--snakefile", str(workflow), "--directory", str(tmp_path / "elsewhere"))
    done = finished.run("snakemake", source, "--cores", "1", "--configfile", str(profile), *there)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "elsewhere" / source).is_file()
    (tmp_path / "Snakefile").write_text(
        f"""
module dcct:
    snakefile: "{workflow}"
    config: {{"profile": "{profile}"}}

use rule * from dcct as dcct_*

rule mine:
    default_target: True
    input: "{source}"
    output: "mine"
    shell: "cp {{input}} {{output}}"
"""
    )
    for said in ("2 of 2 steps", "Nothing to be done"):
        done = finished.run(
            "snakemake",
            "--cores",
            "1",
            "--directory",
            str(tmp_path),
            "--snakefile",
            str(tmp_path / "Snakefile"),
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        'it\'s a $(touch run) "profile"; touch run & `touch run` > run',
        "-x --help #1 100%s *[a]? é ~ \\n a,b:c=d !! $HOME (copy)",
    ],
)
def test_names_that_a_shell_would_run_are_words(finished, name):
    """A profile's name and a results folder with spaces, quotes, commands, options and patterns in
    them, both at the beginning of a path: used as they are, and logs with them."""
    text = (finished.folder / PROFILE).read_text()
    text = text.replace("results_dir: results/test", f"results_dir: {json.dumps(name)}")
    (finished.folder / f"{name}.yaml").write_text(text)
    for kind in ("variants", "datasets", "tables"):
        if not (finished.folder / kind).exists():
            (finished.folder / kind).symlink_to(finished.folder / "config" / kind)
    source = f"{name}/sources/walkers-test/receipt.json"
    command = ("snakemake", "--cores", "1", f"--configfile={name}.yaml", "--", source)
    done = finished.run(*command)
    assert done.returncode == 0, done.stderr
    assert (finished.folder / source).is_file()
    assert (finished.folder / name / "logs/source/walkers-test.log").read_text()
    assert not (finished.folder / "run").exists()


def test_a_profile_whose_path_is_a_pattern_is_refused(finished):
    """In one line, before Snakemake reads braces as wildcards."""
    shutil.copyfile(finished.folder / PROFILE, finished.folder / "config/a{x}.yaml")
    done = finished.run("snakemake", "--dry-run", "--configfile", "config/a{x}.yaml")
    assert "config/a{x}.yaml: a path holds no braces" in one_error(done)


def test_a_folder_that_cannot_be_written_is_one_line(finished, small_disk):
    """It says how to run from there."""
    subprocess.run(["mount", "-o", "remount,ro", small_disk.folder], check=True)
    workflow = ("--snakefile", str(finished.folder / "workflow/Snakefile"))
    done = finished.run("snakemake", "--dry-run", *workflow, "--directory", str(small_disk.folder))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].endswith("work in another folder with --directory FOLDER")


@pytest.mark.parametrize(
    "words", [["seeds=3"], ["profile=config/test.yaml", "seeds=3"], ["profile=config/seeds.yaml"]]
)
def test_what_the_steps_would_not_see_is_refused(finished, words):
    """Settings of Snakemake's command line, also beside a profile that is named there."""
    named = [] if len(words) == 2 else ["--configfile", PROFILE]
    done = finished.run("snakemake", "--dry-run", "--config", *words, *named)
    assert "the steps read one profile file" in one_error(done)


def test_what_is_gone_emptied_or_cut_is_made_again(finished):
    """Checkpoint, features, metrics, a table, a receipt and a run record: each job is seen, and
    what follows from it; then nothing is left to do."""
    cnn = "walkers-test/split0/cnn/seed0"
    damages = {
        f"checkpoints/{cnn}/history.csv": None,
        f"features/{cnn}/features.parquet": 0,
        f"metrics/{cnn}/metrics.json": 100,
        "tables/time-order.tex": 10,
        "figures/walkers-test/sheet.receipt.json": 20,
        "runs/attend/walkers-test/split0/dcct/seed0.json": 0,
    }
    for path, length in damages.items():
        if length is None:
            (finished.results / path).unlink()
        else:
            os.truncate(finished.results / path, length)
    made = {job.split()[0] for job in finished.jobs()}
    assert {"train", "extract", "rank", "tabulate", "draw_sheet", "attend"} <= made
    assert {f"rank {RUN_KEY.format('cnn')}", "tabulate table=time-order"} <= finished.jobs()
    done = finished.snakemake()
    assert done.returncode == 0, done.stderr[-3000:]
    assert finished.jobs() == set()
