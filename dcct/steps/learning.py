"""Arrows of learning and judging: weights → train → extract → rank, export, attend; and parity,
which stands alone."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dcct.config.load import load_variant, splits_of, training_of
from dcct.config.profile import Reranking
from dcct.config.variant import Variant
from dcct.errors import DcctError
from dcct.files import read_json, write_json
from dcct.pipeline.plan import EXPORTED
from dcct.provenance.receipt import RECEIPT, made_from, settings_digest
from dcct.runtime.progress import Progress
from dcct.steps.context import (
    TIME_ORDER,
    Context,
    clips_inputs,
    manifest_input,
    origin_for,
    recorded_as,
)

if TYPE_CHECKING:
    from dcct.inference.budget import Job
    from dcct.official.parity import Agreement


def weights(context: Context, seed: int) -> None:
    """Make the backbones' initial weights of a seed."""
    from dcct.models.weights import BRANCHES, initial_backbones, write_weights

    folder, profile = context.paths.weights(seed), context.profile
    outputs = [folder / f"{branch}.safetensors" for branch in BRANCHES]
    origin = origin_for(context, "weights", {}, {"seed": seed})
    with recorded_as(context, "weights", folder / RECEIPT, (f"seed{seed}",), outputs, origin):
        write_weights(
            initial_backbones(profile.network, profile.weights, profile.clips, seed), folder
        )


def train(
    context: Context, dataset: str, split: int, variant: str, seed: int, *, trace: bool = False
) -> int:
    """Train a variant, in as many processes as the profile says; continue where an interrupted
    training was.

    Returns 0, or the exit status of processes that were started and have said themselves what is
    wrong.
    """
    from dcct.training.distributed import started_in_group

    config, processes = (
        load_variant(variant, context.configfile),
        context.profile.training.processes,
    )
    if config.backbone_of:
        raise DcctError(
            f"{variant} is taken out of {config.backbone_of}: nothing to train; `dcct extract`"
            " comes next"
        )
    if dataset not in context.profile.datasets or "@" in variant:
        raise DcctError(
            f"{variant} on {dataset}: only tested, not trained, says {context.configfile}"
        )
    context.split(dataset, split)
    if processes > 1 and not started_in_group():
        from dcct.training.launch import launch

        where = [
            "--split",
            str(split),
            "--seed",
            str(seed),
            "--configfile",
            str(context.configfile),
        ]
        return launch(processes, ["train", dataset, variant, *where, *["--profile"] * trace])
    _train_here(context, config, dataset, split, variant, seed, trace)
    return 0


def _train_here(
    context: Context,
    config: Variant,
    dataset: str,
    split: int,
    variant: str,
    seed: int,
    trace: bool,
) -> None:
    """Train in this process, which may be one of several; the first of them locks, checks and
    records."""
    from dcct.models.checkpoint import MODEL
    from dcct.runtime.lock import only_one
    from dcct.training.distributed import is_first
    from dcct.training.loop import HISTORY, PLOTTED, Run, fit

    paths = context.paths
    folder, work = (
        paths.checkpoint(dataset, split, variant, seed),
        paths.work(dataset, split, variant, seed),
    )
    run = Run(
        profile=context.profile,
        variant=config,
        seed=seed,
        frames=paths.frames(dataset),
        manifest=paths.manifest(dataset, split),
        weights=paths.weights(seed),
        work=work,
    )
    if not is_first():
        fit(run, folder, Progress())
        return
    inputs = {
        **clips_inputs(paths, dataset, split),
        paths.weights(seed) / RECEIPT: f"weights --seed {seed}",
    }
    with only_one(work, context.progress.say) as waited:
        origin = origin_for(
            context, "train", inputs, {"variant": config.model_dump(mode="json"), "seed": seed}
        )
        if waited and made_from(folder / RECEIPT, origin):
            context.progress.say("made by the process that was waited for")
            return
        with recorded_as(
            context,
            "train",
            folder / RECEIPT,
            (dataset, f"split{split}", variant, f"seed{seed}"),
            [folder / MODEL, folder / HISTORY, folder / PLOTTED],
            origin,
        ) as facts:
            run.made_from = origin.parts
            traced = paths.trace(dataset, split, variant, seed) if trace else None
            facts |= fit(run, folder, context.progress, traced)
        shutil.rmtree(work)


