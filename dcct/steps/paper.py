"""Arrows of the paper: cost and result tables, figures, pictures."""

from pathlib import Path

from dcct.config.load import load_dataset, load_published, load_table, load_variant, splits_of, variant_names
from dcct.config.table import shown
from dcct.errors import ConfigError
from dcct.plan import FIGURES, TABLE, shown_variant
from dcct.receipt import RECEIPT
from dcct.steps.context import Context, clips_inputs, origin_for, recorded_as


def cost(context: Context) -> None:
    """Write the cost table: parameters, operations and latency of every variant, at this profile's size and in full."""
    from dcct.cost import cost_sections
    from dcct.report.cost import Section, write_cost

    profile, paths = context.profile, context.paths
    variants = {name: load_variant(name, context.configfile) for name in variant_names(context.configfile)}
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
    from dcct.report.tables import tabulate as make_frame
    from dcct.report.tables import write_tables

    paths, profile = context.paths, context.profile
    if table not in profile.tables:
        raise ConfigError(f"{context.configfile}: {table} is not among its tables: {', '.join(profile.tables)}")
    config = load_table(table, context.configfile)
    published = load_published(config.published, context.configfile) if config.published else None
    outputs = [paths.table(table, suffix) for suffix in TABLE]
    receipts = [path for one in shown(config, profile) for path in _metrics_made(context, one.dataset, one.runs)]
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
    from dcct.report.figures import draw as draw_figures

    context.dataset(dataset)
    folder = context.paths.figures(dataset)
    outputs = [folder / f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg")]
    inputs = dict.fromkeys(_metrics_made(context, dataset, context.profile.judged), f"rank {dataset}")
    with recorded_as(
        context, "draw", folder / f"draw.{RECEIPT}", (dataset,), outputs, origin_for(context, "draw", inputs, {})
    ):
        draw_figures(context.profile, context.paths, context.configfile, dataset, folder)


def gallery(context: Context, dataset: str) -> None:
    """Picture ten queries with their top ten."""
    from dcct.report.queries import draw_queries

    paths, variant, seed = context.paths, shown_variant(context.profile), context.profile.seeds[0]
    split = splits_of(context.dataset(dataset), context.profile)[0]
    path = paths.figures(dataset) / "queries.png"
    inputs = {
        **clips_inputs(paths, dataset, split),
        paths.metrics(dataset, split, variant, seed) / RECEIPT: (
            f"rank {dataset} {variant} --split {split} --seed {seed}"
        ),
    }
    origin = origin_for(context, "gallery", inputs, {"split": split, "variant": variant, "seed": seed})
    with recorded_as(context, "gallery", path.with_name(f"gallery.{RECEIPT}"), (dataset,), [path], origin):
        draw_queries(paths, context.configfile, dataset, split, variant, seed, path)


def sheet(context: Context, dataset: str) -> None:
    """Draw the contact sheet of a data set."""
    from dcct.report.sheet import draw_sheet

    config, paths = context.dataset(dataset), context.paths
    split, path = splits_of(config, context.profile)[0], paths.figures(dataset) / "sheet.png"
    origin = origin_for(context, "sheet", clips_inputs(paths, dataset, split), {"title": config.title})
    with recorded_as(context, "sheet", path.with_name(f"sheet.{RECEIPT}"), (dataset,), [path], origin):
        draw_sheet(paths.frames(dataset), paths.manifest(dataset, split), path, config.title)


def _metrics_made(context: Context, dataset: str, judged: list[str]) -> list[Path]:
    """Receipts of those metrics that exist: what was not run becomes a named gap in tables and figures."""
    folders = [
        context.paths.metrics(dataset, split, name, seed)
        for name in judged
        for split in splits_of(context.dataset(dataset), context.profile)
        for seed in context.profile.seeds
    ]
    return [folder / RECEIPT for folder in folders if (folder / "metrics.json").exists()]
