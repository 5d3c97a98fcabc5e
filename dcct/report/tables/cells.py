"""How a row of a table's frame is printed: the text of its cells, each from the row and a column's
name."""

from collections.abc import Callable

import pandas as pd

from dcct.config.metric import METRICS
from dcct.evaluation.verdict import UNDECIDED
from dcct.report.tables.grid import number, probability

Cell = Callable[[pd.Series, str], str]
NAMES = {name: metric.title for name, metric in METRICS.items()}
"""Metric → its name in headings."""
NOT_RUN = "not run"
"""Status of a row of which nothing was run."""
WARNED = "†"
"""Marks a row of data that did not pass verification."""
AS_PUBLISHED = "no"
"""In the column `unlike_published`: a row was made as the published numbers were."""
YOURS = "☆"
"""Ends the title of a row that no table names."""
IDENTITIES = "§"
"""Marks an interval over test identities alone."""
UNLIKE = "‡"
"""Marks a row that was not made as the published numbers were."""


def text(row: pd.Series, name: str) -> str:
    return "" if pd.isna(row[name]) else str(row[name])


def count(row: pd.Series, name: str) -> str:
    return "" if pd.isna(row[name]) else f"{row[name]:,}"


def title(row: pd.Series, name: str) -> str:
    shown = text(row, name)
    return f"{shown}{marks(row)}" if shown else ""


def marks(row: pd.Series) -> str:
    """Of data that did not pass verification, and of a row that was not made as the published
    numbers were."""
    unlike = text(row, "unlike_published") if "unlike_published" in row else ""
    found = WARNED * (text(row, "verification") == "warned")
    found += UNLIKE * (unlike not in ("", AS_PUBLISHED))
    return f" {found}" if found else ""


def feature(row: pd.Series, name: str) -> str:
    """A feature set, where several of a variant stand below each other."""
    return f"{row[name]} (headline)" if row.get("headline", False) else text(row, name)


def splits(row: pd.Series, name: str) -> str:
    """How many are averaged, where there are several."""
    several = len(text(row, name).split())
    return str(several) if several > 1 else ""


def seeds(row: pd.Series, name: str) -> str:
    """Seeds that were run: their number, or "2 of 3"; empty where there is none."""
    return unfinished(row) or ("" if row["status"] == NOT_RUN else count(row, name))


def unfinished(row: pd.Series, name: str = "status") -> str:
    return row[name].removesuffix(" seeds") if " of " in row[name] else ""


def estimate(row: pd.Series, name: str, sign: bool = False) -> str:
    """Value ± standard deviation over splits or seeds (if there are several), and below it the 95 %
    interval; that over test identities alone, marked, where there is no other."""
    if row["status"] == NOT_RUN:
        return NOT_RUN
    value, spread = number(row[name], sign), number(row[f"{name}_sd"])
    shown = f"{value} ± {spread}" if spread else value
    for end, mark in (("", ""), ("_identities", IDENTITIES)):
        low, high = (number(row[f"{name}_{side}{end}"], sign) for side in ("low", "high"))
        if low:
            return f"{shown}\n[{low}, {high}]{mark}"
    return shown


def difference(row: pd.Series, name: str) -> str:
    return estimate(row, name, sign=True)


def score(row: pd.Series, name: str) -> str:
    """A metric as above, and below it the paper's number and ours minus it, where published numbers
    apply."""
    return "\n".join([estimate(row, name), *_paper(row, name)])


def marked_score(row: pd.Series, name: str) -> str:
    """A metric with the row's marks, and what is unfinished of it, where data sets stand side by
    side."""
    ours, *interval = estimate(row, name).split("\n")
    unfinished_runs = [row["status"]] if unfinished(row) else []
    return "\n".join([f"{ours}{marks(row)}", *interval, *unfinished_runs, *_paper(row, name)])


def tau(row: pd.Series, name: str) -> str:
    """A correlation of ranks, with two decimals."""
    return "" if pd.isna(row[name]) else f"{row[name]:.2f}".replace("-", "−")


def pairs(row: pd.Series, name: str) -> str:
    """Of variants, one below the other."""
    return text(row, name).replace(", ", "\n")


def each(row: pd.Series, name: str) -> str:
    """The difference of each split, or seed."""
    return ", ".join(number(float(value), True) for value in text(row, name).split())


def verdict(row: pd.Series, name: str) -> str:
    """Or why there is none; what is undecided says how many seeds would decide it."""
    if row["status"] == NOT_RUN:
        return NOT_RUN
    if pd.isna(row[name]):
        return "none: one training cannot decide"
    if row[name] != UNDECIDED:
        return row[name]
    if pd.isna(row["seeds_to_decide"]):
        return f"{UNDECIDED}\nno number of seeds would decide it: more test identities might"
    return f"{UNDECIDED}\nabout {row['seeds_to_decide']} seeds would decide it"


def smallest(row: pd.Series, name: str) -> str:
    return f"{number(row[name])} {NAMES[row['metric']]}"


def p_value(row: pd.Series, name: str) -> str:
    return probability(row[name])


def _paper(row: pd.Series, metric: str) -> list[str]:
    if pd.isna(row.get("published")) or f"{metric}_published" not in row:
        return []
    value = number(row[f"{metric}_published"])
    ours_minus_it = number(row[f"{metric}_minus_published"], True)
    if not value:
        return ["paper: not verified"]
    return [f"paper {value} ({ours_minus_it})" if ours_minus_it else f"paper {value}"]
