"""Whether rounding is one more seed, and whether `dcct agree` lets honest runs pass and stops wrong
ones: with real trainings, held against the published six seeds.

    snakemake --cores all
    python benchmarks/agreement.py [--folder results/agreement] [--variants untrained vit cca dcct]
        [--python OTHER/bin/python]

Each setting trains the variants with three seeds. Honest ones round otherwise: two threads, plain
instructions instead of the processor's widest, initial weights moved by 1e-7 of their size, and
other libraries, where an interpreter is given that has them. Wrong ones have one fault: the
learning rate, labels that are shuffled, data of another seed, the last two variants in each other's
place, slips of an evaluator. A setting's scores are kept in the folder, so that a second start goes
on; faults that need no training are computed from the first setting.
"""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dcct.datasets.manifest import read_manifest, write_parquet
from dcct.evaluation.agreement import RATE, p_value
from dcct.evaluation.features import feature_sets, read_feature_table
from dcct.evaluation.protocol import evaluate_features
from dcct.evaluation.slips import RIGHT, misjudge
from dcct.files import parse_json, write_json
from dcct.pipeline.pipeline import Pipeline
from dcct.pipeline.steps import read_pipeline
from dcct.report.tables.csv_file import read_rows
from dcct.runtime.progress import Progress
from dcct.runtime.view import View
from dcct.seeding import Stream, generator

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
DATASET, SAMPLER, REFERENCE = "walkers", "begin", ROOT / "results/reference/seeds"
SEEDS = (0, 1, 2)
RANKS = {"rank1": 1, "rank5": 5, "rank10": 10, "rank20": 20}
CELLS = ("mAP", *RANKS)
Cells = dict[str, float]
"""Feature set and metric → percent."""
Scores = dict[str, dict[str, list[Cells]]]
"""Way of judging → variant → each seed's cells."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to train all variants."""

    honest: bool = False
    """Whether it only rounds otherwise."""
    environment: dict[str, str] = field(default_factory=dict)
    """Of its processes."""
    training: dict = field(default_factory=dict)
    """Keys of the profile's `training` that are other."""
    moved: float = 0.0
    """By what share of its size each initial weight is moved, at random."""
    shuffled: bool = False
    """Whether training labels are permuted among tracklets."""
    data_seed: int | None = None
    """Seed of other walkers."""
    other_python: bool = False
    """Whether another interpreter trains it."""


PLAIN = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}
SETTINGS = {
    "as published": Setting(honest=True),
    "two threads": Setting(honest=True, training={"threads": 2}),
    "plain instructions": Setting(honest=True, environment=PLAIN),
    "weights moved by 1e-7": Setting(honest=True, moved=1e-7),
    "other libraries": Setting(honest=True, other_python=True),
    "a third of the learning rate": Setting(training={"learning_rate": 0.001}),
    "labels shuffled": Setting(shuffled=True),
    "data of another seed": Setting(data_seed=8),
}


def train(name: str, variant: str, seed: int, config: Path, folder: Path) -> None:
    """One training under a setting: its features, and its scores as folder/{seed}/scores.json."""
    from dcct.inference.extraction import Extraction, extract
    from dcct.training.loop import fit
    from dcct.training.state import Run

    setting, pipeline = SETTINGS[name], read_pipeline(config)
    profile, results = pipeline.profile, pipeline.results
    training = profile.training.model_copy(update=setting.training)
    profile = profile.model_copy(update={"training": training})
    manifest = results / f"manifests/{DATASET}/split0"
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(
        profile=profile,
        variant=pipeline.variant(variant),
        seed=seed,
        frames=results / f"frames/{DATASET}",
        manifest=shuffled(manifest, folder, seed) if setting.shuffled else manifest,
        weights=moved(results / f"weights/seed{seed}", folder, setting.moved, seed),
        work=folder / "work",
    )
    with View(Progress(f"{name}, {variant}, seed {seed}")) as view:
        fit(run, folder, view)
    job = Extraction(
        variant=run.variant,
        profile=profile,
        samplers=(SAMPLER,),
        clips=results / f"clips/{DATASET}/split0/clips.parquet",
        frames=run.frames,
        manifest=manifest,
        trained_on=run.manifest,
        checkpoint=folder / "model.safetensors",
        work=folder / "work",
        digests={"checkpoint": name},
    )
    extract(job, folder / "features.parquet", Progress("extract"))
    write_json(folder / "scores.json", judged(folder / "features.parquet", manifest, pipeline))
    shutil.rmtree(folder / "work", ignore_errors=True)


