"""The cost table: parameters by part, operations and latency of every variant, at two sizes. No
torch."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dcct.config.foreign import MARK
from dcct.errors import DataError
from dcct.files import write_text
from dcct.report.tables.cells import count, number, text
from dcct.report.tables.grid import Document, Part
from dcct.report.tables.layout import Column, as_csv, grid, read_csv
from dcct.report.tables.printing import write_printed

TITLE = "Cost"
ABOUT = (
    "What each variant costs: parameters by part of the network, operations per frame, and the time"
    " of one clip."
)
THIS_SIZE = "This profile"
"""The section of the networks that are trained and evaluated."""
FULL = "dcct"
"""The variant whose parameters are compared with the official program's."""
OF_PART = "parameters_"
"""Begins the names of columns that count the parameters of a part."""
UNUSED = "unused_official"
"""Not a part: what the official program carries besides."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One network size."""

    size: str
    """Its name."""
    networks: str
    """Both backbones with their sizes, in words."""
    about: str
    """Image and clip size, width of HTA, number of identities."""
    where: str
    """What the latency was measured on, or empty."""
    official: bool
    """It is the official program's size."""
    costs: list[dict]
    """One per variant (see dcct.inference.cost.Cost)."""


def write_cost(sections: list[Section], outputs: list[Path]) -> None:
    """Write the table as CSV, Markdown, LaTeX and HTML: `outputs`, the CSV first. `ms_per_clip` is
    the only column that may differ between equal runs."""
    path = outputs[0]
    frame = pd.DataFrame([_row(section, cost) for section in sections for cost in section.costs])
    parts = [name for name in map(str, frame.columns) if name.startswith(OF_PART)]
    frame[parts] = frame[parts].fillna(0).astype("int64")  # what only some variants have
    write_text(path, as_csv(frame))
    write_printed(read_cost(path), path)


def read_cost(path: Path) -> Document:
    """The table as it is printed, from its CSV."""
    frame = _read(path)
    parts = [
        Part(heading=str(size), grid=grid(_columns(rows), rows), notes=_notes(rows))
        for size, rows in frame.groupby("size", sort=False)
    ]
    return Document(title=TITLE, about=ABOUT, parts=parts)


def networks_of(path: Path) -> str:
    """The backbones that a run trains, with their sizes, from the table's CSV. Raises DataError
    where it cannot be read."""
    frame = _read(path)
    return str(frame.loc[frame["size"] == THIS_SIZE, "networks"].iloc[0])


def _read(path: Path) -> pd.DataFrame:
    frame = read_csv(path, {"measured_on": "str"})
    if not {"size", "networks"} <= set(frame) or THIS_SIZE not in set(frame["size"]):
        raise DataError(f"{path}: is not what this version writes: run `dcct cost` again")
    return frame


def _row(section: Section, cost: dict) -> dict:
    latency = cost["milliseconds"]
    return {
        "size": section.size,
        "networks": section.networks,
        "about": section.about,
        "official_size": section.official,
        "measured_on": section.where,
        "variant": cost["variant"],
        "title": cost["title"],
        "parameters": cost["parameters"],
        **{f"{OF_PART}{part}": parameters for part, parameters in cost["parts"].items()},
        f"{OF_PART}{UNUSED}": cost["unused"],
        "flops_per_frame": cost["flops"],
        "ms_per_clip": None if latency is None else round(latency, 2),
    }


def _columns(frame: pd.DataFrame) -> list[Column]:
    """What is printed of one size."""
    unit, flops = ("GFLOPs", 1e9) if frame["flops_per_frame"].max() >= 1e9 else ("MFLOPs", 1e6)
    names = [name for name in map(str, frame.columns) if name.startswith(OF_PART)]
    counted = [name.removeprefix(OF_PART) for name in names]
    return [
        Column(name="title", heading="Variant", numeric=False),
        Column(name="parameters", heading="Parameters", cell=count),
        *(
            Column(name=f"{OF_PART}{part}", heading=_part_title(part), cell=_present)
            for part in counted
            if part != UNUSED
        ),
        Column(
            name="flops_per_frame",
            heading=f"{unit} per frame",
            cell=lambda row, name: f"{row[name] / flops:.2f}",
        ),
        Column(
            name="ms_per_clip",
            heading="ms per clip",
            cell=lambda row, name: number(row[name]),
        ),
    ]


def _part_title(part: str) -> str:
    words = {"vit": "ViT", "heads": "Heads", "hints": "Hints", "method": "Method"}
    return words.get(part, part.upper())


def _present(row: pd.Series, name: str) -> str:
    return count(row, name) if row[name] else ""


def _notes(frame: pd.DataFrame) -> list[str]:
    """What a reader must know: how it was counted, and why the official program's count is
    another."""
    where = text(frame.iloc[0], "measured_on")
    latency = (
        " Latency: one pass over one clip, median of rounds in which all networks take turns, with"
        f" nothing else at work, {where}; variants that are one network at test share its number."
    )
    counted = (
        f"{frame['networks'].iloc[0]}; {frame['about'].iloc[0]} Parameters are those of training:"
        " classifiers and FD's hints are not needed at test. Operations are torch's own count at"
        f" test; a multiplication and an addition are two.{latency if where else ''}"
    )
    if frame["title"].str.endswith(MARK).any():
        counted += f" {MARK} is not ours: counted as a whole."
    found = frame[frame["variant"] == FULL]
    if not frame["official_size"].iloc[0] or found.empty:
        return [counted]
    full = found.iloc[0]
    used, unused = full["parameters"], full[f"{OF_PART}{UNUSED}"]
    return [
        counted,
        (
            f"The full network, {full['title']}, uses {used:,} parameters. The official program's"
            f" count of the same network is {used + unused:,} ({(used + unused) / 1e6:.2f} M): it"
            f" carries {unused:,} that its forward pass never uses: the ViT's 1000-way classifier;"
            " a class token and an output projection in every temporal block."
        ),
    ]