def extract(context: Context, dataset: str, split: int, variant: str, seed: int) -> None:
    """Extract every feature set of a variant, or of variant@data set, from every test tracklet."""
    from dcct.inference.extraction import Extraction
    from dcct.inference.extraction import extract as extract_features
    from dcct.models.checkpoint import MODEL
    from dcct.runtime.lock import only_one

    config, paths, profile = (
        load_variant(variant, context.configfile),
        context.paths,
        context.profile,
    )
    context.split(dataset, split)
    learnt, donor = _learnt(context, dataset, split, variant, seed)
    checkpoint, folder = learnt[-1], paths.features(dataset, split, variant, seed)
    samplers = profile.evaluation.samplers
    if variant in profile.evaluation.time_order:
        samplers = list(dict.fromkeys([*samplers, *TIME_ORDER]))
    inputs = {
        **clips_inputs(paths, dataset, split),
        paths.clips(dataset, split) / RECEIPT: f"sample {dataset} --split {split}",
        **donor,
    }
    origin = origin_for(
        context,
        "extract",
        inputs,
        {"variant": config.model_dump(mode="json"), "samplers": samplers},
    )
    trained = read_json(checkpoint / RECEIPT, "train")
    job = Extraction(
        variant=config,
        profile=profile,
        samplers=tuple(samplers),
        clips=paths.clips(dataset, split) / "clips.parquet",
        frames=paths.frames(dataset),
        manifest=paths.manifest(dataset, split),
        learnt_from=learnt[0],
        checkpoint=checkpoint / MODEL,
        work=paths.extracting(dataset, split, variant, seed, settings_digest(origin.parts)),
        digests={
            "checkpoint": trained["outputs"][MODEL],
            "config": {"train": trained["settings"], "extract": origin.settings},
            "code": {"train": trained["code"], "extract": origin.code},
        },
    )
    key = (dataset, f"split{split}", variant, f"seed{seed}")
    with only_one(job.work.parent, context.progress.say) as waited:
        if waited and made_from(folder / RECEIPT, origin):
            context.progress.say("made by the process that was waited for")
            return
        with recorded_as(
            context, "extract", folder / RECEIPT, key, [folder / "features.parquet"], origin
        ) as facts:
            facts["frames"] = extract_features(job, folder / "features.parquet", context.progress)
        shutil.rmtree(job.work.parent)


def rank(context: Context, dataset: str, split: int, variant: str, seed: int) -> None:
    """Rank features under the data set's protocol; write metrics.json and queries.parquet."""
    from dcct.datasets.manifest import listing_of, read_manifest, verification_of
    from dcct.evaluation.features import made_by
    from dcct.evaluation.protocol import judge, write_metrics

    config, paths, data = (
        load_variant(variant, context.configfile),
        context.paths,
        context.split(dataset, split),
    )
    folder, features = (
        paths.metrics(dataset, split, variant, seed),
        paths.features(dataset, split, variant, seed),
    )
    listed = paths.manifest(dataset, split)
    inputs = {
        features / RECEIPT: f"extract {dataset} {variant} --split {split} --seed {seed}",
        **manifest_input(paths, dataset, split),
    }
    settings = {"protocol": data.protocol.model_dump(mode="json"), "headline": config.headline}
    origin = origin_for(context, "rank", inputs, settings)
    with recorded_as(
        context,
        "rank",
        folder / RECEIPT,
        (dataset, f"split{split}", variant, f"seed{seed}"),
        [folder / "metrics.json", folder / "queries.parquet"],
        origin,
    ):
        rows, queries = judge(features / "features.parquet", listed, data, context.profile, config)
        manifest, made = read_manifest(listed), made_by(features / "features.parquet")
        source, trained_split, _ = training_of(
            dataset, split, variant, context.profile, context.configfile
        )
        header = {
            "dataset": dataset,
            "split": split,
            "variant": variant,
            "title": config.title,
            "seed": seed,
            "trained_on": source,
            "trained_split": trained_split,
            "verification": verification_of(manifest),
            **{name: made[name] for name in ("parameters", "precision", "device", "versions")},
            "digests": {
                "data": listing_of(manifest),
                "features": origin.inputs[f"{features.as_posix()}/features.parquet"],
                "checkpoint": made["digests"]["checkpoint"],
                "config": {**made["digests"]["config"], "rank": origin.settings},
                "code": {**made["digests"]["code"], "rank": origin.code},
            },
        }
        metrics = write_metrics(rows, queries, header, config, context.profile, folder)
        write_json(folder / "metrics.json", metrics)
    best = metrics["headline"]
    context.progress.say(
        f"mAP {100 * best['mAP']:.1f} [{100 * best['mAP_low']:.1f}, {100 * best['mAP_high']:.1f}] "
        f" Rank-1 {100 * best['rank1']:.1f}  ({best['sampler']} {best['feature']},"
        f" {best['queries']} queries)"
    )


