"""A table: which rows and data sets it has, and hence which runs it shows."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from dcct.config.label import at_epoch, variant_of
from dcct.config.metric import PUBLISHED, MetricName
from dcct.config.profile import Profile
from dcct.config.section import Line, Model

CHANCE = "chance"
"""The row that is no variant."""
BY_YEAR = "year"
ORDERS = (BY_YEAR, *PUBLISHED)
"""Of the field's methods."""
Kind = Literal[
    "variants",
    "sets",
    "features",
    "samplers",
    "pairs",
    "claims",
    "cross",
    "epochs",
    "slips",
    "thresholds",
]


def _order(name: str) -> str:
    if name not in ORDERS:
        raise ValueError(f"name one of {', '.join(ORDERS)}")
    return name


Order = Annotated[
    str, AfterValidator(_order), WithJsonSchema({"type": "string", "enum": [*ORDERS]})
]


class Table(Model):
    title: Line
    """Heading."""
    about: str
    """What the table shows, in a sentence or two."""
    compare: Kind
    """variants: one row each, at its headline feature set; sets: the same with a group of columns
    for each data set; features: one row per feature set of each variant; samplers: one row per way
    of drawing test clips; pairs: differences between two variants on the same queries; claims: the
    same for each claim of a paper, with a verdict; cross: like
    variants, on data sets other than the one trained on (the profile's cross); epochs: one
    row per kept epoch of each variant, and which of them the test set likes best; slips: the same
    features judged with mistakes of evaluators, and what becomes of the variants' order;
    thresholds: like variants, with what a threshold of distance finds."""
    rows: list[str] = []
    """Variants in order (not for pairs); `chance` is the exact expectation of a random ranking."""
    pairs: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = []
    """Pairs of variants (A, B) for A − B (compare: pairs)."""
    sets: list[str] = []
    """Data sets (compare: sets); one that the profile does not run is a named gap. All others show
    those it runs."""
    metrics: list[MetricName] = []
    """Columns of each data set (compare: sets)."""
    published: str | None = None
    """Name of a file in config/published, whose numbers stand beside ours."""
    field: Order | None = None
    """Rows of all methods of config/published that have one of the metrics on one of the sets,
    above ours (compare: sets): by year, or by this metric on the first of the sets. The last is the
    latest, or the best."""
    claims: str | None = None
    """Name of a file in config/claims (compare: claims), which says what the pairs are."""

    @model_validator(mode="after")
    def _rows_or_pairs(self):
        needed = {"pairs": "pairs", "claims": "claims"}.get(self.compare, "rows")
        if [name for name in ("rows", "pairs", "claims") if getattr(self, name)] != [needed]:
            raise ValueError(
                "give pairs for `compare: pairs`, claims for `compare: claims`, rows for anything"
                " else"
            )
        if not (self.compare == "sets") == bool(self.sets) == bool(self.metrics):
            raise ValueError("give sets and metrics for `compare: sets`, and for nothing else")
        if self.compare == "slips" and CHANCE in self.rows:
            raise ValueError("chance makes no slips: leave it out of the rows of `compare: slips`")
        if self.published and self.compare not in ("variants", "sets"):
            raise ValueError("published numbers stand in tables that compare variants or sets")
        if self.field and self.compare != "sets":
            raise ValueError("rows of the field stand in tables that compare sets")
        return self

    @property
    def variants(self) -> list[str]:
        """Every variant that the table names, once."""
        names = [*self.rows, *(name for pair in self.pairs for name in pair)]
        return [name for name in dict.fromkeys(names) if name != CHANCE]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a table shows of one data set."""

    dataset: str
    """Evaluated on it."""
    trained_on: str
    """Trained on it: the same one, or another for `compare: cross`."""
    rows: list[str]
    """Of the table."""
    runs: list[str]
    """What the profile evaluates there and the table names, as labels."""


def shown(table: Table, profile: Profile, trained: list[str]) -> list[Shown]:
    """A table's data sets in order; of a data set that the profile does not run, no runs. trained:
    of what is evaluated, what has kept epochs."""
    named = [name for name in profile.evaluated if name in table.variants]
    if table.compare == "cross":
        return [
            Shown(
                dataset=one.test,
                trained_on=one.train,
                rows=[name for name in table.rows if name == CHANCE or name in one.variants],
                runs=[f"{name}@{one.train}" for name in named if name in one.variants],
            )
            for one in profile.cross
        ]
    if table.compare in ("epochs", "slips"):
        later = [name for name in named if name in trained]
        kept = [at_epoch(name, epoch) for name in later for epoch in profile.kept]
        order = named.index
        named = sorted([*kept, *named], key=lambda label: order(variant_of(label)))
    return [
        Shown(
            dataset=name,
            trained_on=name,
            rows=table.rows,
            runs=named if name in profile.datasets else [],
        )
        for name in table.sets or profile.datasets
    ]
