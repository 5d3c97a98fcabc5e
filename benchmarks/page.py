"""How big a MARS-sized report page is, and how soon one can use it in Chromium.

    python benchmarks/page.py [--queries 1980] [--tracklets 11310] [--rounds 5] [--folder DISK]

Every variant of the default profile is evaluated by the real code, on random features of so many
tracklets of 626 identities at six cameras. Their frames are drawn people at 256×128 with grain that
survives shrinking, so that they take as many bytes as film; tracklets share frames, which a page
does not know. Then the page is written, and opened from file:// by a new browser each round.
"""

import argparse
import io
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from playwright.sync_api import sync_playwright

from dcct.clips.frames import INDEX
from dcct.datasets.manifest import LISTING, TRACKLETS, write_parquet
from dcct.evaluation.features import feature_table
from dcct.evaluation.protocol import evaluate_features, write_metrics
from dcct.files import file_digest, write_json
from dcct.pipeline.pipeline import Pipeline
from dcct.pipeline.step import RUNS
from dcct.pipeline.steps import read_pipeline
from dcct.report.page.build import write_page
from dcct.runtime.progress import Progress
from dcct.walkers import draw_tracklet

CONFIGFILE = Path(__file__).parents[1] / "config/config.yaml"
DATASET, CHROMIUM = "walkers", "/usr/bin/chromium"
IDENTITIES, CAMERAS, CHANNELS, FRAMES, DRAWN, GRAIN = 626, 6, 64, 8, 300, 12
MADE = {
    "precision": "fp32",
    "device": "cpu",
    "versions": {},
    "verification": "passed",
    "parameters": 0,
    "trained_on": DATASET,
    "digests": {"data": "0", "checkpoint": "0", "features": "0"},
}
FIRST_ROW = """
addEventListener("DOMContentLoaded", () => (window.loaded = performance.now()));
new MutationObserver((_, observer) => {
  const picture = document.querySelector(".query .sprite");
  if (!picture) return;
  observer.disconnect();
  const image = new Image();
  image.src = picture.style.backgroundImage.slice(5, -2);
  const note = () => setTimeout(() => (window.usable = performance.now()));
  image.decode().then(() => requestAnimationFrame(note));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the document was read, and when the gallery's first row was painted with its
picture."""


def write_frames(pipeline: Pipeline) -> None:
    """A frame store of DRAWN tracklets."""
    walkers = pipeline.dataset(DATASET).walkers
    spec = walkers.model_copy(update={"height": 256, "frames": FRAMES})
    random, images = np.random.default_rng(0), []
    for number in range(DRAWN):
        pixels = draw_tracklet(spec, 1 + number // 4, 1 + number % 4, 1)
        grain = (
            random.normal(0, GRAIN, (FRAMES, 86, 43, 1))
            .repeat(3, axis=1)
            .repeat(3, axis=2)[:, :256, :128]
        )
        for frame in np.clip(pixels + grain, 0, 255).astype(np.uint8):
            Image.fromarray(frame).save(file := io.BytesIO(), "JPEG", quality=85)
            images.append(file.getvalue())
    folder = pipeline.job("pack", DATASET).folder
    folder.mkdir(parents=True)
    (folder / "frames.bin").write_bytes(b"".join(images))
    lengths = np.array([len(image) for image in images], np.int32)
    index = pa.table([np.cumsum(lengths, dtype=np.int64) - lengths, lengths], schema=INDEX)
    write_parquet(folder / "index.parquet", index.replace_schema_metadata({LISTING: "0"}))


def write_manifest(pipeline: Pipeline, queries: int, tracklets: int) -> np.ndarray:
    """A manifest whose first tracklets are queries; returns their identities (N,)."""
    random = np.random.default_rng(1)
    pids = random.permutation(np.arange(tracklets) % IDENTITIES) + 1
    split = ["query"] * queries + ["gallery"] * (tracklets - queries)
    places = random.integers(DRAWN, size=tracklets) * FRAMES
    columns = [
        range(tracklets),
        split,
        pids,
        [-1] * tracklets,
        random.integers(CAMERAS, size=tracklets),
        places,
    ]
    schema = TRACKLETS.with_metadata({**TRACKLETS.metadata, LISTING: b"0"})
    table = pa.table([*columns, [FRAMES] * tracklets], schema=schema)
    write_parquet(pipeline.job("manifest", DATASET, 0) / "tracklets.parquet", table)
    return pids


def write_results(pipeline: Pipeline, pids: np.ndarray) -> None:
    """Metrics of every variant, from features in which identities lie apart."""
    profile, features = pipeline.profile, pipeline.results / "features.parquet"
    sampler, protocol = profile.evaluation.samplers[0], pipeline.dataset(DATASET).protocol
    for number, job in enumerate(pipeline.runs("rank", DATASET)):
        variant, random = pipeline.variant(job["variant"]), np.random.default_rng(2 + number)
        middles = random.standard_normal((IDENTITIES + 1, CHANNELS), np.float32)
        values = 0.8 * middles[pids] + random.standard_normal((len(pids), CHANNELS), np.float32)
        keys = [(sampler, tracklet) for tracklet in range(len(pids))]
        write_parquet(features, feature_table(keys, {variant.headline: values}))
        manifest = job.other("manifest").folder
        found = evaluate_features(features, manifest, protocol, profile)
        header = {**job.values, **MADE}
        write_metrics(found, header, (sampler, variant.headline), job.folder)
        write_json(job.receipt, {"outputs": {one.name: file_digest(one) for one in job.outputs}})


def opened(path: Path) -> tuple[float, float]:
    """Seconds until the document was read, and until the first row was painted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_init_script(FIRST_ROW)
        page.goto(path.as_uri())
        page.wait_for_function("window.usable")
        times = page.evaluate("[window.loaded, window.usable]")
        browser.close()
    return tuple(value / 1e3 for value in times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option, default in (("queries", 1980), ("tracklets", 11_310), ("rounds", 5)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="page-benchmark-", dir=arguments.folder) as scratch:
        pipeline, path = read_pipeline(CONFIGFILE), Path(scratch, "index.html")
        pipeline.data, pipeline.results = Path(scratch, "data"), Path(scratch)
        (pipeline.results / RUNS).mkdir()
        write_frames(pipeline)
        write_results(pipeline, write_manifest(pipeline, arguments.queries, arguments.tracklets))
        started = time.perf_counter()
        write_page(pipeline, path, shareable=False, progress=Progress())
        print(
            f"{path.stat().st_size / 1e6:.1f} MB, written in {time.perf_counter() - started:.0f} s"
        )
        times = [opened(path) for _ in range(arguments.rounds)]
        for name, seconds in zip(
            ("document read", "first row painted"), zip(*times, strict=True), strict=True
        ):
            print(
                f"{name}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} to"
                f" {max(seconds):.2f})"
            )


if __name__ == "__main__":
    main()
