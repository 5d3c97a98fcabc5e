"""Arrows of the paper: cost and result tables, figures, pictures."""

from pathlib import Path

from dcct.config.load import (
    load_dataset,
    load_published,
    load_table,
    load_variant,
    splits_of,
    variant_names,
)
from dcct.config.table import shown
from dcct.errors import ConfigError
from dcct.pipeline.plan import FIGURES, TABLE, shown_variant
from dcct.provenance.receipt import RECEIPT
from dcct.steps.context import Context, clips_inputs, manifest_input, origin_for, recorded_as

Run = tuple[str, int, str, int]
"""Data set, split, variant, seed."""


def cost(context: Context) -> None:
    """Write the cost table: parameters, operations and latency of every variant, at this profile's
    size and in full."""
    from dcct.inference.cost import cost_sections
    from dcct.report.tables.cost import Section, write_cost

    profile, paths = context.profile, context.paths
    variants = {
        name: load_variant(name, context.configfile) for name in variant_names(context.configfile)
    }
    data = load_dataset(profile.datasets[0], context.configfile)
    outputs = [paths.table("cost", suffix) for suffix in TABLE]
    settings = {
        "variants": {name: variant.model_dump(mode="json") for name, variant in variants.items()},
        "identities": data.expected.train_ids,
    }
    origin = origin_for(context, "cost", {}, settings)
    with recorded_as(context, "cost", paths.table("cost", RECEIPT), ("cost",), outputs, origin):
        sections = cost_sections(variants, profile, data.expected.train_ids)
        write_cost([Section(**section) for section in sections], outputs)


def tabulate(context: Context, table: str) -> None:
    """Write a table as csv, md, tex and html from the metrics of the variants that it names."""
    from dcct.report.tables.tables import tabulate as make_frame
    from dcct.report.tables.tables import write_tables

    paths, profile = context.paths, context.profile
    if table not in profile.tables:
        raise ConfigError(
            f"{context.configfile}: {table} is not among its tables: {', '.join(profile.tables)}"
        )
    config = load_table(table, context.configfile)
    published = load_published(config.published, context.configfile) if config.published else None
    outputs = [paths.table(table, suffix) for suffix in TABLE]
    receipts = [
        path
        for one in shown(config, profile)
        for path in _metrics_made(context, one.dataset, one.runs)
    ]
    settings = {
        "table": config.model_dump(mode="json"),
        "published": published and published.model_dump(mode="json"),
    }
    origin = origin_for(context, "tabulate", dict.fromkeys(receipts, "rank"), settings)
    with recorded_as(context, "tabulate", paths.table(table, RECEIPT), (table,), outputs, origin):
        frame = make_frame(config, profile, paths, context.configfile)
        write_tables(table, config, frame, context.configfile, outputs[0].parent)