def judged(features: Path, manifest: Path, pipeline: Pipeline) -> dict[str, dict[str, float]]:
    """Way of judging, right or with a slip → cell → percent."""
    protocol, profile = pipeline.dataset(DATASET).protocol, pipeline.profile
    rows = evaluate_features(features, manifest, protocol, profile).rows
    scores = {
        RIGHT: {f"{row['feature']} {cell}": 100 * row[cell] for row in rows for cell in CELLS}
    }
    for feature in feature_sets(read_feature_table(features)):
        found = misjudge(features, manifest, protocol, SAMPLER, feature, None)
        for slip in sorted(set(found["slip"].to_pylist())):
            rows = found.filter(pc.equal(found["slip"], slip))
            ap, first = rows["ap"].to_numpy(), rows["first_hit"].to_numpy()
            valid = first > 0
            cells = {name: float((first[valid] <= rank).mean()) for name, rank in RANKS.items()}
            cells["mAP"] = float(ap[valid].mean())
            scores.setdefault(slip, {}).update(
                {f"{feature} {name}": 100 * value for name, value in cells.items()}
            )
    return scores


def shuffled(manifest: Path, folder: Path, seed: int) -> Path:
    """A manifest whose training labels are permuted among the training tracklets."""
    table = read_manifest(manifest)
    labels = table["label"].to_numpy(zero_copy_only=False).copy()
    trained = labels >= 0
    draw = generator(seed, Stream.AGREEMENT)
    labels[trained] = draw.permutation(labels[trained])
    place = table.schema.get_field_index("label")
    column = pa.array(labels, table.schema.field(place).type)
    other = folder / "manifest"
    other.mkdir(exist_ok=True)
    write_parquet(other / "tracklets.parquet", table.set_column(place, table.schema[place], column))
    return other


def moved(weights: Path, folder: Path, share: float, seed: int) -> Path:
    """Initial weights, each moved at random by up to a share of its size."""
    if not share:
        return weights
    import torch
    from safetensors.torch import load_file, save_file

    other, draw = folder / "weights", generator(seed, Stream.AGREEMENT)
    shutil.copytree(weights, other, dirs_exist_ok=True)
    for file in other.glob("*.safetensors"):
        tensors = {
            name: tensor * (1 + share * torch.from_numpy(draw.uniform(-1, 1, tensor.shape)))
            for name, tensor in load_file(file).items()
        }
        save_file({name: tensor.float() for name, tensor in tensors.items()}, file)
    return other


def prepared(folder: Path, data_seed: int | None) -> Path:
    """The profile of the run beside this folder, or of one with walkers of another seed, whose data
    are in place."""
    if data_seed is None:
        return CONFIG / "config.yaml"
    config = folder / f"config{data_seed}"
    if not config.exists():
        shutil.copytree(CONFIG, config)
        for file, old, new in (
            ("config.yaml", "data_dir: data", f"data_dir: {folder}/data{data_seed}"),
            ("config.yaml", "results_dir: results", f"results_dir: {folder}/results{data_seed}"),
            (f"datasets/{DATASET}.yaml", "seed: 7", f"seed: {data_seed}"),
        ):
            text = (config / file).read_text()
            (config / file).write_text(text.replace(f"{old}\n", f"{new}\n"))
    for verb in ("source", "verify", "manifest", "pack", "sample"):
        _dcct(verb, DATASET, "--configfile", str(config / "config.yaml"))
    for seed in SEEDS:
        _dcct("weights", "--seed", str(seed), "--configfile", str(config / "config.yaml"))
    return config / "config.yaml"


def _dcct(*words: str) -> None:
    subprocess.run(["dcct", *words], check=True, capture_output=True)


