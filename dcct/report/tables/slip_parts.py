"""How a table of slips is printed: a line for each slip, then the right protocol and each slip by
itself."""

from collections.abc import Iterator

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.table import Table
from dcct.evaluation.slips import RIGHT, SLIPS
from dcct.report.tables.columns import printed_columns
from dcct.report.tables.grid import Part
from dcct.report.tables.layout import grid
from dcct.report.tables.notes import notes
from dcct.report.tables.slips import MEAN

READING = (
    "A change is what the slip gives (+) or takes (−), in points: the same trainings on the same"
    " queries, with the slip minus by the right protocol, mean over the trained variants. τ"
    " (Kendall's) is 1 where their order stays, −1 where it is reversed; two variants that no"
    " longer differ lower it, too. a ↔ b: a is better by the right protocol, b with the slip."
    " Variants that lie closer together than their intervals are wide change places by chance, too."
)


def slip_parts(table: Table, frame: pd.DataFrame, dataset: Dataset) -> Iterator[Part]:
    """One data set's rows, in their order."""
    columns, lines = printed_columns(table.compare), frame["variant"] == MEAN
    shown = frame[~lines].groupby("slip", sort=False)
    if lines.any():
        yield Part(
            heading=dataset.title,
            grid=grid(columns, frame[lines]),
            notes=[READING, *_said(frame), *_lacking(frame)],
        )
    for slip, rows in shown:
        if slip == RIGHT:
            title, below = "the right protocol", notes(table, rows, dataset, None)
            kept = [column for column in columns if not column.name.endswith("_change")]
        else:
            title, below, kept = SLIPS[str(slip)].title, [SLIPS[str(slip)].says], columns
        yield Part(
            heading=f"{dataset.title}: {title}",
            grid=grid(kept, rows),
            notes=below,
            detail=bool(lines.any()),
        )


def _said(frame: pd.DataFrame) -> Iterator[str]:
    """What each slip is, and where it leaves nothing to judge or changes nothing."""
    for slip, rows in frame[frame["slip"] != RIGHT].groupby("slip", sort=False):
        known, changes = SLIPS[str(slip)], rows["mAP_change"].dropna()
        here = " Here it changes nothing." if len(changes) and (changes == 0).all() else ""
        if (rows["queries"] == 0).any():
            here = " Here it leaves no query with a match."
        yield f"{known.title}: {known.says}{here}"


def _lacking(frame: pd.DataFrame) -> Iterator[str]:
    """Slips of which nothing is known here."""
    for slip, known in SLIPS.items():
        if slip not in set(frame["slip"]):
            yield f"{known.title}: left out, since {known.lacks}."
