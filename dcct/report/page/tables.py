"""Tables as the page shows them: the body of their HTML, and the receipts behind every row of their
CSV."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from dcct.errors import DataError
from dcct.provenance.chain import behind

BODY = re.compile(r"<main>\s*<h1>.*?</h1>(.*)</main>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A table. body: HTML, empty where the table is missing. receipt: of the step that made it.
    behind: for every row of its CSV, the receipts of the metrics that it was made from; none where
    they are all of the table's.
    """

    name: str
    title: str
    body: str = ""
    receipt: str = ""
    behind: list[list[str]] = field(default_factory=list)


def read_table(name: str, title: str, path: Path, receipt: Path, inputs: list[str]) -> Shown:
    """A table from its .html and the .csv beside it. inputs: receipts that the table was made
    from."""
    body = BODY.search(path.read_text(encoding="utf-8"))
    if body is None:
        raise DataError(
            f"{path}: not a table as this package writes it: delete it and make it again"
        )
    with open(path.with_suffix(".csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Shown(
        name=name,
        title=title,
        body=re.sub(r"(</?)h2>", r"\1h4>", body[1]),
        receipt=receipt.as_posix(),
        behind=[behind(row, inputs) for row in rows] if inputs else [],
    )
