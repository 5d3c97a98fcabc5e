"""The table of steps: one record for each arrow of the pipeline.

    source → verified data → manifest → frame store → checkpoints → features → metrics → tables, …

A step is a verb of the command, a rule of the Snakefile and stages of dvc.yaml, which all follow
from its record: what it is keyed by, what it makes and where, what it reads, and what decides its
numbers (modules, and keys of the configuration). A job is one step for one key; see pipeline.py.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from dcct.config.foreign import Foreign, ForeignFeatures, ForeignMethod, network_keys
from dcct.config.label import CHECKPOINT, at_epoch, checkpoint_of
from dcct.config.variant import Variant
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.given import given_by
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.step import Step, Watched, pixels_files

TABLE = ("csv", "md", "tex", "html")
"""Suffixes of a table's files."""
VERIFIED = ("report.json", "report.md", "frames.parquet")
"""Files of a verification."""
READS = ("layout", "protocol.first_half", "protocol.frames_behind_gaps")
"""Keys of a data set that decide how it is read."""
VERIFIES = (*READS, "split_count", "needs", "expected", "either", "verification")
"""Keys of a data set that decide what is verified, and in which order it is listed."""
EXPORTED = ("model.safetensors", "config.json", "model.onnx", "README.md")
"""Files of an exported backbone or network."""
DESCRIBED = ("config.json", "README.md")
"""What makes weights a model folder."""
SIZE = ("clips.height", "clips.width")
SHOWN = ("clips.length", *SIZE, "clips.test_resize")
SAID_OF_A_SET = ("title", "about", "layout", "split_count", "protocol")
"""Keys of a data set that a table shows."""
TEMPLATES = "report/tables/templates"
"""Of tables, which the page fills too."""
NETWORK = tuple(key for key in Variant.model_fields if key not in ("title", "headline"))
"""Keys of a variant of ours that decide the network and how it is trained."""
Inputs = dict[str, Job]


def read_pipeline(configfile: Path) -> Pipeline:
    """A profile and everything that it names, unfolded into the jobs of these steps.

    Raises ConfigError, one line, at the first thing in any of its files that is wrong.
    """
    return Pipeline(configfile, STEPS)


def _at_run(kind: str) -> str:
    return f"{kind}/{{dataset}}/split{{split}}/{{variant}}/seed{{seed}}/"


def _store(job: Job) -> tuple[str, ...]:
    """Files of the frame store."""
    return ("frames.bin", "index.parquet", *pixels_files(job.pipeline.profile.clips))


def _trained_files(job: Job) -> tuple[str, ...]:
    """Weights after the last epoch and after those that are kept, what they are, the history."""
    kept = (checkpoint_of(at_epoch("", epoch)) for epoch in job.pipeline.profile.kept)
    return (CHECKPOINT, *kept, *DESCRIBED, "history.parquet", "history.csv")


def _verified(job: Job) -> Inputs:
    return {"verified": job.other("verify")}


def _manifest(job: Job) -> Inputs:
    return {"manifest": job.other("manifest")}


def _training(job: Job) -> Inputs:
    return {
        **_manifest(job),
        "frames": job.other("pack"),
        "weights": job.other("weights"),
    }


def _trained(job: Job) -> Inputs:
    """The checkpoint that a run is of, which may be another's, and the manifest of its data."""
    training = job.pipeline.training_of(job)
    if training is None:
        return {}
    return {"checkpoint": training, "trained_on": training.other("manifest")}


def _shown_to_a_network(job: Job) -> Inputs:
    return {
        **_manifest(job),
        "frames": job.other("pack"),
        "clips": job.other("sample"),
        **_trained(job),
    }


def _extracted(job: Job) -> Inputs:
    """Of features that are given, the manifest alone, which says whose they are."""
    given = isinstance(job.pipeline.variant(job["variant"]), ForeignFeatures)
    return _manifest(job) if given else _shown_to_a_network(job)


def _network_of(job: Job) -> list[Watched]:
    """What of a variant decides its network."""
    keys = network_keys(job.pipeline.variant(job["variant"]))
    return [("variants", job["variant"], keys)] if keys else []


