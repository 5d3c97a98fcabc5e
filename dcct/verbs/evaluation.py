"""Verbs of evaluation: extract → rank, misjudge, export, attend; and the evaluation of anyone's
features."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dcct.config.foreign import ForeignFeatures
from dcct.config.label import checkpoint_of
from dcct.errors import DataError, DcctError
from dcct.files import settings_digest, write_json
from dcct.provenance.documents import read_receipt
from dcct.verbs.making import Making, makes
from dcct.verbs.options import Dataset, Json, Seed, Split, Variant, verb, wide

PANEL = "Evaluation"
app = typer.Typer()


@makes(app, PANEL, torch=True)
def extract(
    making: Making, dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0
) -> None:
    """Extract every feature set of a trained variant from all test tracklets, in one pass.

    Example: dcct extract walkers dcct --seed 0
    """
    from dcct.inference.extraction import Extraction
    from dcct.inference.extraction import extract as extract_features
    from dcct.verbs.data import CONTROLS

    if isinstance(making.pipeline.variant(variant), ForeignFeatures):
        _take(making)
        return
    profile, checkpoint = making.pipeline.profile, making.input("checkpoint")
    controls = CONTROLS if variant in profile.evaluation.time_order else ()
    samplers = dict.fromkeys([*profile.evaluation.samplers, *controls])
    weights = checkpoint_of(variant)
    trained = read_receipt(checkpoint.receipt, checkpoint.again)["outputs"].get(weights)
    if trained is None:
        raise DataError(f"{checkpoint.receipt}: names no {weights}: run `{checkpoint.again}` again")
    job = Extraction(
        variant=making.pipeline.variant(variant),
        profile=profile,
        samplers=tuple(samplers),
        clips=making.input("clips") / "clips.parquet",
        frames=making.input("frames").folder,
        manifest=making.input("manifest").folder,
        trained_on=making.input("trained_on").folder,
        checkpoint=checkpoint / weights,
        work=making.work / settings_digest(making.origin.parts),
        digests={"checkpoint": trained},
    )
    path = making.job / "features.parquet"
    making.facts["frames"] = extract_features(job, path, making.progress)


def _take(making: Making) -> None:
    """In place of an extraction: the features that were given."""
    from dcct.evaluation.features import write_features
    from dcct.evaluation.foreign import read_given, said_of

    job, pipeline = making.job, making.pipeline
    headline, sampler = pipeline.variant(job["variant"]).headline, pipeline.profile.evaluation
    ((file, digest),) = making.origin.given.items()
    manifest = making.input("manifest").folder
    table = read_given(Path(file), manifest, sampler.samplers[0], headline)
    write_features(job / "features.parquet", table, said_of(digest))
    making.progress.say(f"{len(table)} rows of features taken from {file}")


@makes(app, PANEL)
def rank(
    making: Making, dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0
) -> None:
    """Rank features under the data set's protocol: mAP, CMC and mINP with 95 % intervals.

    Example: dcct rank walkers dcct --seed 0
    """
    from dcct.datasets.manifest import listing_of, read_manifest, verification_of
    from dcct.evaluation.features import made_by
    from dcct.evaluation.protocol import evaluate_features, write_metrics

    job, pipeline, manifest = making.job, making.pipeline, making.input("manifest").folder
    features, config = making.input("features") / "features.parquet", pipeline.variant(variant)
    protocol, training = pipeline.dataset(dataset).protocol, pipeline.training_of(job)
    found = evaluate_features(features, manifest, protocol, pipeline.profile)
    listed, made = read_manifest(manifest), made_by(features)
    header = {
        "dataset": dataset,
        "split": split,
        "variant": variant,
        "seed": seed,
        "trained_on": (training or job)["dataset"],
        "trained_split": (training or job)["split"],
        "verification": verification_of(listed),
        **{name: made[name] for name in ("parameters", "precision", "device", "versions")},
        "digests": {
            "data": listing_of(listed),
            "features": making.origin.inputs[features.as_posix()],
            **made["digests"],
        },
    }
    sampler = pipeline.profile.evaluation.samplers[0]
    best = write_metrics(found, header, (sampler, config.headline), job.folder)
    making.progress.say(
        f"mAP {100 * best['mAP']:.1f} [{100 * best['mAP_low']:.1f}, {100 * best['mAP_high']:.1f}]"
        f"  Rank-1 {100 * best['rank1']:.1f}  ({best['sampler']} {best['feature']},"
        f" {best['queries']} queries)"
    )


@makes(app, PANEL)
def misjudge(making: Making, dataset: Dataset, split: Split = 0) -> None:
    """Judge the same features with slips that published programs were seen to make.

    Example: dcct misjudge walkers --split 0
    """
    import pyarrow as pa

    from dcct.datasets.manifest import write_parquet
    from dcct.evaluation.slips import misjudge as judge

    pipeline, manifest = making.pipeline, making.input("manifest").folder
    settings, protocol = pipeline.profile.evaluation, pipeline.dataset(dataset).protocol
    runs, found = pipeline.misjudged(dataset, split), []
    if not runs:
        raise DcctError(
            f"{pipeline.configfile}: tables: none compares slips on {dataset}: name the table"
            " `slips` there"
        )
    for run in making.progress.track(runs, len(runs), "features"):
        table = judge(
            run / "features.parquet",
            manifest,
            protocol,
            settings.samplers[0],
            pipeline.variant(run["variant"]).headline,
            settings.reranking,
        )
        for name in ("seed", "variant"):
            table = table.add_column(0, name, pa.array([run[name]] * len(table)))
        found.append(table)
    write_parquet(making.job / "queries.parquet", pa.concat_tables(found))


@makes(app, PANEL, torch=True)
def export(
    making: Making, dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0
) -> None:
    """Write a distilled backbone (plain timm checkpoint and ONNX) or a whole network (model folder
    and ONNX) for other programs, checked against our features.

    Example: dcct export walkers distilled-vit --seed 0
    """
    from dcct.inference.export import export_backbone
    from dcct.inference.extraction import trained_model
    from dcct.inference.whole import export_network
    from dcct.models.dcct import DCCT
    from dcct.verbs.described import data_of, trained_config

    profile, config = making.pipeline.profile, making.pipeline.variant(variant)
    checkpoint = making.input("checkpoint") / checkpoint_of(variant)
    model = trained_model(config, profile, making.input("trained_on").folder, checkpoint)
    assert isinstance(model, DCCT)  # others were refused
    job, folder = making.input("checkpoint"), making.job.folder
    if len(config.branches) == 1:
        shape = profile.network, profile.clips
        distance = export_backbone(model, *shape, variant, folder, data_of(job))
    else:
        distance = export_network(model, trained_config(job), folder)
    making.facts["distance_from_ours"] = distance
    making.progress.say(f"what is exported gives our features to {distance:.0e}")


@makes(app, PANEL, torch=True)
def attend(
    making: Making, dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0
) -> None:
    """Keep what a trained variant looks at in a few clips: weights of CCA and HTA, values of the
    gates.

    Example: dcct attend walkers dcct --seed 0
    """
    from dcct.inference.attention import attend as look_at
    from dcct.inference.extraction import trained_model
    from dcct.models.dcct import DCCT

    profile, config = making.pipeline.profile, making.pipeline.variant(variant)
    checkpoint = making.input("checkpoint") / checkpoint_of(variant)
    model = trained_model(config, profile, making.input("trained_on").folder, checkpoint)
    assert isinstance(model, DCCT)  # others were refused
    clips = making.input("clips") / "clips.parquet"
    stored = making.input("frames").folder, making.input("manifest").folder
    path = making.job / "attention.parquet"
    making.facts["clips"] = look_at(model, profile, clips, *stored, path)


@verb(app, PANEL)
def evaluate(
    features: Annotated[
        tuple[Path, Path],
        typer.Option(
            help="Two files, .parquet or .npz: pid, camid and feature sets.",
            metavar="QUERY GALLERY",
        ),
    ],
    gallery_includes_queries: Annotated[
        bool,
        typer.Option(
            "--gallery-includes-queries", help="Rank queries too, as MARS' protocol does."
        ),
    ] = False,
    keep_same_camera: Annotated[
        bool,
        typer.Option(
            "--keep-same-camera", help="Keep tracklets of the query's own identity and camera."
        ),
    ] = False,
    rerank: Annotated[
        bool,
        typer.Option(
            "--rerank",
            help="Re-rank by k-reciprocal neighbours: looks at the whole test set at once.",
        ),
    ] = False,
    bootstrap: Annotated[
        int,
        typer.Option(
            help="Resamples of the identities for the 95 % intervals.", min=1, max=1_000_000
        ),
    ] = 2000,
    json: Json = None,
) -> None:
    """Evaluate features that anyone's model made by this package's protocol.

    Example: dcct evaluate --features query.parquet gallery.parquet
    """
    from dcct.config.profile import Reranking
    from dcct.evaluation.external import evaluate_files, notes, read_features

    query, gallery = map(read_features, features)
    rows = evaluate_files(
        query,
        gallery,
        bootstrap,
        gallery_includes_queries=gallery_includes_queries,
        drop_same_camera=not keep_same_camera,
        reranking=Reranking() if rerank else None,
    )
    shares = [name for name in rows[0] if name.startswith("rank") and name[4:].isdigit()]
    further = [f"Rank-{name[4:]}" for name in shares[1:]]
    labels = ("features", "dimensions", "queries", "mAP [95 %]", "Rank-1 [95 %]")
    table = Table(*labels, *further, "mINP")
    for row in rows:
        intervals = [_with_interval(row, name) for name in ("mAP", "rank1")]
        others = [f"{100 * row[name]:.1f}" for name in (*shares[1:], "mINP")]
        counts = str(row["dimensions"]), str(row["queries"])
        table.add_row(escape(row["feature"]), *counts, *intervals, *others)
    wide().print(table)
    for note in notes(query, gallery):
        wide().print(escape(note))
    if json:
        write_json(json, rows)


def _with_interval(row: dict, name: str) -> str:
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
