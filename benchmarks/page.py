"""How big a MARS-sized report page is, and how soon one can use it in Chromium.

    python benchmarks/page.py [--queries 1980] [--tracklets 11310] [--rounds 5] [--folder
    /a/big/disk]

Every variant of the default profile is judged, by the real evaluation, on random features of so
many tracklets of 626 identities at six cameras. Their frames are drawn people at 256×128 with grain
that survives shrinking, so that they take as many bytes as film; tracklets share frames, which a
page does not know. Then the page is written, and opened from file:// by a new browser each round.
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
from dcct.config.load import load_dataset, load_profile, load_variant
from dcct.config.profile import Profile
from dcct.datasets.manifest import LISTING, TRACKLETS, write_parquet
from dcct.evaluation.features import feature_table
from dcct.evaluation.protocol import judge, write_metrics
from dcct.files import file_digest, write_json
from dcct.pipeline.paths import Paths
from dcct.provenance.receipt import RECEIPT
from dcct.report.page.build import write_page
from dcct.runtime.progress import Progress
from dcct.walkers import draw_tracklet

CONFIGFILE = Path(__file__).parents[1] / "config/config.yaml"
DATASET, CHROMIUM = "walkers", "/usr/bin/chromium"
IDENTITIES, CAMERAS, CHANNELS, FRAMES, DRAWN, GRAIN = 626, 6, 64, 8, 300, 12
STEPS = dict.fromkeys(("train", "extract", "rank"), "0")
MADE = {
    "precision": "fp32",
    "device": "cpu",
    "versions": {},
    "verification": "passed",
    "parameters": 0,
}
DIGESTS = {"data": "0", "checkpoint": "0", "features": "0", "config": STEPS, "code": STEPS}
FIRST_ROW = """
addEventListener("DOMContentLoaded", () => (window.loaded = performance.now()));
new MutationObserver((_, observer) => {
  const picture = document.querySelector(".query .sprite");
  if (!picture) return;
  observer.disconnect();
  const image = new Image();
  image.src = picture.style.backgroundImage.slice(5, -2);
  image.decode().then(() => requestAnimationFrame(() => setTimeout(() => (window.usable = performance.now()))));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the document was read, and when the gallery's first row was painted with its
picture."""


def write_frames(paths: Paths) -> None:
    """A frame store of DRAWN tracklets."""
    spec = load_dataset(DATASET, CONFIGFILE).walkers.model_copy(
        update={"height": 256, "frames": FRAMES}
    )
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
    folder = paths.frames(DATASET)
    folder.mkdir(parents=True)
    (folder / "frames.bin").write_bytes(b"".join(images))
    lengths = np.array([len(image) for image in images], np.int32)
    index = pa.table([np.cumsum(lengths, dtype=np.int64) - lengths, lengths], schema=INDEX)
    write_parquet(folder / "index.parquet", index.replace_schema_metadata({LISTING: "0"}))


def write_manifest(paths: Paths, queries: int, tracklets: int) -> np.ndarray:
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
    write_parquet(paths.manifest(DATASET, 0) / "tracklets.parquet", table)
    return pids


def write_results(paths: Paths, profile: Profile, pids: np.ndarray) -> None:
    """Metrics of every variant, from features in which identities lie apart."""
    for number, name in enumerate(profile.judged):
        variant, random = load_variant(name, CONFIGFILE), np.random.default_rng(2 + number)
        middles = random.standard_normal((IDENTITIES + 1, CHANNELS), np.float32)
        values = 0.8 * middles[pids] + random.standard_normal((len(pids), CHANNELS), np.float32)
        keys = [(profile.evaluation.samplers[0], tracklet) for tracklet in range(len(pids))]
        features, folder = (
            paths.results_dir / "features.parquet",
            paths.metrics(DATASET, 0, name, 0),
        )
        write_parquet(features, feature_table(keys, {variant.headline: values}))
        dataset = load_dataset(DATASET, CONFIGFILE)
        rows, queries = judge(features, paths.manifest(DATASET, 0), dataset, profile, variant)
        header = {"split": 0, "seed": 0, "digests": DIGESTS, **MADE}
        write_json(
            folder / "metrics.json", write_metrics(rows, queries, header, variant, profile, folder)
        )
        outputs = {file: file_digest(folder / file) for file in ("metrics.json", "queries.parquet")}
        write_json(
            folder / RECEIPT, {"outputs": outputs, "inputs": {}, "settings": "0", "code": "0"}
        )


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
    profile = load_profile(CONFIGFILE)
    with tempfile.TemporaryDirectory(prefix="page-benchmark-", dir=arguments.folder) as scratch:
        folder = Path(scratch)
        paths, path = Paths(data_dir=folder / "data", results_dir=folder), folder / "index.html"
        (folder / "runs").mkdir()
        write_frames(paths)
        write_results(paths, profile, write_manifest(paths, arguments.queries, arguments.tracklets))
        started = time.perf_counter()
        write_page(profile, paths, CONFIGFILE, path, shareable=False, progress=Progress())
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
