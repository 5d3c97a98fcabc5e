"""The report page, from results of which some are missing and some are of real people."""

import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from dcct.pipeline.paths import Paths
from PIL import Image

from dcct.clips.frames import INDEX, FrameStore
from dcct.config.load import load_profile
from dcct.datasets.manifest import write_parquet
from dcct.report.page.build import write_page
from dcct.report.page.gallery import _spread
from dcct.report.page.sprites import sprites
from dcct.runtime.progress import Progress

CONFIGFILE = Path(__file__).parents[4] / "config/test.yaml"
RUNS = {"cnn": [1], "dcct": [0, 1]}
"""Variant → seeds that were run, of the seeds 0 and 1: of cnn, the first failed."""


@pytest.fixture(scope="module")
def half(tmp_path_factory, judged):
    """half(data set): a profile of two seeds on it and where its results lie: metrics of some runs,
    pictures of twenty tracklets, no table, no figure."""

    def make(dataset: str, configfile: Path = CONFIGFILE):
        folder = tmp_path_factory.mktemp("page")
        (folder / "runs").mkdir()
        profile = load_profile(configfile).model_copy(
            update={"datasets": [dataset], "seeds": [0, 1]}
        )
        paths = Paths(data_dir=folder, results_dir=folder)
        for name, seeds in RUNS.items():
            for seed in seeds:
                judged(configfile, profile, paths, dataset, 0, name, seed)
        images = [io.BytesIO() for _ in range(20)]
        for number, image in enumerate(images):
            Image.new("RGB", (24, 48), (12 * number, 90, 90)).save(image, "JPEG")
        paths.frames(dataset).mkdir(parents=True)
        (paths.frames(dataset) / "frames.bin").write_bytes(
            b"".join(image.getvalue() for image in images)
        )
        lengths = np.array([len(image.getvalue()) for image in images], np.int32)
        index = pa.table([np.cumsum(lengths, dtype=np.int64) - lengths, lengths], schema=INDEX)
        write_parquet(paths.frames(dataset) / "index.parquet", index)
        return profile, paths

    return make


def _written(profile, paths, configfile=CONFIGFILE, *, shareable=False):
    path = paths.results_dir / "page.html"
    write_page(profile, paths, configfile, path, shareable=shareable, progress=Progress())
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
    page = _written(*half("walkers-test"))
    assert "not made: run `dcct tabulate components`" in page
    assert "ablation: not made" in page
    assert "9 of 12 runs are missing" in page
    shown = _block(page, "gallery-walkers-test")
    assert {one["name"]: one["seed"] for one in shown["variants"]} == {"cnn": 1, "dcct": 0}
    assert "DCCT + FD + LD" in shown["missing"]
    assert len(shown["pictured"]) == 20


def test_a_page_of_nothing_is_a_page_of_gaps(half):
    """Where nothing was run at all, the page says so."""
    profile, paths = half("walkers-test")
    page = _written(
        profile, Paths(data_dir=paths.data_dir, results_dir=paths.results_dir / "elsewhere")
    )
    assert "12 of 12 runs are missing" in page
    assert "not run: no query to show" in page


def test_a_shareable_page_pictures_nobody_real(half):
    """Of a real set, the local page warns and the shareable one holds no picture; of a drawn set,
    it holds all."""
    real, drawn = half("mars"), half("walkers-test")
    paths = real[1]
    paths.figures("mars").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(paths.figures("mars") / "queries.png")
    local, shared = _written(*real), _written(*real, shareable=True)
    assert "do not publish" in local
    assert 'id="pictures-mars-0"' in local
    assert local.count("data:image/") == shared.count("data:image/") + 1
    assert 'id="pictures-mars-0"' not in shared
    assert "queries: not shown: its people are real" in shared
    assert 'id="pictures-walkers-test-0"' in _written(*drawn, shareable=True)


def test_same_results_same_bytes(half):
    """Two pages of one run are equal."""
    made = half("walkers-test")
    assert _written(*made) == _written(*made)


def test_texts_cannot_leave_their_place(half, tmp_path):
    """Markup in a title stays text, in the page and in its blocks of data."""
    shutil.copytree(CONFIGFILE.parent, tmp_path / "config")
    configfile = tmp_path / "config/test.yaml"
    variant = configfile.parent / "variants/cnn.yaml"
    title = "</script><em>CNN"
    variant.write_text(variant.read_text().replace("title: CNN", f"title: {title}"))
    page = _written(*half("walkers-test", configfile), configfile)
    assert "<em>" not in page
    assert title in {one["title"] for one in _block(page, "gallery-walkers-test")["variants"]}


def test_pictures_stop_at_the_limit(half):
    """The sprites that fit are those that come first."""
    _, paths = half("walkers-test")
    store = FrameStore(paths.frames("walkers-test"), paths.manifest("walkers-test", 0))
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
