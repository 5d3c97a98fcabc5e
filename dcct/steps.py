"""The arrows: one function per step, joining paths and receipts to the module that does the work.

Each is one verb of the command, one Snakemake rule and one DVC stage. A step checks its inputs' digests, does its
work, and leaves a receipt; it imports torch only if it needs it.
"""

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.config.load import load_dataset, load_profile, load_table, load_variant
from dcct.config.profile import Profile
from dcct.errors import ConfigError, DcctError
from dcct.paths import Paths
from dcct.plan import FIGURES, shown_variant
from dcct.progress import Progress
from dcct.receipt import (
    RECEIPT,
    Origin,
    made_from,
    origin_of,
    recorded,
    write_json,
    write_text,
)
from dcct.stages import code_of, settings_of

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
        if name not in self.profile.datasets:
            raise ConfigError(
                f"{self.configfile}: {name} is not among its datasets: {', '.join(self.profile.datasets)}"
            )
        return load_dataset(name, self.configfile)


def open_context(configfile: Path, progress: Progress) -> Context:
    """Read a profile and everything that it names."""
    profile = load_profile(configfile)
    paths = Paths(data_dir=Path(profile.data_dir), results_dir=Path(profile.results_dir))
    return Context(configfile=configfile, profile=profile, paths=paths, progress=progress)


def source(context: Context, dataset: str) -> None:
    """Put a data set in place: draw it, or say how to get it."""
    from dcct.datasets.source import obtain

    config = context.dataset(dataset)
    origin = _origin(context, "source", {}, {"dataset": config.model_dump(mode="json")})
    with _recorded(context, "source", context.paths.source(dataset) / RECEIPT, (dataset,), [], origin) as facts:
        facts["how"] = obtain(config, context.paths.data(dataset), context.progress)


def verify(context: Context, dataset: str) -> None:
    """Check counts, frames and digest of a data set; write report.json and report.md."""
    from dcct.datasets.verify import readable_report
    from dcct.datasets.verify import verify as check

    config, root, folder = context.dataset(dataset), context.paths.data(dataset), context.paths.verified(dataset)
    outputs = [folder / "report.json", folder / "report.md"]
    inputs = {context.paths.source(dataset) / RECEIPT: f"source {dataset}"}
    origin = _origin(context, "verify", inputs, {"dataset": config.model_dump(mode="json")})
    with _recorded(context, "verify", folder / RECEIPT, (dataset,), outputs, origin):
        found = check(config, root, context.progress)
        write_json(outputs[0], {"dataset": dataset, **found.as_dict()})
        write_text(outputs[1], readable_report(config, root, found))
    context.progress.say(f"{found.files:,} files, digest {found.digest}: {found.pin}")


def manifest(context: Context, dataset: str) -> None:
    """Write the manifest of a verified data set."""
    from dcct.datasets.manifest import write_manifest
    from dcct.datasets.readers import READERS

    layout, folder = context.dataset(dataset).layout, context.paths.manifest(dataset)
    outputs = [folder / "tracklets.parquet", folder / "frames.parquet"]
    inputs = {context.paths.verified(dataset) / RECEIPT: f"verify {dataset}"}
    origin = _origin(context, "manifest", inputs, {"layout": layout})
    with _recorded(context, "manifest", folder / RECEIPT, (dataset,), outputs, origin):
        write_manifest(READERS[layout](context.paths.data(dataset)), folder)


def pack(context: Context, dataset: str) -> None:
    """Pack the frames of a manifest into a frame store."""
    from dcct.clips.frames import pack as pack_frames

    context.dataset(dataset)
    folder, listed, clips = context.paths.frames(dataset), context.paths.manifest(dataset), context.profile.clips
    origin = _origin(context, "pack", {listed / RECEIPT: f"manifest {dataset}"}, {})
    with _recorded(context, "pack", folder / RECEIPT, (dataset,), context.paths.store(dataset, clips), origin):
        pack_frames(listed, context.paths.data(dataset), folder, clips, context.progress)


def sample(context: Context, dataset: str) -> None:
    """Draw all test clips of a data set, once."""
    from dcct.clips.sampling import write_test_clips

    folder, listed, profile = context.paths.clips(dataset), context.paths.manifest(dataset), context.profile
    cap = context.dataset(dataset).protocol.clip_cap
    samplers = list(dict.fromkeys([*profile.evaluation.samplers, *TIME_ORDER]))
    origin = _origin(context, "sample", {listed / RECEIPT: f"manifest {dataset}"}, {"clip_cap": cap})
    with _recorded(context, "sample", folder / RECEIPT, (dataset,), [folder / "clips.parquet"], origin):
        write_test_clips(listed, folder / "clips.parquet", samplers, profile.clips.length, cap)