def export(context: Context, dataset: str, split: int, variant: str, seed: int) -> None:
    """Write a single backbone as a plain timm checkpoint and as ONNX, checked against our
    features."""
    from dcct.inference.export import export_backbone
    from dcct.inference.extraction import trained_model
    from dcct.models.checkpoint import MODEL

    config, paths, profile = (
        load_variant(variant, context.configfile),
        context.paths,
        context.profile,
    )
    if len(config.branches) != 1:
        raise DcctError(
            f"{variant} has two backbones: export one that stands alone:"
            f" {', '.join(profile.backbones)}"
        )
    context.split(dataset, split)
    learnt, donor = _learnt(context, dataset, split, variant, seed)
    folder = paths.exported(dataset, split, variant, seed)
    inputs = {**manifest_input(paths, dataset, split), **donor}
    outputs = [folder / name for name in EXPORTED]
    origin = origin_for(context, "export", inputs, {"variant": config.model_dump(mode="json")})
    with recorded_as(
        context,
        "export",
        folder / RECEIPT,
        (dataset, f"split{split}", variant, f"seed{seed}"),
        outputs,
        origin,
    ) as facts:
        model = trained_model(config, profile, learnt[0], learnt[1] / MODEL)
        distance = export_backbone(model, profile.network, profile.clips, config.title, folder)
        facts["distance_from_ours"] = distance
    context.progress.say(f"timm and ONNX give our features to {distance:.0e}")


def attend(context: Context, dataset: str, split: int, variant: str, seed: int) -> None:
    """Keep what a variant looks at in the clips of a few queries: attention weights and gates."""
    from dcct.inference.attention import attend as look_at
    from dcct.inference.extraction import trained_model
    from dcct.models.checkpoint import MODEL

    config, paths, profile = (
        load_variant(variant, context.configfile),
        context.paths,
        context.profile,
    )
    context.split(dataset, split)
    learnt, donor = _learnt(context, dataset, split, variant, seed)
    folder, clips = paths.attention(dataset, split, variant, seed), paths.clips(dataset, split)
    inputs = {
        **clips_inputs(paths, dataset, split),
        clips / RECEIPT: f"sample {dataset} --split {split}",
        **donor,
    }
    path, key = folder / "attention.parquet", (dataset, f"split{split}", variant, f"seed{seed}")
    origin = origin_for(context, "attend", inputs, {"variant": config.model_dump(mode="json")})
    with recorded_as(context, "attend", folder / RECEIPT, key, [path], origin) as facts:
        model = trained_model(config, profile, learnt[0], learnt[1] / MODEL)
        stored = paths.frames(dataset), paths.manifest(dataset, split)
        facts["clips"] = look_at(model, profile, clips / "clips.parquet", *stored, path)


def _learnt(
    context: Context, dataset: str, split: int, variant: str, seed: int
) -> tuple[tuple[Path, Path], dict[Path, str]]:
    """Manifest that a judged checkpoint was trained on, and its folder; their receipts, as inputs
    of a step."""
    source, number, donor = training_of(
        dataset, split, variant, context.profile, context.configfile
    )
    folder = context.paths.checkpoint(source, number, donor, seed)
    inputs = manifest_input(context.paths, source, number)
    inputs[folder / RECEIPT] = f"train {source} {donor} --split {number} --seed {seed}"
    return (context.paths.manifest(source, number), folder), inputs


def budget(context: Context, teraflops: float, utilisation: float) -> "list[Job]":
    """What every training of the profile will cost on a card of that rate; nothing is run."""
    from dcct.inference.budget import job_of

    profile, file, found = context.profile, context.configfile, []
    for dataset in profile.datasets:
        data = context.dataset(dataset)
        runs = len(splits_of(data, profile)) * len(profile.seeds)
        for name in profile.variants:
            found.append(
                job_of(
                    dataset,
                    data,
                    runs,
                    name,
                    load_variant(name, file),
                    profile,
                    1e12 * teraflops * utilisation,
                )
            )
            if found[-1]:
                context.progress.say(f"{dataset}, {name}: {found[-1].hours:,.1f} hours")
    return [job for job in found if job]


def evaluate(
    query: Path,
    gallery: Path,
    resamples: int,
    *,
    gallery_includes_queries: bool,
    drop_same_camera: bool,
    rerank: bool = False,
) -> list[dict]:
    """Judge anyone's features, read from two files; no profile, no artefact."""
    from dcct.evaluation.external import judge_files, read_features

    files = read_features(query), read_features(gallery)
    rules = {
        "gallery_includes_queries": gallery_includes_queries,
        "drop_same_camera": drop_same_camera,
    }
    return judge_files(*files, resamples, **rules, reranking=Reranking() if rerank else None)


def parity(numbers: Path | None, progress: Progress) -> "list[Agreement]":
    """Run every case of the authors' program's numbers; no profile, no artefact."""
    from dcct.official.parity import NUMBERS, compare, read_cases

    return [one for case in read_cases(numbers or NUMBERS) for one in compare(case, progress.say)]
