"""One profile, unfolded: its configuration, and every job that a whole run of it consists of.

Rules, stages, verbs, receipts and reports take paths, inputs and settings from the jobs here.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import join, quote
from typing import Any, NamedTuple

from dcct.config import load
from dcct.config.configuration import Configuration
from dcct.config.foreign import Foreign, ForeignFeatures
from dcct.config.label import epoch_of, source_of, variant_of
from dcct.datasets.readers import reader_of
from dcct.errors import ConfigError, DataError, DcctError
from dcct.files import settings_digest
from dcct.pipeline.code import code_of
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.given import digests_of
from dcct.pipeline.step import NUMBERS, RECEIPT, RUNS, Step, Watched, record_of

PACKAGE = Path(__file__).parents[1]
DEFAULT = Path("config/config.yaml")
"""The profile of a command that names none."""
WORKFLOWS = ("Snakefile", "snakefile", "workflow/snakefile", "workflow/Snakefile")
"""Where Snakemake looks for a workflow."""
STEP_ALONE = re.compile(r"`dcct ([a-z]+)`")
ELSEWHERE = "its command, in the folder where it was made,"
"""In place of a command that would make something else here."""


class Run(NamedTuple):
    """What is trained, or evaluated: a variant (or variant@data set) on a split with a seed."""

    dataset: str
    split: int
    variant: str
    seed: int


class Pipeline(Configuration):
    """A profile and the table of steps → its jobs. See steps.read_pipeline."""

    def __init__(self, configfile: Path, steps: "Mapping[str, Step[Job]]"):
        super().__init__(configfile)
        self.steps = steps
        self._check_apart()
        self._check_names()

    def _check_names(self) -> None:
        """A table and a figure of one name would have one receipt where both are published. Raises
        ConfigError."""
        for name in self.profile.tables:
            if name in FIGURES:
                raise ConfigError(
                    f"{self.configfile}: tables: {name} is a figure's name: rename it"
                )

    def _check_apart(self) -> None:
        """Data are never written to: no step may fill a folder in which they lie. Raises
        ConfigError."""
        results = Path(os.path.abspath(self.results))
        filled = {results / step.at.split("/")[0] for step in self.steps.values()}
        for name in self.profile.tested:
            data = Path(os.path.abspath(self.data / name))
            if results.is_relative_to(data) or filled & {data, *data.parents}:
                raise ConfigError(
                    f"{self.configfile}: data_dir: {self.data / name} would be written to, since"
                    f" results_dir is {self.results}: set them apart"
                )

    @property
    def again(self) -> str:
        """The command line that makes all that is not there, as a user types it here: where no
        workflow lies, it names the one beside the package."""
        there = PACKAGE.parent / WORKFLOWS[-1]
        here = any(Path(name).is_file() for name in WORKFLOWS) or not there.is_file()
        named = "" if here else f" --snakefile {quote(str(there))}"
        return self.as_typed(f"snakemake{named} --cores all")

    def as_typed(self, command: str) -> str:
        """A command line with the profile in it, where that is not the default one."""
        if self.configfile == DEFAULT:
            return command
        return f"{command} --configfile {quote(str(self.configfile))}"

    def with_commands(self, line: str) -> str:
        """A line of a room that knows no profile and names a step alone, as in `dcct rank`, with
        its whole command: see Job.with_commands. What lies in another run's results is not made
        from here."""
        ours = line.startswith((f"{self.results}/", f"{self.data}/"))
        return _with_commands(line, self.jobs(), f"`{self.again}`" if ours else ELSEWHERE)

    def job(self, verb: str, *values: str | int) -> "Job":
        """The job of a verb with these values of its key, in order."""
        return Job(self, self.steps[verb], tuple(values))

    def runs(self, verb: str, dataset: str, labels: Iterable[str] | None = None) -> list["Job"]:
        """Jobs of a verb for all splits and seeds of these labels; without labels, of all that is
        trained on the data set, or evaluated after it."""
        if labels is None:
            labels = self.networks if verb == "train" else self.profile.evaluated
        return [
            self.job(verb, dataset, split, label, seed)
            for split in self.splits(dataset)
            for label in labels
            for seed in self.profile.seeds
            if self._is_given(dataset, split, label, seed)
        ]

    @property
    def networks(self) -> list[str]:
        """Variants that have a checkpoint: all but features that were given."""
        names = self.profile.variants
        return [name for name in names if not isinstance(self.variant(name), ForeignFeatures)]

    def _is_given(self, dataset: str, split: int, label: str, seed: int) -> bool:
        """Whether there is anything of a split and seed: what is not of every one of them must not
        be counted as if it were."""
        variant = self.variant(label)
        first = split == self.splits(dataset)[0], seed == self.profile.seeds[0]
        return not isinstance(variant, ForeignFeatures) or variant.has(*first)

    def training_of(self, run: "Job") -> "Job | None":
        """The training whose checkpoint a run is of: of a distilled backbone, its donor's; of
        variant@data set, that data set's, at the first split that is run; of features that were
        given, none."""
        if isinstance(self.variant(run["variant"]), ForeignFeatures):
            return None
        source = source_of(run["variant"])
        donor = self.variant(run["variant"]).backbone_of or variant_of(run["variant"])
        where = (source, self.splits(source)[0]) if source else (run["dataset"], run["split"])
        return self.job("train", *where, donor, run["seed"])

    def tabulated(self, table: str) -> list["Job"]:
        """Metrics that a table shows."""
        jobs = [
            job for part in self.parts(table) for job in self.runs("rank", part.dataset, part.runs)
        ]
        return list(dict.fromkeys(jobs))

    def misjudged(self, dataset: str, split: int) -> list["Job"]:
        """Features that are judged with slips, too: those of the variants in tables of slips."""
        labels = [
            label
            for table in self.profile.tables
            if self.table(table).compare == "slips"
            for part in self.parts(table)
            if part.dataset == dataset
            for label in part.runs
            if epoch_of(label) is None
        ]
        jobs = self.runs("extract", dataset, dict.fromkeys(labels))
        return [job for job in jobs if job["split"] == split]

    def shown_run(self, verb: str, dataset: str) -> "Job":
        """The job of a verb for the run that is pictured: first split, first seed."""
        return self.runs(verb, dataset, [self.shown_variant])[0]

    def pictures(self, dataset: str) -> list["Job"]:
        """Manifest and frame store behind the pictures of a data set: those of its first split."""
        return [self.job("manifest", dataset, self.splits(dataset)[0]), self.job("pack", dataset)]

    @property
    def figures(self) -> list[str]:
        """The figures that there is something for."""
        lacking: set[str] = set() if self.profile.kept else {"epochs"}
        if isinstance(self.variant(self.shown_variant), Foreign):
            lacking.add("attention")
        return [name for name, row in FIGURES.items() if not lacking & set(row.needs)]

    def figures_of(self, dataset: str) -> list[str]:
        """Those that are drawn of a data set."""
        first = dataset == self.profile.datasets[0]
        return [name for name in self.figures if first or not FIGURES[name].once]

    def jobs(self) -> list["Job"]:
        """Every job of a whole run, each after those that it reads."""
        return self._jobs

    @cached_property
    def _jobs(self) -> list["Job"]:
        found: dict[Job, None] = {}

        def visit(job: Job) -> None:
            if job not in found:
                for other in (*job.reads.values(), *job.records):
                    visit(other)
                found[job] = None

        for job in self._wanted():
            visit(job)
        return [*found, self.job("page")]

    def _wanted(self) -> Iterator["Job"]:
        """What a run is made for; whatever this is made from belongs to it."""
        profile = self.profile
        for name in profile.tested:
            yield from self.runs("rank", name, [*self.labels(name), *self.kept(name)])
        for name in profile.datasets:
            yield from self.runs("train", name)
            yield from self.runs("export", name, profile.backbones)
        yield self.job("cost")
        yield from (self.job("tabulate", name) for name in profile.tables)
        for name in profile.datasets:
            yield from (self.job("draw", name, figure) for figure in self.figures_of(name))

    def patterns(self) -> Iterator["Job"]:
        """One job for each rule, its key in wildcards: of every step, and of every figure."""
        for step in self.steps.values():
            key = tuple(f"{{{name}}}" for name in step.key)
            if "figure" in step.key:
                for figure in self.figures:
                    yield Job(self, step, tuple(figure if v == "{figure}" else v for v in key))
            else:
                yield Job(self, step, key)

    def filled(self, pattern: "Job", wildcards: Mapping[str, str]) -> "Job":
        """The job of a pattern's wildcards."""
        values = {**pattern.values, **dict(wildcards.items())}
        key = (int(v) if name in NUMBERS else v for name, v in values.items())
        return Job(self, pattern.step, tuple(key))

    def constraints(self) -> dict[str, str]:
        """Wildcard → regular expression of what it may be."""
        labels = [
            *self.profile.evaluated,
            *(label for name in self.profile.tested for label in self.labels(name)),
            *(label for name in self.profile.tested for label in self.kept(name)),
        ]
        choices = {"dataset": self.profile.tested, "table": self.profile.tables, "variant": labels}
        named = {
            name: "|".join(map(re.escape, dict.fromkeys(found))) for name, found in choices.items()
        }
        return {**named, **dict.fromkeys(NUMBERS, r"\d+")}

    def missing(self) -> list[str]:
        """The same, and what of it users give."""
        return [*super().missing(), *self._unknown_layouts(), *self.missing_given()]

    def _unknown_layouts(self) -> Iterator[str]:
        """Data sets that no reader would read once they are in place."""
        for name in self.profile.tested:
            try:
                reader_of(self.dataset(name).layout)
            except DataError as error:
                yield f"{load.config_file('datasets', name, self.configfile)}: {error}: name one"

    def missing_given(self) -> list[str]:
        """Files of features, and modules of methods, that are not there."""
        found = []
        for job in self.jobs():
            if job.step.verb == "extract":
                try:
                    digests_of(job.given)
                except DcctError as error:
                    found.append(f"{self.configfile}: {job['variant']}: {error}")
        return list(dict.fromkeys(found))

    def products(self) -> list[Path]:
        """Every file of a whole run."""
        return [path for job in self.jobs() for path in job.products]

    def configuration(self) -> list[Path]:
        """The profile and every file that it names."""
        named = {
            **{("datasets", name): None for name in self.profile.tested},
            **{("variants", name): None for name in self.profile.evaluated},
            **{
                (kind, name): None
                for table in self.profile.tables
                for kind, name, _ in self.steps["tabulate"].watches(self.job("tabulate", table))
            },
        }
        files = [load.config_file(kind, name, self.configfile) for kind, name in named]
        return list(dict.fromkeys([self.configfile, *files]))

    def check(self, job: "Job") -> None:
        """Refuse a job that the profile does not run. Raises ConfigError naming the choices."""
        profile, values = self.profile, job.values
        allowed: dict[str, Iterable] = {
            "dataset": profile.tested,
            "table": profile.tables,
            "figure": self.figures,
        }
        for name, choices in allowed.items():
            if name in values and values[name] not in choices:
                raise ConfigError(
                    f"{self.configfile}: {values[name]} is not among its {name}s: name"
                    f" one of {', '.join(choices)}"
                )
        if "split" in values and values["split"] not in self.splits(job["dataset"]):
            raise ConfigError(
                f"{self.configfile}: split {job['split']} of {job['dataset']} is not among those"
                f" it runs: {self.splits(job['dataset'])}"
            )
        if "variant" in values:
            self._check_foreign(job)
            dataset, label = job["dataset"], job["variant"]
            others = [*self.profile.crossed(dataset), *self.kept(dataset)]
            if "@" in label and label not in others:
                raise ConfigError(
                    f"{self.configfile}: {label} is not among what its cross and its kept epochs"
                    f" evaluate on {dataset}: {', '.join(others) or 'nothing'}"
                )

    def _check_foreign(self, job: "Job") -> None:
        """Refuse what cannot be made of something that is not ours."""
        name, variant, verb = job["variant"], self.variant(job["variant"]), job.step.verb
        if not isinstance(variant, Foreign):
            return
        if verb in ("attend", "export"):
            raise ConfigError(
                f"{self.configfile}: {name} is not ours: it has no attention of CCA or HTA, and no"
                " backbone of timm: name a variant of ours"
            )
        if verb == "train" and isinstance(variant, ForeignFeatures):
            raise ConfigError(
                f"{self.configfile}: {name} is a file of features: nothing to train;"
                f" `{job.other('extract').again}` comes next"
            )
        if not self._is_given(job["dataset"], job["split"], name, job["seed"]):
            raise ConfigError(
                f"{self.configfile}: {name}: there is one file for all splits or seeds, which"
                " stands for the first: write {split} or {seed} into the path of its features"
            )