def _given_to(job: Job) -> list[Path]:
    return given_by(job.pipeline.variant(job["variant"]), job["dataset"], job["split"], job["seed"])


def _tabulated(job: Job) -> list[Job]:
    """Metrics that a table shows: of the variants that it names, on its data sets."""
    return job.pipeline.tabulated(job["table"])


def _shown(job: Job) -> list[Job]:
    """All results that a table shows."""
    found = _tabulated(job)
    if job.pipeline.table(job["table"]).compare == "slips":
        runs = dict.fromkeys((one["dataset"], one["split"]) for one in found)
        found += [job.pipeline.job("misjudge", *run) for run in runs]
    return found


def _misjudged(job: Job) -> list[Job]:
    """Features that are judged with slips."""
    return job.pipeline.misjudged(job["dataset"], job["split"])


def _behind(metrics: Iterable[Job]) -> list[Job]:
    """What made these metrics, by whose records seconds and digests of code are known."""
    return [
        found
        for one in metrics
        for found in (one.pipeline.training_of(one), one.other("extract"), one)
        if found
    ]


NEEDS: dict[str, Callable[[Job], list[Job]]] = {
    "metrics": lambda job: job.pipeline.runs("rank", job["dataset"]),
    "epochs": lambda job: job.pipeline.runs(
        "rank", job["dataset"], job.pipeline.kept(job["dataset"])
    ),
    "histories": lambda job: job.pipeline.runs("train", job["dataset"]),
    "cost": lambda job: [job.other("cost")],
    "retrievals": lambda job: [job.pipeline.shown_run("rank", job["dataset"])],
    "features": lambda job: [job.pipeline.shown_run("extract", job["dataset"])],
    "attention": lambda job: [job.pipeline.shown_run("attend", job["dataset"])],
    "frames": lambda job: job.pipeline.pictures(job["dataset"]),
    "manifest": lambda job: job.pipeline.pictures(job["dataset"])[:1],
    "published": lambda job: [
        run
        for name in job.pipeline.field_sets
        if name in job.pipeline.profile.datasets
        for run in job.pipeline.runs("rank", name, job.pipeline.reproduced)
    ],
}
"""What figures are drawn from → its jobs, for a figure of a data set."""


def _drawn_from(job: Job) -> Inputs:
    jobs = [one for need in FIGURES[job["figure"]].needs for one in NEEDS[need](job)]
    return {str(one): one for one in jobs}


def _looks_at_runs(job: Job) -> list[Watched]:
    """What a figure says of its data sets, of every variant, and of the field."""
    pipeline, names = job.pipeline, [job["dataset"]]
    beside: list[Watched] = []
    if "published" in FIGURES[job["figure"]].needs:
        names, beside = pipeline.field_sets, _field(pipeline)
    return [
        *(("datasets", name, ("title",)) for name in names),
        *(("variants", name, ()) for name in pipeline.profile.evaluated),
        *beside,
    ]


def _field(pipeline: Pipeline) -> list[Watched]:
    return [("published", name, ()) for name in pipeline.published_names()]


def _shown_by_a_table(job: Job) -> list[Watched]:
    table = job.pipeline.table(job["table"])
    beside: list[Watched] = _field(job.pipeline) if table.field else []
    for kind in ("published", "claims"):
        if name := getattr(table, kind):
            beside.append((kind, name, ()))
    datasets = dict.fromkeys(one.dataset for one in job.pipeline.parts(job["table"]))
    return [
        ("tables", job["table"], ()),
        *dict.fromkeys(beside),
        *(("variants", name, ()) for name in table.variants),
        *(("datasets", name, SAID_OF_A_SET) for name in datasets),
    ]


def _counted(job: Job) -> list[Watched]:
    variants = [
        ("variants", name, ("title", *network_keys(variant)))
        for name, variant in counted(job.pipeline).items()
    ]
    return [*variants, ("datasets", job.pipeline.profile.datasets[0], ("expected.train_ids",))]


def counted(pipeline: Pipeline) -> dict[str, Variant]:
    """Variants in the cost table: all of ours that can be read, and methods that the profile names,
    since to count them runs their code."""
    found = {name: pipeline.variant(name) for name in pipeline.variant_names()}
    named = pipeline.profile.evaluated
    return {
        name: variant
        for name, variant in found.items()
        if not isinstance(variant, Foreign)
        or (isinstance(variant, ForeignMethod) and name in named)
    }