def scores_of(name: str, variants: list[str], folder: Path, python: str) -> Scores:
    """A setting's scores, training what is not there yet."""
    setting, config = SETTINGS[name], None
    found: Scores = {}
    for variant in variants:
        for seed in SEEDS:
            here = folder / name.replace(" ", "-") / variant / f"seed{seed}"
            if not (here / "scores.json").exists():
                config = config or prepared(folder, setting.data_seed)
                words = [__file__, "--one", name, variant, str(seed), str(config), str(here)]
                subprocess.run([python, *words], check=True, env=os.environ | setting.environment)
            for way, cells in parse_json((here / "scores.json").read_text()).items():
                found.setdefault(way, {}).setdefault(variant, []).append(cells)
    return found


def published(variants: list[str]) -> dict[str, list[Cells]]:
    """The six published seeds: variant → each seed's cells."""
    found: dict[str, dict[str, Cells]] = {}
    for row in read_rows(REFERENCE / "scores.csv", "it belongs to the repository"):
        if row["variant"] in variants and row["sampler"] == SAMPLER:
            cells = found.setdefault(row["variant"], {}).setdefault(row["seed"], {})
            cells |= {f"{row['feature']} {name}": float(row[name]) for name in CELLS}
    return {variant: list(found[variant].values()) for variant in variants}


def held(ours: dict[str, list[Cells]], theirs: dict[str, list[Cells]]) -> float:
    """What `dcct agree` makes of the two."""
    runs = []
    for variant, seeds in ours.items():
        cells = sorted(set(seeds[0]) & set(theirs[variant][0]))
        tables = [
            [[seed[cell] for cell in cells] for seed in side] for side in (seeds, theirs[variant])
        ]
        runs.append((np.array(tables[0]), np.array(tables[1])))
    return p_value(runs, generator(0, Stream.AGREEMENT))


def spreads(found: dict[str, Scores], variants: list[str]) -> None:
    """Standard deviation of mAP over seeds, and over ways to round with one seed."""
    honest = [found[name][RIGHT] for name in found if SETTINGS[name].honest]
    print(f"{'variant':12} {'over seeds':>11} {'over roundings of one seed':>27}   (mAP)")
    for variant in variants:
        table = np.array([[_headline(seed) for seed in way[variant]] for way in honest])
        over_seeds = table.std(1, ddof=1)
        over_ways = table.std(0, ddof=1)
        print(f"{variant:12} {_rms(over_seeds):11.2f} {_rms(over_ways):27.2f}")


def _headline(cells: Cells) -> float:
    return cells["all mAP" if "all mAP" in cells else "base mAP"]


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("results/agreement"))
    parser.add_argument("--variants", nargs="+", default=["untrained", "vit", "cca", "dcct"])
    parser.add_argument("--python", help="an interpreter with other libraries")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        name, variant, seed, config, folder = chosen.one
        return train(name, variant, int(seed), Path(config), Path(folder))
    theirs = published(chosen.variants)
    found: dict[str, Scores] = {}
    print(f"{'run of three seeds':45} {'p':>7}  stopped, at {RATE:.0%}")
    for name, setting in SETTINGS.items():
        if setting.other_python and not chosen.python:
            continue
        python = chosen.python if setting.other_python else sys.executable
        found[name] = scores_of(name, chosen.variants, chosen.folder.resolve(), python)
        say(name, held(found[name][RIGHT], theirs), setting.honest)
    right = found["as published"]
    first, second = chosen.variants[-2:]
    swapped = right[RIGHT] | {first: right[RIGHT][second], second: right[RIGHT][first]}
    say(f"{first} and {second} in each other's place", held(swapped, theirs), False)
    for slip, scores in right.items():
        if slip != RIGHT:
            say(f"slip: {slip}", held(scores, theirs), False)
    spreads(found, chosen.variants)


def say(name: str, p: float, honest: bool) -> None:
    stopped = p < RATE
    verdict = "yes" if stopped else "no"
    print(f"{name:45} {p:7.4f}  {verdict}{'' if stopped != honest else ' (!)'}", flush=True)


if __name__ == "__main__":
    main()
