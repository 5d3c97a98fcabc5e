"""What every step needs: a checked profile, paths, whom to tell, and how its work is recorded."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.config.load import load_dataset, load_profile, splits_of
from dcct.config.profile import Profile
from dcct.errors import ConfigError
from dcct.pipeline.code import PACKAGE, code_of, settings_of
from dcct.pipeline.paths import Paths
from dcct.provenance.receipt import RECEIPT, Origin, origin_of, recorded
from dcct.runtime.progress import Progress

TIME_ORDER = ("begin", "repeated", "shuffled")
"""Samplers whose comparison shows whether time order is used."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """A profile, where it was read, where its artefacts lie, and whom to tell."""

    configfile: Path
    profile: Profile
    paths: Paths
    progress: Progress

    def dataset(self, name: str) -> Dataset:
        """A data set of the profile; any other name is refused."""
        if name not in self.profile.tested:
            raise ConfigError(
                f"{self.configfile}: {name} is not among its datasets:"
                f" {', '.join(self.profile.tested)}"
            )
        return load_dataset(name, self.configfile)

    def split(self, name: str, split: int) -> Dataset:
        """A data set of which the profile runs this split; any other split is refused."""
        dataset = self.dataset(name)
        run = splits_of(dataset, self.profile)
        if split not in run:
            raise ConfigError(
                f"{self.configfile}: split {split} of {name} is not among those it runs: {run}"
            )
        return dataset


def open_context(configfile: Path, progress: Progress) -> Context:
    """Read a profile and everything that it names."""
    profile = load_profile(configfile)
    paths = Paths(data_dir=Path(profile.data_dir), results_dir=Path(profile.results_dir))
    return Context(configfile=configfile, profile=profile, paths=paths, progress=progress)


def manifest_input(paths: Paths, dataset: str, split: int) -> dict[Path, str]:
    return {paths.manifest(dataset, split) / RECEIPT: f"manifest {dataset} --split {split}"}


def clips_inputs(paths: Paths, dataset: str, split: int) -> dict[Path, str]:
    return {
        **manifest_input(paths, dataset, split),
        paths.frames(dataset) / RECEIPT: f"pack {dataset}",
    }


def origin_for(context: Context, step: str, inputs: dict[Path, str], settings: dict) -> Origin:
    code = [PACKAGE.parent / file for file in code_of(step)]
    return origin_of(inputs, {**settings_of(step, context.profile), **settings}, code)


def recorded_as(
    context: Context,
    step: str,
    receipt: Path,
    key: tuple[str, ...],
    outputs: list[Path],
    origin: Origin,
) -> AbstractContextManager[dict]:
    """Record a step in its receipt and in the run record that `key` names."""
    return recorded(receipt, context.paths.run(step, *key), outputs, origin)