def _given_to_count(job: Job) -> list[Path]:
    return [
        file for variant in counted(job.pipeline).values() for file in given_by(variant, "", 0, 0)
    ]


def _identities(job: Job) -> Inputs:
    """The manifest that says how many identities are trained, where the configuration does not."""
    first = job.pipeline.profile.datasets[0]
    if job.pipeline.dataset(first).expected.train_ids is not None:
        return {}
    return {"manifest": job.pipeline.pictures(first)[0]}


def _everything(job: Job) -> Inputs:
    """All that a page shows: everything that a whole run makes, but itself."""
    verbs = ("rank", "cost", "tabulate", "draw", "pack", "manifest", "verify")
    jobs = [one for one in job.pipeline.jobs() if one.step.verb in verbs]
    return {str(one): one for one in jobs}


STEPS: dict[str, Step[Job]] = {
    step.verb: step
    for step in (
        Step(
            verb="source",
            at="sources/{dataset}/",
            files=lambda job: ("source.json",),
            modules=("datasets/source.py",),
            watches=lambda job: [
                ("datasets", job["dataset"], ("layout", "walkers", "path", "archives"))
            ],
        ),
        Step(
            verb="verify",
            at="verified/{dataset}/",
            files=lambda job: VERIFIED,
            reads=lambda job: {"source": job.other("source")},
            modules=("datasets/verify.py",),
            watches=lambda job: [("datasets", job["dataset"], VERIFIES)],
            runs_on="cores",
        ),
        Step(
            verb="pack",
            at="frames/{dataset}/",
            files=_store,
            reads=_verified,
            modules=("clips/frames.py",),
            profile=(*SIZE, "clips.train_resize", "clips.test_resize", "clips.decoded"),
            resumes=True,
        ),
        Step(
            verb="manifest",
            at="manifests/{dataset}/split{split}/",
            files=lambda job: ("tracklets.parquet",),
            reads=_verified,
            modules=("datasets/manifest.py", "datasets/readers.py"),
            watches=lambda job: [("datasets", job["dataset"], READS)],
        ),
        Step(
            verb="sample",
            at="clips/{dataset}/split{split}/",
            files=lambda job: ("clips.parquet",),
            reads=_manifest,
            modules=("clips/sampling.py",),
            profile=("clips.length", "evaluation.samplers"),
            watches=lambda job: [
                ("datasets", job["dataset"], ("protocol.clip_cap", "protocol.clip_window"))
            ],
        ),
        Step(
            verb="weights",
            at="weights/seed{seed}/",
            files=lambda job: ("cnn.safetensors", "vit.safetensors"),
            modules=("models/weights.py",),
            profile=(*SIZE, "network", "weights"),
            runs_on="threads",
        ),
        Step(
            verb="train",
            at=_at_run("checkpoints"),
            files=_trained_files,
            reads=_training,
            modules=("training/loop.py",),
            profile=(
                *("clips.length", *SIZE, "clips.train_resize"),
                *("network", "training", "weights", "evaluation.epochs"),
            ),
            watches=_network_of,
            given=_given_to,
            runs_on="devices",
            long=True,
            resumes=True,
            plots="history.csv",
        ),
        Step(
            verb="extract",
            at=_at_run("features"),
            files=lambda job: ("features.parquet",),
            reads=_extracted,
            modules=("inference/extraction.py", "evaluation/foreign.py"),
            profile=(
                *SHOWN,
                "network",
                "training.device",
                "training.channels_last",
                *("evaluation.samplers", "evaluation.time_order"),
                *("evaluation.batch_frames", "evaluation.precision"),
            ),
            watches=_network_of,
            given=_given_to,
            runs_on="devices",
            resumes=True,
        ),
        Step(
            verb="rank",
            at=_at_run("metrics"),
            files=lambda job: ("metrics.json", "queries.parquet", "distances.json", "scores.json"),
            reads=lambda job: {**_manifest(job), "features": job.other("extract")},
            modules=("evaluation/protocol.py", "config/metric.py"),
            profile=(
                *("clips.length", "evaluation.samplers"),
                *("evaluation.bootstrap", "evaluation.reranking"),
            ),
            watches=lambda job: [
                ("datasets", job["dataset"], ("protocol",)),
                ("variants", job["variant"], ("headline",)),
            ],
            metrics="scores.json",
        ),
        Step(
            verb="misjudge",
            at="slips/{dataset}/split{split}/",
            files=lambda job: ("queries.parquet",),
            reads=lambda job: {**_manifest(job), **{str(one): one for one in _misjudged(job)}},
            modules=("evaluation/slips.py",),
            profile=("evaluation.samplers", "evaluation.reranking"),
            watches=lambda job: [
                ("datasets", job["dataset"], ("protocol",)),
                *dict.fromkeys(
                    ("variants", one["variant"], ("headline",)) for one in _misjudged(job)
                ),
            ],
        ),
        Step(
            verb="export",
            at=_at_run("backbones"),
            files=lambda job: EXPORTED,
            reads=_trained,
            modules=("inference/export.py", "inference/whole.py", "inference/extraction.py"),
            profile=(*SHOWN, "network"),
            watches=lambda job: [("variants", job["variant"], NETWORK)],
            runs_on="threads",
        ),
        Step(
            verb="attend",
            at=_at_run("attention"),
            files=lambda job: ("attention.parquet",),
            reads=_shown_to_a_network,
            modules=("inference/attention.py", "inference/extraction.py"),
            profile=(
                *SHOWN,
                "network",
                "training.device",
                "training.channels_last",
                "evaluation.samplers",
            ),
            watches=lambda job: [("variants", job["variant"], NETWORK)],
            runs_on="device",
        ),
        Step(
            verb="cost",
            at="tables/cost.",
            files=lambda job: TABLE,
            reads=_identities,
            modules=(
                "inference/cost.py",
                "models/full_size.py",
                "report/tables/cost.py",
                TEMPLATES,
            ),
            profile=("datasets", "clips", "network", "training"),
            watches=_counted,
            given=_given_to_count,
            runs_on="device",
            alone=True,
            report="html",
            caption="report/tables/cost.rst",
        ),
        Step(
            verb="tabulate",
            at="tables/{table}.",
            files=lambda job: TABLE,
            reads=lambda job: {str(one): one for one in _shown(job)},
            records=lambda job: _behind(_tabulated(job)),
            modules=("report/tables/tables.py", TEMPLATES, "config/metric.py"),
            profile=(
                *("datasets", "splits", "variants", "backbones", "seeds", "cross"),
                *("clips", "network", "weights", "training", "evaluation"),
            ),
            watches=_shown_by_a_table,
            gaps=True,
            report="html",
            caption="report/tables/table.rst",
        ),
        Step(
            verb="draw",
            at="figures/{dataset}/{figure}.",
            files=lambda job: FIGURES[job["figure"]].formats,
            reads=_drawn_from,
            modules=("report/figures/{figure}.py",),
            profile=("variants", "backbones", "seeds", "splits", "evaluation"),
            watches=_looks_at_runs,
            gaps=True,
            report="shown",
            caption="report/figures/captions/{figure}.rst",
        ),
        Step(
            verb="page",
            at="index.",
            files=lambda job: ("html",),
            reads=_everything,
            records=lambda job: [one for one in job.pipeline.jobs() if one != job],
            modules=(
                *("report/page/build.py", "report/page", "provenance/chain.py"),
                *(TEMPLATES, "report/figures/captions"),
            ),
            quotes=lambda job: job.pipeline.configuration(),
            gaps=True,
            report="html",
            caption="report/page/page.rst",
        ),
    )
}
"""Verb → step, in the order in which data flow."""


def made_by(path: Path) -> tuple[Step[Job], dict[str, str], str] | None:
    """The step, its key and the file (what follows `at`) of an artefact or receipt; None of others.

    path: below the results folder, as metrics/walkers/split0/cnn/seed0/receipt.json.
    """
    for step in STEPS.values():
        if match := step.pattern.fullmatch(path.as_posix()):
            values = match.groupdict()
            return step, values, values.pop("file")
    return None