def weights(context: Context, seed: int) -> None:
    """Make the backbones' initial weights of a seed."""
    from dcct.models.weights import BRANCHES, initial_backbones, write_weights

    folder, profile = context.paths.weights(seed), context.profile
    outputs = [folder / f"{branch}.safetensors" for branch in BRANCHES]
    origin = _origin(context, "weights", {}, {"seed": seed})
    with _recorded(context, "weights", folder / RECEIPT, (f"seed{seed}",), outputs, origin):
        write_weights(initial_backbones(profile.network, profile.weights, profile.clips, seed), folder)


def train(context: Context, dataset: str, variant: str, seed: int) -> None:
    """Train a variant; continue where an interrupted training was."""
    from dcct.checkpoint import MODEL, only_one
    from dcct.training.loop import HISTORY, Run, fit

    config, paths = load_variant(variant, context.configfile), context.paths
    if config.backbone_of:
        raise DcctError(f"{variant} is taken out of {config.backbone_of}: nothing to train; `dcct extract` comes next")
    context.dataset(dataset)
    folder, work = paths.checkpoint(dataset, variant, seed), paths.work(dataset, variant, seed)
    inputs = {**_clips_inputs(paths, dataset), paths.weights(seed) / RECEIPT: f"weights --seed {seed}"}
    with only_one(work, context.progress.say) as waited:
        origin = _origin(context, "train", inputs, {"variant": config.model_dump(mode="json"), "seed": seed})
        if waited and made_from(folder / RECEIPT, origin):
            context.progress.say("made by the process that was waited for")
            return
        with _recorded(
            context,
            "train",
            folder / RECEIPT,
            (dataset, variant, f"seed{seed}"),
            [folder / MODEL, folder / HISTORY],
            origin,
        ) as facts:
            run = Run(
                profile=context.profile,
                variant=config,
                seed=seed,
                frames=paths.frames(dataset),
                manifest=paths.manifest(dataset),
                weights=paths.weights(seed),
                work=work,
                identity=origin.identity,
            )
            facts |= fit(run, folder, context.progress)
        shutil.rmtree(work)


def extract(context: Context, dataset: str, variant: str, seed: int) -> None:
    """Extract every feature set of a variant from every test tracklet."""
    from dcct.checkpoint import MODEL
    from dcct.extraction import extract as extract_features
    from dcct.extraction import trained_model

    config, paths, profile = load_variant(variant, context.configfile), context.paths, context.profile
    context.dataset(dataset)
    donor = config.backbone_of or variant
    checkpoint, folder = paths.checkpoint(dataset, donor, seed), paths.features(dataset, variant, seed)
    samplers = profile.evaluation.samplers
    if variant in profile.evaluation.time_order:
        samplers = list(dict.fromkeys([*samplers, *TIME_ORDER]))
    inputs = {
        **_clips_inputs(paths, dataset),
        paths.clips(dataset) / RECEIPT: f"sample {dataset}",
        checkpoint / RECEIPT: f"train {dataset} {donor} --seed {seed}",
    }
    origin = _origin(context, "extract", inputs, {"variant": config.model_dump(mode="json"), "samplers": samplers})
    with _recorded(
        context, "extract", folder / RECEIPT, (dataset, variant, f"seed{seed}"), [folder / "features.parquet"], origin
    ) as facts:
        model = trained_model(config, profile, paths.manifest(dataset), checkpoint / MODEL)
        facts["frames"] = extract_features(
            model,
            samplers,
            profile,
            clips=paths.clips(dataset) / "clips.parquet",
            frames=paths.frames(dataset),
            manifest=paths.manifest(dataset),
            path=folder / "features.parquet",
            progress=context.progress,
        )


def rank(context: Context, dataset: str, variant: str, seed: int) -> None:
    """Rank features under the data set's protocol; write metrics.json and queries.parquet."""
    from dcct.evaluation import DISTANCE, judge, parameter_count, write_metrics

    config, paths, data = load_variant(variant, context.configfile), context.paths, context.dataset(dataset)
    folder, features = paths.metrics(dataset, variant, seed), paths.features(dataset, variant, seed)
    inputs = {
        features / RECEIPT: f"extract {dataset} {variant} --seed {seed}",
        paths.manifest(dataset) / RECEIPT: f"manifest {dataset}",
    }
    settings = {"protocol": data.protocol.model_dump(mode="json"), "headline": config.headline}
    origin = _origin(context, "rank", inputs, settings)
    with _recorded(
        context,
        "rank",
        folder / RECEIPT,
        (dataset, variant, f"seed{seed}"),
        [folder / "metrics.json", folder / "queries.parquet"],
        origin,
    ):
        rows, queries = judge(features / "features.parquet", paths.manifest(dataset), data, context.profile, config)
        header = {
            "dataset": dataset,
            "variant": variant,
            "title": config.title,
            "seed": seed,
            "protocol": data.protocol.model_dump(mode="json"),
            "distance": DISTANCE,
            "parameters": parameter_count(features / "features.parquet"),
            "features_digest": origin.inputs[f"{features.as_posix()}/features.parquet"],
        }
        metrics = write_metrics(rows, queries, header, config, context.profile, folder)
        write_json(folder / "metrics.json", metrics)
    best = metrics["headline"]
    context.progress.say(
        f"mAP {100 * best['mAP']:.1f} [{100 * best['mAP_low']:.1f}, {100 * best['mAP_high']:.1f}]  "
        f"Rank-1 {100 * best['rank1']:.1f}  ({best['sampler']} {best['feature']}, {best['queries']} queries)"
    )