def draw(context: Context, dataset: str) -> None:
    """Draw ablation, CMC and training curves of a data set."""
    from dcct.report.figures.charts import draw as draw_figures

    context.dataset(dataset)
    folder = context.paths.figures(dataset)
    outputs = [folder / f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg")]
    inputs = dict.fromkeys(
        _metrics_made(context, dataset, context.profile.judged), f"rank {dataset}"
    )
    with recorded_as(
        context,
        "draw",
        folder / f"draw.{RECEIPT}",
        (dataset,),
        outputs,
        origin_for(context, "draw", inputs, {}),
    ):
        draw_figures(context.profile, context.paths, context.configfile, dataset, folder)


def tradeoff(context: Context, dataset: str) -> None:
    """Draw accuracy against parameters, operations and latency."""
    from dcct.report.figures.tradeoff import draw_tradeoff

    context.dataset(dataset)
    paths, folder = context.paths, context.paths.figures(dataset)
    outputs = [folder / f"tradeoff.{suffix}" for suffix in ("png", "svg")]
    inputs = dict.fromkeys(
        _metrics_made(context, dataset, context.profile.judged), f"rank {dataset}"
    )
    inputs[paths.table("cost", RECEIPT)] = "cost"
    origin = origin_for(context, "tradeoff", inputs, {})
    with recorded_as(
        context, "tradeoff", folder / f"tradeoff.{RECEIPT}", (dataset,), outputs, origin
    ):
        draw_tradeoff(context.profile, paths, context.configfile, dataset, folder)


def gallery(context: Context, dataset: str) -> None:
    """Picture ten queries with their top ten, and the worst failures with what should have been
    found."""
    from dcct.report.figures.failures import draw_failures
    from dcct.report.figures.queries import draw_queries

    paths, run, folder = context.paths, _shown_run(context, dataset), context.paths.figures(dataset)
    _, split, variant, seed = run
    outputs, which = (
        [folder / "queries.png", folder / "failures.png"],
        f"{variant} --split {split} --seed {seed}",
    )
    inputs = {
        **clips_inputs(paths, dataset, split),
        paths.metrics(*run) / RECEIPT: f"rank {dataset} {which}",
        paths.features(*run) / RECEIPT: f"extract {dataset} {which}",
    }
    origin = origin_for(
        context, "gallery", inputs, {"split": split, "variant": variant, "seed": seed}
    )
    with recorded_as(
        context, "gallery", folder / f"gallery.{RECEIPT}", (dataset,), outputs, origin
    ):
        draw_queries(paths, context.configfile, *run, outputs[0])
        draw_failures(paths, context.configfile, *run, outputs[1])


def heatmaps(context: Context, dataset: str) -> None:
    """Draw what CCA looks at in space, and HTA and its gates in time."""
    from dcct.report.figures.spatial import draw_spatial
    from dcct.report.figures.temporal import draw_temporal

    paths, run, folder = context.paths, _shown_run(context, dataset), context.paths.figures(dataset)
    outputs = [folder / name for name in ("spatial.png", "temporal.png", "temporal.svg")]
    inputs = clips_inputs(paths, dataset, run[1]) | _made(paths.attention(*run), "attend")
    origin = origin_for(
        context, "heatmaps", inputs, {"run": run, "title": context.dataset(dataset).title}
    )
    with recorded_as(
        context, "heatmaps", folder / f"heatmaps.{RECEIPT}", (dataset,), outputs, origin
    ):
        draw_spatial(paths, context.configfile, run, folder)
        draw_temporal(paths, context.configfile, run, folder)


def embed(context: Context, dataset: str) -> None:
    """Draw test tracklets in the plane, near where their features are near (t-SNE)."""
    from dcct.report.figures.embedding import draw_embedding

    paths, run, folder = context.paths, _shown_run(context, dataset), context.paths.figures(dataset)
    outputs = [folder / f"embedding.{suffix}" for suffix in ("png", "svg")]
    inputs = manifest_input(paths, dataset, run[1]) | _made(paths.features(*run), "extract")
    origin = origin_for(
        context, "embed", inputs, {"run": run, "title": context.dataset(dataset).title}
    )
    with recorded_as(context, "embed", folder / f"embed.{RECEIPT}", (dataset,), outputs, origin):
        sampler = context.profile.evaluation.samplers[0]
        draw_embedding(paths, context.configfile, run, sampler, folder)


def sheet(context: Context, dataset: str) -> None:
    """Draw the contact sheet of a data set."""
    from dcct.report.figures.sheet import draw_sheet

    config, paths = context.dataset(dataset), context.paths
    split, path = splits_of(config, context.profile)[0], paths.figures(dataset) / "sheet.png"
    origin = origin_for(
        context, "sheet", clips_inputs(paths, dataset, split), {"title": config.title}
    )
    with recorded_as(
        context, "sheet", path.with_name(f"sheet.{RECEIPT}"), (dataset,), [path], origin
    ):
        draw_sheet(paths.frames(dataset), paths.manifest(dataset, split), path, config.title)


def page(context: Context, shareable: bool) -> None:
    """Write the report page; shareable: by hand, without pictures of real people, to a file that no
    workflow makes."""
    from dcct.report.page.build import write_page

    paths, profile, file = context.paths, context.profile, context.configfile
    if shareable:
        write_page(
            profile, paths, file, paths.shareable_page, shareable=True, progress=context.progress
        )
        context.progress.say(f"{paths.shareable_page}: without pictures of real people")
        return
    inputs = dict.fromkeys(
        sorted(paths.table("cost", RECEIPT).parent.glob(f"*.{RECEIPT}")), "tabulate"
    )
    for dataset in profile.tested:
        judged = [
            *(profile.judged if dataset in profile.datasets else ()),
            *profile.crossed(dataset),
        ]
        inputs |= dict.fromkeys(_metrics_made(context, dataset, judged), f"rank {dataset}")
        inputs |= dict.fromkeys(
            sorted(paths.figures(dataset).glob(f"*.{RECEIPT}")), f"draw {dataset}"
        )
        split = splits_of(context.dataset(dataset), profile)[0]
        if (paths.manifest(dataset, split) / RECEIPT).is_file():
            inputs |= clips_inputs(paths, dataset, split)
    origin = origin_for(context, "page", inputs, {"profile": file.read_text(encoding="utf-8")})
    with recorded_as(
        context, "page", paths.page.with_name(f"page.{RECEIPT}"), ("page",), [paths.page], origin
    ):
        write_page(profile, paths, file, paths.page, shareable=False, progress=context.progress)
    context.progress.say(
        f"{paths.page}: {paths.page.stat().st_size / 1e6:.1f} MB, to open in a browser"
    )


def _shown_run(context: Context, dataset: str) -> Run:
    """The run that is pictured: first split and seed of the variant that is shown."""
    split = splits_of(context.dataset(dataset), context.profile)[0]
    return dataset, split, shown_variant(context.profile), context.profile.seeds[0]


def _made(folder: Path, verb: str) -> dict[Path, str]:
    """The receipt of an input that may be missing: the figure then says so."""
    return {folder / RECEIPT: verb} if (folder / RECEIPT).exists() else {}


def _metrics_made(context: Context, dataset: str, judged: list[str]) -> list[Path]:
    """Receipts of those metrics that exist: what was not run becomes a named gap in tables and
    figures."""
    folders = [
        context.paths.metrics(dataset, split, name, seed)
        for name in judged
        for split in splits_of(context.dataset(dataset), context.profile)
        for seed in context.profile.seeds
    ]
    return [folder / RECEIPT for folder in folders if (folder / "metrics.json").exists()]
