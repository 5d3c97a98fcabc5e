"""The list of columns: what stands in a table's CSV, and how it is printed.

A column is a row here. The CSV, its types, the printed layout, what names a row, and what equal
runs must share follow from it; a metric's columns follow from its row in config/metric.py.
"""

from collections.abc import Iterator, Mapping

from dcct.config.metric import METRICS, PUBLISHED, RATES
from dcct.config.table import Kind
from dcct.report.tables import cells
from dcct.report.tables.layout import EVERY, Column, Kinds
from dcct.report.tables.results import Result

OF_VARIANTS: Kinds = ("variants", "sets", "cross")
"""Kinds in which a variant has one row."""
MEANS: Kinds = (*OF_VARIANTS, "epochs", "thresholds")
"""Kinds whose rows are means over splits and seeds."""
CLAIMS: Kinds = ("claims",)
OF_PAIRS: Kinds = ("pairs", "claims")
BESIDE_A_PAPER: Kinds = ("variants", "sets")
SLIPS: Kinds = ("slips",)
SINGLE: Kinds = (*OF_VARIANTS, "features", "samplers", "epochs")
"""Kinds in which a row is no pair's, at all metrics."""
THRESHOLDS: Kinds = ("thresholds",)
OF_ONE: Kinds = (*SINGLE, *SLIPS, *THRESHOLDS)
"""Kinds in which a row is no pair's."""
DIGITS = 12
"""Of digests."""


def _scores() -> Iterator[Column]:
    for name, metric in METRICS.items():
        yield Column(
            name=name,
            kinds=(*SINGLE, *SLIPS) if metric.compared else SINGLE,
            dtype="float",
            estimated=True,
            heading=f"{cells.NAMES[name]} [95 %]" if metric.printed else "",
            printed=EVERY if metric.compared else (*OF_VARIANTS, "features"),
            cell=cells.score,
        )


def _rates() -> Iterator[Column]:
    for name, rate in RATES.items():
        yield Column(
            name=name,
            kinds=THRESHOLDS,
            dtype="float",
            estimated=True,
            heading=f"{rate.title} [95 %]",
            cell=cells.estimate,
        )


def _differences() -> Iterator[Column]:
    for name, metric in METRICS.items():
        if metric.compared:
            yield Column(
                name=f"{name}_difference",
                kinds=("pairs",),
                dtype="float",
                estimated=True,
                heading=f"{cells.NAMES[name]}, A − B [95 %]",
                cell=cells.difference,
            )
            yield Column(
                name=f"{name}_difference_p",
                kinds=("pairs",),
                dtype="float",
                heading="p",
                cell=cells.p_value,
            )
            for which in ("single", "identities"):
                name_of = f"{name}_difference_p_{which}"
                yield Column(name=name_of, kinds=("pairs",), dtype="float")
            yield Column(
                name=f"{name}_difference_each",
                kinds=("pairs",),
                heading="each alone",
                cell=cells.each,
            )


def _claims() -> Iterator[Column]:
    """The difference that decides a claim."""
    yield Column(name="metric", kinds=CLAIMS)
    yield Column(
        name="effect",
        kinds=CLAIMS,
        dtype="float",
        estimated=True,
        heading="A − B [95 %]",
        cell=cells.difference,
    )
    yield Column(
        name="smallest", kinds=CLAIMS, dtype="float", heading="counts from", cell=cells.smallest
    )
    yield Column(name="effect_p", kinds=CLAIMS, dtype="float", heading="p", cell=cells.p_value)
    yield Column(name="effect_p_single", kinds=CLAIMS, dtype="float")
    yield Column(name="seeds_to_decide", kinds=CLAIMS, dtype="Int64")


def _changes() -> Iterator[Column]:
    """What a slip gives or takes, and what becomes of the order of variants."""
    for name, metric in METRICS.items():
        if metric.compared:
            yield Column(
                name=f"{name}_change",
                kinds=SLIPS,
                dtype="float",
                estimated=True,
                heading=f"{cells.NAMES[name]}, change [95 %]",
                cell=cells.difference,
            )
            yield Column(
                name=f"{name}_tau",
                kinds=SLIPS,
                dtype="float",
                heading=f"{cells.NAMES[name]}, τ",
                cell=cells.tau,
            )
            yield Column(
                name=f"{name}_flips",
                kinds=SLIPS,
                heading=f"{cells.NAMES[name]}, changed places",
                cell=cells.pairs,
                numeric=False,
            )


def _published() -> Iterator[Column]:
    yield Column(name="published", kinds=BESIDE_A_PAPER)
    for name in PUBLISHED:
        for end in ("_published", "_minus_published"):
            yield Column(name=f"{name}{end}", kinds=BESIDE_A_PAPER, dtype="float")
    yield Column(name="unlike_published", kinds=BESIDE_A_PAPER)


def _field() -> Iterator[Column]:
    """What is said of a method of the field."""
    for name in ("method", "paper"):
        yield Column(name=name, kinds=("sets",), key=True)
    for name in ("venue", "kind", "kind_source", "protocol"):
        yield Column(name=name, kinds=("sets",))
    yield Column(name="year", kinds=("sets",), dtype="Int64")


