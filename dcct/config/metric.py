"""The metrics that tables show. One more is a row here, beside what computes it; one more rank of
the CMC is the row alone. Columns, headings, schemas and keys of published numbers follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of retrieval, in percent."""

    title: str
    """In headings."""
    compared: bool = False
    """Pairs of variants are compared by it, and ways of drawing test clips."""
    printed: bool = True
    """A column of printed tables; else only of those that ask for it, and of the CSV."""
    published: bool = True
    """Papers publish it."""


METRICS = {
    "mAP": Metric(title="mAP", compared=True),
    "rank1": Metric(title="Rank-1", compared=True),
    "rank5": Metric(title="Rank-5"),
    "rank10": Metric(title="Rank-10"),
    "rank20": Metric(title="Rank-20", printed=False),
    "mINP": Metric(title="mINP", published=False),
}
"""Name in metrics.json → metric, in the order of columns."""
PUBLISHED = {name: metric for name, metric in METRICS.items() if metric.published}


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often a threshold of distance is right, where it is wrong at a fixed rate; in percent."""

    title: str
    """In headings."""
    wrong: float
    """The share that is wrong, 0..1: of false pairs (FMR), or of searches for somebody who is not
    in the gallery (FPIR)."""
    search: bool = False
    """It is a rate of searches (DIR), not of true pairs (TMR)."""


RATES = {
    "tmr1": Rate(title="TMR at FMR 1 %", wrong=0.01),
    "tmr01": Rate(title="TMR at FMR 0.1 %", wrong=0.001),
    "dir10": Rate(title="DIR at FPIR 10 %", wrong=0.1, search=True),
    "dir1": Rate(title="DIR at FPIR 1 %", wrong=0.01, search=True),
}
"""Name in queries.parquet → rate, in the order of columns (see evaluation/thresholds.py)."""


def _among(known: dict[str, Metric]) -> Callable[[str], str]:
    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"name one of {', '.join(known)}")
        return name

    return check


def _schema(known: dict[str, Metric]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": [*known]})


MetricName = Annotated[str, AfterValidator(_among(METRICS)), _schema(METRICS)]
"""Of a key or value of a configuration file."""
PublishedName = Annotated[str, AfterValidator(_among(PUBLISHED)), _schema(PUBLISHED)]
"""The same where papers publish it."""
