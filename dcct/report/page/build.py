"""The report page: one HTML file with every table, figure, setting, query, and how each number came
to be.

It asks no network for anything. Run records (seconds, git, versions) stand in one block of their
own, `runs`, and `seconds` in tables: nothing else differs between the pages of two equal runs.
"""

import base64
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from dcct.files import write_text
from dcct.pipeline.figures import FIGURES
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.chain import explain
from dcct.report.page.findings import findings_of
from dcct.report.page.rankings import Rankings, rankings_of
from dcct.report.page.sprites import FRAMES
from dcct.report.page.tables import TableSection, table_sections
from dcct.report.tables.cost import networks_of
from dcct.report.tables.printing import TEMPLATES, environment
from dcct.runtime.progress import Progress

QUALITY = 85
"""Of figures that consist of pixels."""


def write_page(pipeline: Pipeline, path: Path, *, shareable: bool, progress: Progress) -> None:
    """Write the page of a profile's results. What was not made is named as a gap.

    shareable: without pictures of real people.
    """
    profile = pipeline.profile
    datasets = {name: pipeline.dataset(name) for name in profile.tested}
    tables = list(table_sections(pipeline))
    figures = {
        name: [
            _figure(pipeline.job("draw", name, figure), shareable)
            for figure in pipeline.figures_of(name)
        ]
        for name in profile.datasets
    }
    rankings = [
        rankings_of(pipeline, name, shareable=shareable, progress=progress) for name in datasets
    ]
    steps, runs = _steps(_receipts(tables, figures, rankings))
    templates = environment(Path(__file__).parent, TEMPLATES)
    templates.filters["json"] = as_json
    page = templates.get_template("index.html").render(
        configfile=pipeline.configfile.as_posix(),
        findings=findings_of(pipeline),
        networks=_networks(pipeline),
        profile=profile,
        datasets=datasets,
        real=[dataset for dataset in datasets.values() if dataset.walkers is None],
        shareable=shareable,
        run=_run_of(pipeline),
        tables=tables,
        figures=figures,
        rankings=rankings,
        frames=FRAMES,
        configuration={
            file.as_posix(): file.read_text(encoding="utf-8") for file in pipeline.configuration()
        },
        blocks={"steps": steps, "runs": runs, "behind": _behind(tables), **_blocks(rankings)},
    )
    write_text(path, page)


@dataclass(frozen=True, kw_only=True)
class FigureSection:
    """A figure on the page."""

    name: str
    """Of its files."""
    caption: str
    """What it shows."""
    notes: list[str]
    """Paragraphs on how it is read."""
    drawn: bool
    """It is a drawing, of lines and text."""
    turned: bool
    """It has no picture of anybody in it, so that a dark page may turn its colours round."""
    picture: str
    """As a data URI; empty where there is none."""
    gap: str
    """Why there is none."""
    receipt: str
    """Of the step that drew it; empty where it was not drawn."""


def _figure(job: Job, shareable: bool) -> FigureSection:
    name, path = job["figure"], job / FIGURES[job["figure"]].looked_at
    made = job.receipt.is_file() and path.is_file()
    real = job.pipeline.dataset(job["dataset"]).walkers is None
    withheld = shareable and real and FIGURES[name].people
    caption, *notes = job.caption.read_text(encoding="utf-8").split("\n\n")
    return FigureSection(
        name=name,
        caption=" ".join(caption.split()),
        notes=[" ".join(note.split()) for note in notes],
        drawn=path.suffix == ".svg",
        turned=not FIGURES[name].people,
        picture=_data_uri(path) if made and not withheld else "",
        gap="not shown: its people are real" if withheld else "" if made else "not made",
        receipt=job.receipt.as_posix() if made else "",
    )


def _networks(pipeline: Pipeline) -> str:
    """The backbones with their sizes, as the cost table counted them; without where it did not."""
    cost, network = pipeline.job("cost"), pipeline.profile.network
    if cost.receipt.is_file() and (cost / "csv").is_file():
        return networks_of(cost / "csv")
    return f"{network.cnn.name} and {network.vit.name}"


def _data_uri(path: Path) -> str:
    """A picture as text: drawings as they are, pixels as WebP."""
    kind, content = "svg+xml", path.read_bytes()
    if path.suffix == ".png":
        kind, file = "webp", io.BytesIO()
        Image.open(path).convert("RGB").save(file, "WEBP", quality=QUALITY)
        content = file.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def as_json(content: object) -> Markup:
    """JSON that may stand in a script element."""
    return Markup(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    )


def _receipts(
    tables: list[TableSection],
    figures: dict[str, list[FigureSection]],
    rankings: list[Rankings],
) -> list[str]:
    """Of everything on the page, each once."""
    found = [table.receipt for table in tables]
    found += [figure.receipt for of_set in figures.values() for figure in of_set]
    found += [variant["receipt"] for of_set in rankings for variant in of_set.about["variants"]]
    return [receipt for receipt in dict.fromkeys(found) if receipt]


def _steps(receipts: Iterable[str]) -> tuple[dict[str, dict], dict[str, dict]]:
    """Receipt → step, and receipt → its run record, of everything behind these receipts."""
    steps = {
        step["receipt"]: step
        for receipt in receipts
        for step in explain(Path(receipt), hashed=False).as_dict()["steps"]
    }
    runs = {receipt: run for receipt, step in steps.items() if (run := step.pop("run"))}
    return steps, runs


def _behind(tables: list[TableSection]) -> dict:
    """Receipts behind the rows of every table, each named once: their places in the list
    `receipts`."""
    place: dict[str, int] = {}
    for table in tables:
        for receipt in (one for row in table.behind for one in row):
            place.setdefault(receipt, len(place))
    rows = {
        table.name: [[place[receipt] for receipt in row] for row in table.behind]
        for table in tables
    }
    return {"receipts": list(place), "rows": rows}


def _run_of(pipeline: Pipeline) -> dict[str, int]:
    """How many of the profile's evaluations there are."""
    jobs = [
        job
        for name in pipeline.profile.tested
        for job in pipeline.runs("rank", name, [*pipeline.labels(name), *pipeline.kept(name)])
    ]
    return {"wanted": len(jobs), "done": sum(job.receipt.is_file() for job in jobs)}


def _blocks(rankings: list[Rankings]) -> dict[str, object]:
    return {f"queries-{one.name}": {"title": one.title, **one.about} for one in rankings} | {
        f"ranking-{one.name}-{label}": block
        for one in rankings
        for label, block in one.rankings.items()
    }