def tabulate(context: Context, table: str) -> None:
    """Write a table as csv, md and tex from all metrics of the profile."""
    from dcct.report.tables import tabulate as make_frame
    from dcct.report.tables import write_tables

    paths, profile = context.paths, context.profile
    if table not in profile.tables:
        raise ConfigError(f"{context.configfile}: {table} is not among its tables: {', '.join(profile.tables)}")
    config = load_table(table, context.configfile)
    outputs = [paths.table(table, suffix) for suffix in ("csv", "md", "tex")]
    inputs = {receipt: "rank" for dataset in profile.datasets for receipt in _metrics_made(context, dataset)}
    origin = _origin(context, "tabulate", inputs, {"table": config.model_dump(mode="json")})
    with _recorded(context, "tabulate", paths.table(table, RECEIPT), (table,), outputs, origin):
        frame = make_frame(config, profile, paths, context.configfile)
        write_tables(
            table, config, frame, {name: context.dataset(name) for name in profile.datasets}, outputs[0].parent
        )


def draw(context: Context, dataset: str) -> None:
    """Draw ablation, CMC and training curves of a data set."""
    from dcct.report.figures import draw as draw_figures

    context.dataset(dataset)
    folder = context.paths.figures(dataset)
    outputs = [folder / f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg")]
    inputs = dict.fromkeys(_metrics_made(context, dataset), f"rank {dataset}")
    with _recorded(
        context, "draw", folder / f"draw.{RECEIPT}", (dataset,), outputs, _origin(context, "draw", inputs, {})
    ):
        draw_figures(context.profile, context.paths, context.configfile, dataset, folder)


def gallery(context: Context, dataset: str) -> None:
    """Picture ten queries with their top ten."""
    from dcct.report.queries import draw_queries

    context.dataset(dataset)
    paths, variant, seed = context.paths, shown_variant(context.profile), context.profile.seeds[0]
    path = paths.figures(dataset) / "queries.png"
    inputs = {
        **_clips_inputs(paths, dataset),
        paths.metrics(dataset, variant, seed) / RECEIPT: f"rank {dataset} {variant} --seed {seed}",
    }
    origin = _origin(context, "gallery", inputs, {"variant": variant, "seed": seed})
    with _recorded(context, "gallery", path.with_name(f"gallery.{RECEIPT}"), (dataset,), [path], origin):
        draw_queries(paths, context.configfile, dataset, variant, seed, path)


def sheet(context: Context, dataset: str) -> None:
    """Draw the contact sheet of a data set."""
    from dcct.report.sheet import draw_sheet

    paths, title = context.paths, context.dataset(dataset).title
    path = paths.figures(dataset) / "sheet.png"
    origin = _origin(context, "sheet", _clips_inputs(paths, dataset), {"title": title})
    with _recorded(context, "sheet", path.with_name(f"sheet.{RECEIPT}"), (dataset,), [path], origin):
        draw_sheet(paths.frames(dataset), paths.manifest(dataset), path, title)


def _metrics_made(context: Context, dataset: str) -> list[Path]:
    """Receipts of the metrics that exist: what was not run becomes a named gap in tables and figures."""
    folders = [
        context.paths.metrics(dataset, variant, seed)
        for variant in context.profile.judged
        for seed in context.profile.seeds
    ]
    return [folder / RECEIPT for folder in folders if (folder / "metrics.json").exists()]


def _clips_inputs(paths: Paths, dataset: str) -> dict[Path, str]:
    return {
        paths.manifest(dataset) / RECEIPT: f"manifest {dataset}",
        paths.frames(dataset) / RECEIPT: f"pack {dataset}",
    }


def _origin(context: Context, step: str, inputs: dict[Path, str], settings: dict) -> Origin:
    root = Path(__file__).parent.parent
    code = [root / file for file in code_of(step)]
    return origin_of(inputs, {**settings_of(step, context.profile), **settings}, code)


def _recorded(
    context: Context, step: str, receipt: Path, key: tuple[str, ...], outputs: list[Path], origin: Origin
) -> AbstractContextManager[dict]:
    """Record a step in its receipt and in the run record that `key` names."""
    return recorded(receipt, context.paths.run(step, *key), outputs, origin)
