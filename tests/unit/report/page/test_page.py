"""The report page, from results of which some are missing and some are of real people."""

import io
import json
import re

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from dcct.clips.frames import INDEX, FrameStore
from dcct.datasets.manifest import write_parquet
from dcct.files import write_json
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.pipeline import Pipeline
from dcct.pipeline.steps import read_pipeline
from dcct.report.page.build import write_page
from dcct.report.page.rankings import _spread
from dcct.report.page.sprites import sprites
from dcct.report.tables.columns import csv_names
from dcct.report.tables.cost import Section, write_cost
from dcct.report.tables.tables import write_table
from dcct.runtime.progress import Progress

RUNS = {"cnn": [1], "dcct": [0, 1]}
"""Variant → seeds that were run, of the seeds 0 and 1: of cnn, the first failed."""
TITLE = "</script><em>CNN"


def _half(pipeline, evaluated):
    """Metrics of some runs, pictures of twenty tracklets, no table, no figure."""
    (name,) = pipeline.profile.datasets
    for variant, seeds in RUNS.items():
        for seed in seeds:
            evaluated(pipeline, name, 0, variant, seed)
    images = [io.BytesIO() for _ in range(20)]
    for number, image in enumerate(images):
        Image.new("RGB", (24, 48), (12 * number, 90, 90)).save(image, "JPEG")
    frames = pipeline.job("pack", name)
    frames.folder.mkdir(parents=True)
    (frames / "frames.bin").write_bytes(b"".join(image.getvalue() for image in images))
    lengths = np.array([len(image.getvalue()) for image in images], np.int32)
    index = pa.table([np.cumsum(lengths, dtype=np.int64) - lengths, lengths], schema=INDEX)
    write_parquet(frames / "index.parquet", index)
    return pipeline


@pytest.fixture
def half(project, evaluated, tmp_path):
    """half(data set): a profile of two seeds on it, half of it done."""

    def make(dataset: str) -> Pipeline:
        pipeline = project(tmp_path / dataset, datasets=[dataset], seeds=[0, 1])
        return _half(pipeline, evaluated)

    return make


def _written(pipeline, *, shareable=False):
    path = pipeline.results / "page.html"
    write_page(pipeline, path, shareable=shareable, progress=Progress())
    return path.read_text(encoding="utf-8")


def _block(page, name):
    return json.loads(
        re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)[
            1
        ]
    )


def test_what_was_not_made_is_named(half):
    """Missing tables, figures, variants and a failed seed each leave a gap with a name; what was
    run is shown."""
    page = _written(half("walkers-test"))
    assert "not made: run `dcct tabulate components --configfile " in page
    assert "ablation: not made" in page
    assert "9 of 12 runs are missing" in page
    queries = _block(page, "queries-walkers-test")
    assert {one["name"]: one["seed"] for one in queries["variants"]} == {"cnn": 1, "dcct": 0}
    assert "DCCT + FD + LD" in queries["missing"]
    assert len(queries["pictured"]) == 20


def test_a_page_of_nothing_is_a_page_of_gaps(project, tmp_path):
    """Where nothing was run at all, the page says so."""
    page = _written(project(tmp_path, seeds=[0, 1]))
    assert "12 of 12 runs are missing" in page
    assert "not run: no query to show" in page


def _drawn(pipeline, name, figure):
    """A figure of a data set, as if `dcct draw` had drawn it."""
    job = pipeline.job("draw", name, figure)
    for path in job.outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path, "PNG")
    write_json(job.receipt, {"outputs": {}})


def test_a_shareable_page_pictures_nobody_real(half):
    """Of a real set, the local page warns and the shareable one holds no picture; of a drawn set,
    it holds all."""
    real, drawn = half("mars"), half("walkers-test")
    for name in FIGURES:
        _drawn(real, "mars", name)
    people = sum(figure.people for figure in FIGURES.values())
    local, shared = _written(real), _written(real, shareable=True)
    assert "do not publish" in local
    assert 'id="pictures-mars-0"' in local
    assert local.count("data:image/") == shared.count("data:image/") + people
    assert 'id="pictures-mars-0"' not in shared
    assert "queries: not shown: its people are real" in shared
    assert 'id="pictures-walkers-test-0"' in _written(drawn, shareable=True)


def _made(pipeline, name):
    """A table, as if `dcct tabulate` had made it."""
    job = pipeline.job("tabulate", name)
    write_table(pipeline, name, job.folder)
    inputs = {
        (run / "metrics.json").as_posix(): "0" for run in job.reads.values() if run.folder.is_dir()
    }
    write_json(job.receipt, {"outputs": {}})
    write_json(job.record, {"inputs": inputs, "settings": "s", "code": "c"})


def test_a_table_is_printed_from_its_csv(half):
    """A number that was changed in the CSV is the one that the page prints; no other file of a
    table is read."""
    pipeline = half("walkers-test")
    _made(pipeline, "components")
    job = pipeline.job("tabulate", "components")
    for suffix in ("md", "tex", "html"):
        (job / suffix).unlink()
    text = (job / "csv").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("walkers-test,cnn,"))
    mAP = row.split(",")[csv_names("variants").index("mAP")]
    (job / "csv").write_text(text.replace(row, row.replace(mAP, "12.3000", 1)), encoding="utf-8")
    assert '<td class="number">12.3<small>[' in _written(pipeline)


