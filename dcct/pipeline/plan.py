"""What a workflow needs to know of a profile before anything runs: products, and what decides each
step's numbers."""

import os
from dataclasses import dataclass
from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.config.load import (
    config_file,
    load_dataset,
    load_profile,
    load_table,
    splits_of,
    training_of,
    variant_names,
    variant_of,
)
from dcct.config.profile import Profile
from dcct.config.table import shown
from dcct.errors import ConfigError
from dcct.pipeline.code import ENTRY, code_of, settings_of
from dcct.pipeline.paths import Paths
from dcct.provenance.receipt import RECEIPT

FIGURES = ("ablation", "cmc", "training")
"""What `dcct draw` makes, each as .png and .svg."""
PLOTS = (*FIGURES, "tradeoff", "temporal", "embedding")
"""All figures of a data set that are both .png and .svg."""
PAGES = ("queries", "failures", "spatial", "sheet")
"""Those that consist of frames: .png."""
EXPORTED = ("model.safetensors", "config.json", "model.onnx", "README.md")
"""Files of an exported backbone."""
TABLE = ("csv", "md", "tex", "html")
"""Suffixes of a table's files."""
VERIFIED = ("report.json", "report.md", "frames.parquet")
"""Files of a verification."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One profile, unfolded. code, settings: step → what its rule must watch."""

    configfile: Path
    profile: Profile
    paths: Paths
    code: dict[str, list[str]]
    settings: dict[str, dict]

    def config(self, kind: str, name: str) -> str:
        """File of a variant, dataset, table or paper's numbers; `name` may hold a wildcard."""
        return config_file(kind, name, self.configfile).as_posix()

    def all_variants(self) -> list[str]:
        """Files of all variants beside the profile, whether it runs them or not."""
        return [self.config("variants", name) for name in variant_names(self.configfile)]

    def variant(self, judged: str) -> str:
        """File of the variant of what is judged."""
        return self.config("variants", variant_of(judged))

    def training(self, dataset: str, split: int | str, judged: str) -> tuple[str, int, str]:
        """(data set, split, variant) of the training whose checkpoint is judged."""
        return training_of(dataset, int(split), judged, self.profile, self.configfile)

    def learnt(
        self, dataset: str, split: int | str, judged: str, seed: int | str
    ) -> tuple[Path, Path, Path]:
        """Receipts of that checkpoint and of its data set's manifest, and the checkpoint."""
        source, number, variant = self.training(dataset, split, judged)
        folder = self.paths.checkpoint(source, number, variant, seed)
        return (
            folder / RECEIPT,
            self.paths.manifest(source, number) / RECEIPT,
            folder / "model.safetensors",
        )

    def splits(self, dataset: str) -> list[int]:
        """The splits of a data set that are run."""
        return splits_of(load_dataset(dataset, self.configfile), self.profile)

    def clips(self, dataset: str, split: int | str) -> list[Path]:
        """Receipts of manifest and frame store, which everything that shows frames to a network
        reads."""
        return [self.paths.manifest(dataset, split) / RECEIPT, self.paths.frames(dataset) / RECEIPT]

    def runs(self, dataset: str, names: list[str]) -> list[tuple[str, int, str, int]]:
        """(data set, split, variant, seed) of all runs of these variants."""
        return [
            (dataset, split, name, seed)
            for split in self.splits(dataset)
            for name in names
            for seed in self.profile.seeds
        ]

    def judged(self, dataset: str) -> list[Path]:
        """Receipts and run records of everything that is trained on a data set and judged on it."""
        return self._results(dataset, self.profile.judged)

    def results(self) -> list[Path]:
        """Receipts and run records of everything that is judged, on the data set of its training or
        another."""
        profile = self.profile
        same = [path for dataset in profile.datasets for path in self.judged(dataset)]
        return same + [
            path for name in profile.tested for path in self._results(name, profile.crossed(name))
        ]

    def tabulated(self, name: str) -> list[Path]:
        """Receipts and run records of what a table shows: runs of the variants that it names, on
        its data sets."""
        table = load_table(name, self.configfile)
        found = [
            path
            for one in shown(table, self.profile)
            for path in self._results(one.dataset, one.runs)
        ]
        return list(dict.fromkeys(found))

    def table(self, name: str) -> list[str]:
        """Files of a table and of everything that it names."""
        table = load_table(name, self.configfile)
        return [
            self.config("tables", name),
            *([self.config("published", table.published)] if table.published else []),
            *(self.config("variants", variant) for variant in table.variants),
            *(self.config("datasets", one.dataset) for one in shown(table, self.profile)),
        ]

    def _results(self, dataset: str, names: list[str]) -> list[Path]:
        """Receipts of all metrics, and run records that hold the seconds, of all runs."""
        found = []
        for _, split, name, seed in self.runs(dataset, names):
            source, number, variant = self.training(dataset, split, name)
            found += [
                self.paths.metrics(dataset, split, name, seed) / RECEIPT,
                self.paths.run("train", source, f"split{number}", variant, f"seed{seed}"),
                self.paths.run("extract", dataset, f"split{split}", name, f"seed{seed}"),
            ]
        return list(dict.fromkeys(found))

    def trainings(self, dataset: str) -> list[Path]:
        """Receipts of all checkpoints of a data set."""
        return [
            self.paths.checkpoint(*run) / RECEIPT
            for run in self.runs(dataset, self.profile.variants)
        ]

    def first_clips(self, dataset: str) -> list[Path]:
        """Receipts behind the pictures of a data set: those of its first split."""
        return self.clips(dataset, self.splits(dataset)[0])

    def shown_run(self, dataset: str) -> tuple[str, int, str, int]:
        """(data set, split, variant, seed) of the run that is pictured."""
        return self.runs(dataset, [shown_variant(self.profile)])[0]

    def shown(self, dataset: str) -> Path:
        """Receipt of the metrics whose retrievals are pictured."""
        return self.paths.metrics(*self.shown_run(dataset)) / RECEIPT

    def page_inputs(self) -> list[Path]:
        """All other products, and the manifests and frames whose pictures the page shows."""
        clips = [path for dataset in self.profile.tested for path in self.first_clips(dataset)]
        return [*(path for path in self.products() if path != self.paths.page), *clips]

    def configuration(self) -> list[Path | str]:
        """The profile and every file that it names."""
        named = {"datasets": self.profile.tested, "variants": self.profile.judged}
        files = [self.config(kind, name) for kind, names in named.items() for name in names]
        tables = [file for name in self.profile.tables for file in self.table(name)]
        return list(dict.fromkeys([self.configfile, *files, *tables]))

    def missing(self) -> list[str]:
        """What the user must put in place before anything can run, one line each: data, pretrained
        weights."""
        found = []
        for name in self.profile.tested:
            dataset, root = load_dataset(name, self.configfile), self.paths.data(name)
            absent = [need for need in dataset.needs if not (root / need).exists()]
            if absent and not self._obtainable(dataset):
                how = " ".join(dataset.get.split())
                found.append(
                    f"{root}: no {', '.join(absent)} ({dataset.title}, {dataset.state}): {how}"
                )
        weights = self.profile.weights
        if weights.source == "folder":
            files = [Path(weights.folder) / name for name in (weights.cnn, weights.vit)]
            found += [
                f"{path}: pretrained weights: see weights in config/README.md"
                for path in files
                if not path.exists()
            ]
        return found

    def _obtainable(self, dataset: Dataset) -> bool:
        """Whether the source step can put the set in place: linked, or unpacked under accepted
        terms."""
        at_hand = dataset.archives and not dataset.to_be_asked_for(self.paths.archives)
        return bool(dataset.path or (dataset.accept_license and at_hand))

    def products(self) -> list[Path]:
        """Everything that a whole run makes for people to read, and every metric and checkpoint
        behind it."""
        paths, profile = self.paths, self.profile
        tables = [
            paths.table(name, suffix) for name in [*profile.tables, "cost"] for suffix in TABLE
        ]
        figures = [
            paths.figures(dataset) / f"{name}.{suffix}"
            for dataset in profile.datasets
            for name in PLOTS
            for suffix in ("png", "svg")
        ]
        pages = [
            paths.figures(dataset) / f"{name}.png" for dataset in profile.datasets for name in PAGES
        ]
        exported = [
            paths.exported(*run) / RECEIPT
            for dataset in profile.datasets
            for run in self.runs(dataset, profile.backbones)
        ]
        behind = [path for dataset in profile.datasets for path in self.trainings(dataset)]
        return [*tables, *figures, *pages, *exported, *behind, *self.results(), paths.page]


def shown_variant(profile: Profile) -> str:
    """The variant that is pictured (retrievals, attention, features): dcct, or the profile's last
    one."""
    return "dcct" if "dcct" in profile.variants else profile.variants[-1]


def read_plan(configfiles: list[str | Path], overrides: dict) -> Plan:
    """The plan of the one profile that Snakemake was given.

    The steps read that file, not Snakemake's merged config: values given by --config, or a second
    --configfile, would be silently ignored, so they are refused.
    """
    if overrides or len(configfiles) > 1:
        what = (
            f"--config {' '.join(overrides)}" if overrides else f"{len(configfiles)} config files"
        )
        raise ConfigError(
            f"{what}: the steps read one profile file and would not see it: write a profile of your"
            " own and name it with --configfile"
        )
    configfile = Path(os.path.relpath(configfiles[0]))
    profile = load_profile(configfile)
    return Plan(
        configfile=configfile,
        profile=profile,
        paths=Paths(data_dir=Path(profile.data_dir), results_dir=Path(profile.results_dir)),
        code={step: [file.as_posix() for file in code_of(step)] for step in ENTRY},
        settings={step: settings_of(step, profile) for step in ENTRY},
    )
