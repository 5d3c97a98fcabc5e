"""Where every artefact lies: one pure function each, no folder made.

Snakemake rules, DVC stages and the code all agree because nothing else spells a path.
"""

from dataclasses import dataclass
from pathlib import Path

from dcct.config.profile import Clips

REFERENCE = "reference"
"""Folder below the results in which published ones are kept."""
VERBS = {
    "sources": "source",
    "verified": "verify",
    "manifests": "manifest",
    "frames": "pack",
    "clips": "sample",
    "weights": "weights",
    "checkpoints": "train",
    "features": "extract",
    "attention": "attend",
    "metrics": "rank",
    "backbones": "export",
    "tables": "tabulate",
    "figures": "draw",
}
"""Folder below the results → the verb that fills it, unless a receipt there is named after
another."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Paths of one profile. A run is (dataset, split, variant, seed)."""

    data_dir: Path
    results_dir: Path

    def data(self, dataset: str) -> Path:
        return self.data_dir / dataset

    @property
    def archives(self) -> Path:
        """Archives of data sets, fetched or put there by hand."""
        return self.data_dir / "archives"

    def source(self, dataset: str) -> Path:
        return self.results_dir / "sources" / dataset

    def verified(self, dataset: str) -> Path:
        return self.results_dir / "verified" / dataset

    def manifest(self, dataset: str, split: int) -> Path:
        return self._of_split("manifests", dataset, split)

    def frames(self, dataset: str) -> Path:
        return self.results_dir / "frames" / dataset

    def store(self, dataset: str, clips: Clips) -> list[Path]:
        """Files of the frame store."""
        folder = self.frames(dataset)
        pixels = [pixels_file(folder, clips.height, clips.width)] if clips.decoded else []
        return [folder / "frames.bin", folder / "index.parquet", *pixels]

    def clips(self, dataset: str, split: int) -> Path:
        return self._of_split("clips", dataset, split)

    def weights(self, seed: int) -> Path:
        return self.results_dir / "weights" / f"seed{seed}"

    def checkpoint(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        return self._of_run("checkpoints", dataset, split, variant, seed)

    def features(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        return self._of_run("features", dataset, split, variant, seed)

    def metrics(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        return self._of_run("metrics", dataset, split, variant, seed)

    def attention(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        return self._of_run("attention", dataset, split, variant, seed)

    def trace(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        """What `dcct train --profile` writes."""
        return self._of_run("traces", dataset, split, variant, seed) / "trace.json"

    def exported(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        return self._of_run("backbones", dataset, split, variant, seed)

    def table(self, name: str, suffix: str) -> Path:
        return self.results_dir / "tables" / f"{name}.{suffix}"

    def figures(self, dataset: str) -> Path:
        return self.results_dir / "figures" / dataset

    @property
    def page(self) -> Path:
        """The report page, in which everything can be read."""
        return self.results_dir / "index.html"

    @property
    def shareable_page(self) -> Path:
        """The same without pictures of real people: made by hand, no rule's output."""
        return self.results_dir / "shareable.html"

    def log(self, *key: str) -> Path:
        return self.results_dir.joinpath("logs", *key[:-1], f"{key[-1]}.log")

    def benchmark(self, *key: str) -> Path:
        return self.results_dir.joinpath("benchmarks", *key[:-1], f"{key[-1]}.tsv")

    def work(self, dataset: str, split: int, variant: str, seed: int) -> Path:
        """Resume state of an unfinished training: no rule's output, so that neither workflow ever
        deletes it."""
        return self._of_run("work", dataset, split, variant, seed)

    def extracting(self, dataset: str, split: int, variant: str, seed: int, origin: str) -> Path:
        """Finished shards of an unfinished extraction, which only one of the same origin goes on
        with."""
        return self._of_split("work/features", dataset, split) / variant / f"seed{seed}" / origin

    def packing(self, dataset: str) -> Path:
        """An unfinished frame store, to go on from; no rule's output either."""
        return self.results_dir / "work" / dataset / "frames"

    def run(self, *key: str) -> Path:
        """How an artefact came to be (time, versions, device): never an input, since it differs at
        every run."""
        return self.results_dir.joinpath("runs", *key[:-1], f"{key[-1]}.json")

    def _of_split(self, kind: str, dataset: str, split: int) -> Path:
        return self.results_dir / kind / dataset / f"split{split}"

    def _of_run(self, kind: str, dataset: str, split: int, variant: str, seed: int) -> Path:
        return self._of_split(kind, dataset, split) / variant / f"seed{seed}"


def pixels_file(frames: Path, height: int, width: int) -> Path:
    """Where a frame store keeps frames decoded and resized to height × width, if it does."""
    return frames / f"pixels-{height}x{width}.bin"


def made_by(receipt: Path) -> tuple[str, ...]:
    """The verb and the key of the run record (see Paths.run) of the artefact with this receipt.

    receipt: below the results folder, as metrics/walkers/split0/cnn/seed0/receipt.json.
    """
    kind, *key = receipt.parent.parts or ("",)
    name = receipt.name.removesuffix("receipt.json").removesuffix(".")
    if kind == "tables":
        return ("cost" if name == "cost" else VERBS[kind], name)
    if kind in VERBS and not name:
        return (VERBS[kind], *key)
    return (name or kind, *(key or [name or kind]))