@dataclass(frozen=True)
class Job:
    """One step for one key: what it reads and makes, and what decides that."""

    pipeline: Pipeline
    step: "Step[Job]"
    key: tuple[str | int, ...]
    """Values of step.key, in order; for rules, wildcards in braces."""

    def __hash__(self) -> int:
        return hash((self.step.verb, self.key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and (self.step, self.key) == (other.step, other.key)

    def __getitem__(self, name: str) -> Any:
        return self.key[self.step.key.index(name)]

    def __truediv__(self, name: str) -> Path:
        """Path of a file that it makes, as in `job / "metrics.json"`."""
        return self.pipeline.results / (self.step.at.format(**self.values) + name)

    def __str__(self) -> str:
        """As a user names it: the command's arguments without the options' names."""
        parts = [f"{n}{v}" if n in NUMBERS else str(v) for n, v in self.values.items()]
        return " ".join([self.step.verb, "/".join(parts)]).strip()

    @property
    def values(self) -> dict[str, Any]:
        return dict(zip(self.step.key, self.key, strict=True))

    @property
    def run(self) -> Run:
        return Run(**self.values)

    def other(self, verb: str) -> "Job":
        """The job of another verb with the same values of the key."""
        step = self.pipeline.steps[verb]
        return Job(self.pipeline, step, tuple(self[name] for name in step.key))

    @property
    def folder(self) -> Path:
        return self.receipt.parent

    @property
    def receipt(self) -> Path:
        """Digests of what it made."""
        return self / RECEIPT

    @property
    def record(self) -> Path:
        """How that came to be."""
        return self.pipeline.results / record_of(self.step, self.values)

    @property
    def outputs(self) -> list[Path]:
        return [self / name for name in self.step.files(self)]

    @property
    def products(self) -> list[Path]:
        """All that it writes."""
        return [*self.outputs, self.receipt, self.record]

    @property
    def work(self) -> Path:
        """What an interruption leaves, to go on from: no tool's output, so that none deletes it."""
        return self.pipeline.results / "work" / self.step.at.format(**self.values).rstrip("/.")

    @cached_property
    def reads(self) -> Mapping[str, "Job"]:
        return self.step.reads(self)

    @property
    def records(self) -> list["Job"]:
        """Jobs whose receipts and run records it reads."""
        return list(dict.fromkeys(self.step.records(self)))

    @property
    def given(self) -> list[Path]:
        """Files of the user's own that it reads. Raises ConfigError where a module is not there."""
        return self.step.given(self)

    @property
    def given_digests(self) -> dict[str, str]:
        """These → SHA-256. Raises DataError where one is not there."""
        return digests_of(self.given)

    @property
    def digests(self) -> list[Path]:
        """Small files that it reads, which say whether anything has changed."""
        receipts = [other.receipt for other in (*self.reads.values(), *self.records)]
        return list(dict.fromkeys([*receipts, *(other.record for other in self.records)]))

    @property
    def quotes(self) -> list[Path]:
        """Configuration files whose whole text it shows."""
        return self.step.quotes(self)

    @property
    def modules(self) -> tuple[str, ...]:
        return tuple(name.format(**self.values) for name in self.step.modules)

    @property
    def code(self) -> str:
        """Digest of the code that decides its numbers."""
        return code_of(self.step.verb, self.modules)

    @property
    def watched(self) -> list[Watched]:
        """(kind, name, keys) of the configuration that decides its numbers."""
        profile = [("profile", "", self.step.profile)] if self.step.profile else []
        return [*profile, *self.step.watches(self)]

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Configuration that decides its numbers: what of it stands where → key → value."""
        return {
            f"{kind}/{load.variant_of(name)}".strip("/"): self.pipeline.settings(kind, name, keys)
            for kind, name, keys in self.watched
        }

    @property
    def settings_digest(self) -> str:
        """Of these, independent of key order."""
        return settings_digest(self.settings)

    @property
    def command(self) -> str:
        """The command line that makes it, without the profile's."""
        return command_of(self.step, self.values)

    @property
    def again(self) -> str:
        """The whole command line that makes it, as a user types it."""
        return self.pipeline.as_typed(self.command)

    def with_commands(self, line: str) -> str:
        """A line of a room that knows no profile and names a step alone, as in `dcct pack`, with
        its whole command: of the only job of that step among this one and those behind it, else
        of the one whose place the line names, else of a whole run."""
        behind: dict[Job, None] = {}
        left = [self]
        while left:
            job = left.pop()
            if job not in behind:
                behind[job] = None
                left += job.reads.values()
        return _with_commands(line, behind, f"`{self.pipeline.again}`")

    def is_named_in(self, line: str) -> bool:
        """Whether a line holds a path of what it makes or, of a source, of the data set."""
        if self.step.verb == "source" and f"{self.pipeline.data / self['dataset']}/" in line:
            return True
        return f"{self / ''}{'/' if self.step.at.endswith('/') else ''}" in line

    @property
    def looked_at(self) -> Path | None:
        """The file that `snakemake --report` shows."""
        if "figure" in self.step.key:
            return self / FIGURES[self["figure"]].looked_at
        return self / self.step.report if self.step.report else None

    @property
    def rule(self) -> str:
        """The name of its rule."""
        return "_".join([self.step.verb, *((self["figure"],) if "figure" in self.step.key else ())])

    @property
    def caption(self) -> Path:
        return PACKAGE / self.step.caption.format(**self.values)

    @property
    def log(self) -> Path:
        return self._beside_record("logs", ".log")

    @property
    def benchmark(self) -> Path:
        """Where Snakemake keeps what the job took of the machine."""
        return self._beside_record("benchmarks", ".tsv")

    def _beside_record(self, folder: str, suffix: str) -> Path:
        place = record_of(self.step, self.values).relative_to(RUNS)
        return (self.pipeline.results / folder / place).with_suffix(suffix)

    @property
    def processes(self) -> int:
        return self.pipeline.profile.training.processes if self.step.runs_on == "devices" else 1

    @property
    def threads(self) -> int:
        with_torch = self.step.runs_on in ("threads", "device", "devices")
        return self.processes * self.pipeline.profile.training.threads if with_torch else 1

    @property
    def gpus(self) -> int:
        """Cards that it works on; features that are given need none."""
        on_gpu = self.pipeline.profile.training.device == "cuda"
        if not on_gpu or self.step.runs_on not in ("device", "devices"):
            return 0
        foreign = "variant" in self.values and self.pipeline.variant(self["variant"])
        return 0 if isinstance(foreign, ForeignFeatures) else self.processes


def _with_commands(line: str, jobs: Iterable[Job], otherwise: str) -> str:
    """A line with the whole command of each step that it names alone. otherwise: stands for what
    the line does not tell apart."""
    jobs = list(jobs)
    steps = {step.verb: step for job in jobs[:1] for step in job.pipeline.steps.values()}

    def whole(named: re.Match) -> str:
        step = steps.get(named[1])
        if step is None:
            return named[0]
        near = {job for job in jobs if job.step is step}
        if len(near) != 1:
            told = [job for job in jobs if job.is_named_in(line)]
            near = {job.other(step.verb) for job in told if {*step.key} <= {*job.step.key}}
        return f"`{near.pop().again}`" if len(near) == 1 else otherwise

    return STEP_ALONE.sub(whole, line)


def command_of(step: Step[Job], key: Mapping[str, str | int]) -> str:
    """The command line that makes an artefact of a step with this key, without the profile's."""
    named = {name: str(value) for name, value in key.items()}
    words = [value for name, value in named.items() if name not in NUMBERS]
    options = [word for name in NUMBERS if name in named for word in (f"--{name}", named[name])]
    return join(["dcct", step.verb, *words, *options])
