"""What finished runs left behind, read once and without torch. A run that is missing is a gap,
never an error."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from dcct.config.load import load_dataset, load_variant, splits_of, training_of
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.errors import DataError
from dcct.files import read_json
from dcct.pipeline.paths import Paths
from dcct.provenance.receipt import RECEIPT, check_outputs


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What `dcct rank` left of one split and seed.

    metrics: contents of metrics.json. queries: one row per sampler, feature set and query.
    """

    split: int
    seed: int
    metrics: dict
    folder: Path

    @property
    def headline(self) -> dict:
        """The row that tables report: first sampler of the profile, headline feature set of the
        variant."""
        return self.metrics["headline"]

    @cached_property
    def queries(self) -> pd.DataFrame:
        return _read_parquet(self.folder / "queries.parquet")

    def ranked(self, sampler: str, feature: str) -> pd.DataFrame:
        """Queries with a match, indexed by tracklet: pid, ap, inp, first_hit, top, distance.

        Raises DataError when nothing was judged at this sampler and feature set.
        """
        table = self.queries
        chosen = table[
            (table["sampler"] == sampler) & (table["feature"] == feature) & (table["matches"] > 0)
        ]
        if chosen.empty:
            raise DataError(
                f"{self.folder}: nothing judged at sampler {sampler}, feature set {feature}: "
                "run `dcct extract` and `dcct rank` again"
            )
        return chosen.set_index("tracklet").sort_index()


@dataclass(frozen=True, kw_only=True)
class Result(Judged):
    """One variant, judged on one split with one seed, and its training.

    history: one row per epoch of the training whose checkpoint was judged (a donor's for
    backbone_of). seconds: that training plus extraction; None where a run record is gone.
    """

    variant: Variant
    checkpoint: Path
    train_record: Path
    extract_record: Path

    @cached_property
    def history(self) -> pd.DataFrame:
        path = self.checkpoint / "history.parquet"
        return _read_parquet(path) if path.is_file() else pd.DataFrame({"epoch": []})

    @property
    def seconds(self) -> float | None:
        if not (self.train_record.is_file() and self.extract_record.is_file()):
            return None
        training = read_json(self.train_record, "train")["train_seconds"]
        return training + read_json(self.extract_record, "extract")["seconds"]

    @property
    def parameters(self) -> int:
        return self.metrics["parameters"]


def load_results(
    profile: Profile,
    paths: Paths,
    configfile: Path,
    dataset: str,
    trained_on: str | None = None,
    names: list[str] | None = None,
) -> dict[str, list[Result]]:
    """Everything that the profile judges → its results by split and seed; an empty list where
    nothing was run.

    trained_on: another data set, for what was trained there. names: these variants only.

    Raises DataError at metrics that are damaged or stand without a receipt.
    """
    cells = [
        (split, seed)
        for split in splits_of(load_dataset(dataset, configfile), profile)
        for seed in profile.seeds
    ]
    found = {}
    for name in profile.judged if names is None else names:
        variant = load_variant(name, configfile)
        label = f"{name}@{trained_on}" if trained_on not in (None, dataset) else name
        trainings = {
            split: training_of(dataset, split, label, profile, configfile) for split, _ in cells
        }
        runs = (
            load_result(paths, dataset, split, label, variant, seed, trainings[split])
            for split, seed in cells
        )
        found[name] = [run for run in runs if run]
    return found


def load_result(
    paths: Paths,
    dataset: str,
    split: int,
    name: str,
    variant: Variant,
    seed: int,
    training: tuple[str, int, str],
) -> Result | None:
    """One run's result; None where it was not run. Raises DataError at metrics that are not what
    their receipt says.

    training: (data set, split, variant) of the checkpoint (see config.load.training_of).
    """
    folder = paths.metrics(dataset, split, name, seed)
    if not (folder / "metrics.json").is_file():
        return None
    step = f"rank {dataset} {name} --split {split} --seed {seed}"
    check_outputs(folder / RECEIPT, step)
    source, number, donor = training
    return Result(
        variant=variant,
        split=split,
        seed=seed,
        metrics=read_json(folder / "metrics.json", step),
        folder=folder,
        checkpoint=paths.checkpoint(source, number, donor, seed),
        train_record=paths.run("train", source, f"split{number}", donor, f"seed{seed}"),
        extract_record=paths.run("extract", dataset, f"split{split}", name, f"seed{seed}"),
    )


def described(title: str, runs: Iterable[Result]) -> str:
    """A data set's title in pictures, marked where the data did not pass verification."""
    return marked(title, any(run.metrics["verification"] == "warned" for run in runs))


def marked(title: str, warned: bool) -> str:
    """A data set's title, marked if its data did not pass verification."""
    return f"{title} (data differ from what is expected)" if warned else title


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}): delete its folder and make it again"
        ) from None
