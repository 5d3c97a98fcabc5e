"""The cost table: parameters by part, operations and latency of every variant, at two sizes. No
torch."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dcct.files import write_text
from dcct.report.tables.grid import Grid, Part
from dcct.report.tables.html import html
from dcct.report.tables.latex import latex
from dcct.report.tables.markdown import markdown

TITLE = "Cost"
ABOUT = (
    "What each variant costs: parameters by part of the network, operations per frame, and the time"
    " of one clip."
)
FULL = "dcct"
"""The variant whose parameters are compared with the official program's."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One network size. about: network, image and clip size, number of identities. where: what the
    latency was measured on, or empty. official: it is the official program's size. costs: one dict
    per variant (see dcct.inference.cost.Cost).
    """

    size: str
    about: str
    where: str
    official: bool
    costs: list[dict]


def write_cost(sections: list[Section], paths: list[Path]) -> None:
    """Write the table as csv, md, tex and html, in this order. `ms_per_clip` is the only column
    that may differ between equal runs."""
    parts = [
        Part(heading=section.size, grid=_grid(section), notes=_notes(section))
        for section in sections
    ]
    texts = [_csv(sections), *(printed(TITLE, ABOUT, parts) for printed in (markdown, latex, html))]
    for path, text in zip(paths, texts, strict=True):
        write_text(path, text)


def _notes(section: Section) -> list[str]:
    """What a reader must know: how it was counted, and why the official program's count is
    another."""
    latency = (
        f" Latency: fastest of several passes over one clip, {section.where}."
        if section.where
        else ""
    )
    counted = (
        f"{section.about} Parameters are those of training: classifiers and FD's hints are not"
        " needed at test. Operations are torch's own count at test; a multiplication and an"
        f" addition are two.{latency}"
    )
    if not section.official:
        return [counted]
    full = next(cost for cost in section.costs if cost["variant"] == FULL)
    used, unused = full["parameters"], full["unused"]
    return [
        counted,
        (
            f"The full network, {full['title']}, uses {used:,} parameters. The official program's"
            f" count of the same network is {used + unused:,} ({(used + unused) / 1e6:.2f} M): it"
            f" carries {unused:,} that its forward pass never uses: the ViT's 1000-way classifier;"
            " a class token and an output projection in every temporal block."
        ),
    ]


def _grid(section: Section) -> Grid:
    parts = {
        "cnn": "CNN",
        "vit": "ViT",
        "cca": "CCA",
        "hta": "HTA",
        "heads": "Heads",
        "hints": "Hints",
    }
    unit, flops = (
        ("GFLOPs", 1e9) if max(cost["flops"] for cost in section.costs) >= 1e9 else ("MFLOPs", 1e6)
    )
    timed = any(cost["milliseconds"] is not None for cost in section.costs)
    headings = [
        "Variant",
        "Parameters",
        *parts.values(),
        f"{unit} per frame",
        *(["ms per clip"] if timed else []),
    ]
    rows = [
        [
            cost["title"],
            f"{cost['parameters']:,}",
            *(f"{cost['parts'][part]:,}" if cost["parts"][part] else "" for part in parts),
            f"{cost['flops'] / flops:.2f}",
            *([f"{cost['milliseconds']:.1f}"] if timed else []),
        ]
        for cost in section.costs
    ]
    return Grid(headings=headings, numeric=[False] + [True] * (len(headings) - 1), rows=rows)


def _csv(sections: list[Section]) -> str:
    rows = [
        {
            "size": section.size,
            "variant": cost["variant"],
            "title": cost["title"],
            "parameters": cost["parameters"],
            **{f"parameters_{part}": count for part, count in cost["parts"].items()},
            "parameters_unused_official": cost["unused"],
            "flops_per_frame": cost["flops"],
            "ms_per_clip": None if cost["milliseconds"] is None else round(cost["milliseconds"], 2),
        }
        for section in sections
        for cost in section.costs
    ]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