def _digest(name: str) -> Column:
    return Column(name=name, of_run=lambda run: run.metrics["digests"][name][:DIGITS])


def _origin(part: str, verb: str) -> Column:
    return Column(
        name=f"{part}_{verb}",
        of_run=lambda run: run.origins[part][verb][:DIGITS],
        setting=part == "settings",
    )


def _side(name: str) -> Iterator[Column]:
    yield Column(name=name, kinds=OF_PAIRS, key=True)
    yield Column(
        name=f"{name}_title",
        kinds=OF_PAIRS,
        heading=name.upper(),
        cell=cells.title,
        numeric=False,
    )
    yield Column(name=f"{name}_feature", kinds=OF_PAIRS)


def _versions(run: Result) -> str:
    return ", ".join(f"{name} {version}" for name, version in run.metrics["versions"].items())


COLUMNS = (
    Column(name="dataset", key=True),
    Column(name="slip", kinds=SLIPS, key=True),
    Column(name="slip_title", kinds=SLIPS, heading="Slip", cell=cells.title, numeric=False),
    Column(name="variant", kinds=OF_ONE, key=True),
    Column(name="title", kinds=OF_ONE, heading="Variant", cell=cells.title, numeric=False),
    Column(name="claim", kinds=CLAIMS, key=True),
    Column(name="says", kinds=CLAIMS, heading="Claim", numeric=False),
    Column(name="verdict", kinds=CLAIMS, heading="Verdict", cell=cells.verdict, numeric=False),
    *_claims(),
    Column(name="epoch", kinds=("epochs",), key=True, heading="Epoch", numeric=False),
    *_side("a"),
    *_side("b"),
    Column(
        name="feature",
        kinds=OF_ONE,
        key=True,
        heading="Features",
        cell=cells.feature,
        numeric=False,
    ),
    Column(name="headline", kinds=("features",), dtype="boolean"),
    Column(
        name="dimensions",
        kinds=("features",),
        dtype="Int64",
        heading="Dimensions",
        cell=cells.count,
    ),
    Column(name="sampler", key=True, heading="Test clips", printed=("samplers",), numeric=False),
    Column(name="splits", heading="Splits", printed=MEANS, cell=cells.splits),
    Column(name="seeds", dtype="Int64", heading="Seeds", printed=MEANS, cell=cells.seeds),
    Column(
        name="status",
        heading="Seeds",
        printed=("features", "samplers", "pairs", "claims", *SLIPS),
        cell=cells.unfinished,
    ),
    Column(name="verification"),
    *_scores(),
    *_rates(),
    Column(
        name="mAP_minus_begin",
        kinds=("samplers",),
        dtype="float",
        estimated=True,
        heading="mAP − begin [95 %]",
        cell=cells.difference,
    ),
    *_differences(),
    *_changes(),
    *_published(),
    *_field(),
    Column(name="trained_on", key=True),
    Column(name="queries", dtype="Int64"),
    Column(name="gallery_includes_queries", dtype="boolean"),
    Column(name="drop_same_camera", dtype="boolean"),
    Column(name="clip_length", dtype="Int64"),
    Column(name="clip_cap", dtype="Int64"),
    Column(name="clip_window"),
    Column(name="first_half"),
    Column(name="frames_behind_gaps"),
    Column(name="distance"),
    Column(name="bootstrap", dtype="Int64", setting=True),
    Column(name="precision", of_run=lambda run: run.metrics["precision"]),
    Column(name="device", of_run=lambda run: run.metrics["device"]),
    Column(name="versions", of_run=_versions),
    *(_digest(name) for name in ("data", "checkpoint", "features")),
    *(
        _origin(part, verb)
        for part in ("settings", "code")
        for verb in ("train", "extract", "rank")
    ),
    Column(
        name="parameters",
        kinds=OF_VARIANTS,
        dtype="Int64",
        heading="Parameters",
        cell=cells.count,
    ),
    Column(
        name="seconds",
        kinds=OF_VARIANTS,
        dtype="Int64",
        heading="Seconds",
        cell=cells.count,
        timed=True,
    ),
)
"""In the order of the CSV and of print."""
DTYPES = {name: column.dtype for column in COLUMNS for name in column.names}


def csv_names(kind: Kind) -> list[str]:
    """Columns of the CSV of a kind of table."""
    return [name for column in COLUMNS if kind in column.kinds for name in column.names]


def printed_columns(kind: Kind) -> list[Column]:
    """What is printed of a kind of table, in order."""
    return [
        column
        for column in COLUMNS
        if column.heading and kind in column.kinds and kind in column.printed
    ]


def row_name(row: Mapping[str, str]) -> str:
    """The words that name a row: of its key columns, those with a value; where it was trained only
    if elsewhere."""
    keys = [column.name for column in COLUMNS if column.key and row.get(column.name)]
    if row["trained_on"] == row["dataset"]:
        keys.remove("trained_on")
    return " ".join(row[name] for name in keys)