@pytest.mark.parametrize("counted", [False, True])
def test_networks_have_the_size_that_the_cost_table_says(half, counted):
    """In the page's first words and its set-up; without the table they have their names alone. It
    is the same where identities were counted in a manifest, of which no row of it is a run."""
    pipeline = half("walkers-test")
    assert _written(pipeline).count("resnet18 and vit_base_patch16_224") == 2
    job, sized = pipeline.job("cost"), "resnet18 cut down to 80k parameters"
    cost = {"variant": "cnn", "title": "CNN", "parameters": 9, "parts": {"cnn": 9}, "unused": 0}
    cost |= {"flops": 5, "milliseconds": 1.0}
    named = {"size": "This profile", "networks": sized, "about": "4 frames.", "where": "CPU"}
    write_cost([Section(**named, official=False, costs=[cost])], job.outputs)
    write_json(job.receipt, {"outputs": {}})
    manifest = pipeline.job("manifest", "walkers-test", 0)
    write_json(manifest.receipt, {"outputs": {"tracklets.parquet": "d" * 64}})
    inputs = {(manifest / "tracklets.parquet").as_posix(): "d" * 64} if counted else {}
    write_json(job.record, {"inputs": inputs, "settings": "s", "code": "c"})
    assert _written(pipeline).count(sized) == 3  # and in the notes below the cost table


def test_each_row_has_the_runs_behind_it(half):
    """Of a table, as many lists of receipts as its CSV has rows, each with the row's own runs."""
    pipeline = half("walkers-test")
    _made(pipeline, "components")
    behind = _block(_written(pipeline), "behind")
    rows = [[behind["receipts"][place] for place in row] for row in behind["rows"]["components"]]
    variants = ["chance", *pipeline.table("components").variants]
    assert len(rows) == len(variants)
    runs = {
        variant: [
            pipeline.job("rank", "walkers-test", 0, variant, seed).receipt.as_posix()
            for seed in seeds
        ]
        for variant, seeds in RUNS.items()
    }
    for variant, row in zip(variants[1:], rows[1:], strict=True):
        assert row == runs.get(variant, [])


def test_a_table_of_nothing_but_the_field_is_folded(half):
    """One line says so, with the number of published rows; with a run of ours it is open."""
    line = '<details><summary class="gap">Nothing was run on these sets; 18 published rows<'
    for dataset, folded in (("walkers-test", True), ("ilids-vid", False)):
        pipeline = half(dataset)
        _made(pipeline, "comparison-ilids-prid")
        page = _written(pipeline)
        assert "CLIMB-ReID" in page
        assert (line in page) == folded


def test_same_results_same_bytes(half):
    """Two pages of one run are equal."""
    made = half("walkers-test")
    assert _written(made) == _written(made)


def test_texts_cannot_leave_their_place(project, evaluated, tmp_path):
    """Markup in a title stays text, in tables and in the page's blocks of data."""
    file = project(tmp_path, datasets=["walkers-test"], seeds=[0, 1]).configfile
    variant = file.parent / "variants/cnn.yaml"
    variant.write_text(variant.read_text().replace("title: CNN", f"title: {TITLE}"))
    pipeline = _half(read_pipeline(file), evaluated)
    _made(pipeline, "components")
    page = _written(pipeline)
    assert "<em>" not in page
    assert "&lt;em&gt;CNN</th>" in page
    titles = {one["title"] for one in _block(page, "queries-walkers-test")["variants"]}
    assert TITLE in titles


def test_everything_in_a_report_has_a_caption(project, tmp_path):
    """Every table, every figure and the page: a caption that is missing, or empty, is an error."""
    shown = [job for job in project(tmp_path).jobs() if job.step.report]
    assert {job.step.verb for job in shown} == {"cost", "tabulate", "draw", "page"}
    for job in shown:
        assert job.caption.read_text(encoding="utf-8").strip()


def test_pictures_stop_at_the_limit(half):
    """The sprites that fit are those that come first."""
    manifest, frames = half("walkers-test").pictures("walkers-test")
    store = FrameStore(frames.folder, manifest.folder)
    wanted = [(number, 1) for number in (7, 3, 11, 0)]
    everything = sprites(store, wanted, 10**9)
    limit = sum(len(everything[number]) for number in (7, 3))
    assert sprites(store, wanted, limit) == {number: everything[number] for number in (7, 3)}


@pytest.mark.parametrize("count", [1, 7, 1980])
def test_any_first_queries_are_spread_evenly(count):
    """Every query is there once, and the first ten of many lie in different eighths of AP."""
    order = _spread(count)
    assert sorted(order) == list(range(count))
    if count > 100:
        assert {8 * row // count for row in order[:13]} == set(range(8))
