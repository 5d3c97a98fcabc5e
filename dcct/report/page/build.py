"""The report page: one HTML file with every table, figure, setting, query, and how each number came
to be.

It asks no network for anything. Run records (seconds, git, versions) stand in one block of their
own, `runs`, and `seconds` in tables: nothing else differs between the pages of two equal runs.
"""

import base64
import io
import json
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from dcct.config.load import config_file, load_dataset, load_table, splits_of
from dcct.config.profile import Profile
from dcct.files import read_json, write_text
from dcct.pipeline.paths import Paths
from dcct.pipeline.plan import PAGES, PLOTS
from dcct.provenance.chain import explain
from dcct.provenance.receipt import RECEIPT
from dcct.report.page.gallery import Gallery, gallery
from dcct.report.page.sprites import FRAMES
from dcct.report.page.tables import Shown, read_table
from dcct.runtime.progress import Progress

TEMPLATES = Path(__file__).parent
CAPTIONS = TEMPLATES.parent / "figures/captions"
NOBODY = ("ablation", "cmc", "training", "tradeoff", "embedding")
"""Figures in which nobody is pictured: of a real data set, a shareable page shows no others."""
QUALITY = 85


def write_page(
    profile: Profile,
    paths: Paths,
    configfile: Path,
    path: Path,
    *,
    shareable: bool,
    progress: Progress,
) -> None:
    """Write the page of a profile's results. What was not made is named as a gap.

    shareable: without pictures of real people.
    """
    tables = [_table(name, paths, configfile) for name in [*profile.tables, "cost"]]
    figures = {name: _figures(name, paths, configfile, shareable) for name in profile.datasets}
    shown = [
        gallery(name, profile, paths, configfile, shareable=shareable, progress=progress)
        for name in profile.tested
    ]
    made = [table.receipt for table in tables if table.receipt]
    made += [
        figure["receipt"] for several in figures.values() for figure in several if figure["receipt"]
    ]
    made += [variant["receipt"] for one in shown for variant in one.about["variants"]]
    steps, runs = _steps(made)
    datasets = {name: load_dataset(name, configfile) for name in profile.tested}
    real = [dataset for dataset in datasets.values() if dataset.walkers is None]
    page = (
        _environment()
        .get_template("index.html")
        .render(
            configfile=configfile.as_posix(),
            profile=profile,
            datasets=datasets,
            splits={name: splits_of(dataset, profile) for name, dataset in datasets.items()},
            real=real,
            shareable=shareable,
            run=_run_of(paths, profile, configfile),
            tables=tables,
            figures=figures,
            galleries=shown,
            frames=FRAMES,
            configuration=_configuration(profile, configfile),
            blocks={"steps": steps, "runs": runs, "behind": _behind(tables), **_blocks(shown)},
        )
    )
    write_text(path, page)


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["json"] = _json
    made.globals["inline"] = lambda name: Markup((TEMPLATES / name).read_text(encoding="utf-8"))
    return made


def _json(content: object) -> Markup:
    """JSON that may stand in a script element."""
    return Markup(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    )


def _table(name: str, paths: Paths, configfile: Path) -> Shown:
    """A table's body; without it where it was not made."""
    title = "Cost" if name == "cost" else load_table(name, configfile).title
    receipt, path = paths.table(name, RECEIPT), paths.table(name, "html")
    if not (receipt.is_file() and path.is_file()):
        return Shown(name=name, title=title)
    return read_table(name, title, path, receipt, explain(receipt, hashed=False).steps[0].made_from)


def _figures(dataset: str, paths: Paths, configfile: Path, shareable: bool) -> list[dict]:
    """Every figure file of a data set, the plan's first; one that is missing has no picture."""
    folder = paths.figures(dataset)
    names = [
        *PLOTS,
        *PAGES,
        *sorted({path.stem for kind in ("svg", "png") for path in folder.glob(f"*.{kind}")}),
    ]
    makers = {
        (receipt.parent / output).as_posix(): receipt.as_posix()
        for receipt in sorted(folder.glob(f"*.{RECEIPT}"))
        for output in read_json(receipt, "draw")["outputs"]
    }
    withheld = shareable and load_dataset(dataset, configfile).walkers is None
    found = []
    for name in dict.fromkeys(names):
        path = next(
            (file for kind in ("svg", "png") if (file := folder / f"{name}.{kind}").is_file()), None
        )
        people = withheld and name not in NOBODY
        found.append(
            {
                "name": name,
                "caption": _caption(name),
                "gap": "not shown: its people are real" if people else "" if path else "not made",
                "picture": "" if people or path is None else _data_uri(path),
                "receipt": makers.get(path.as_posix(), "") if path else "",
            }
        )
    return found


def _caption(name: str) -> str:
    path = CAPTIONS / f"{name}.rst"
    return " ".join(path.read_text(encoding="utf-8").split()) if path.is_file() else ""


def _data_uri(path: Path) -> str:
    """A picture as text: drawings as they are, pixels as WebP."""
    kind, content = "svg+xml", path.read_bytes()
    if path.suffix == ".png":
        kind, file = "webp", io.BytesIO()
        Image.open(path).convert("RGB").save(file, "WEBP", quality=QUALITY)
        content = file.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _steps(receipts: Iterable[str]) -> tuple[dict[str, dict], dict[str, dict]]:
    """Receipt → step, and receipt → its run record, of everything behind these receipts."""
    steps = {
        step["receipt"]: step
        for receipt in dict.fromkeys(receipts)
        for step in explain(Path(receipt), hashed=False).as_dict()["steps"]
    }
    runs = {receipt: run for receipt, step in steps.items() if (run := step.pop("run"))}
    return steps, runs


def _behind(tables: list[Shown]) -> dict:
    """Receipts behind the rows of every table, each named once: their places in the list
    `receipts`."""
    place = {}
    for table in tables:
        for receipt in (one for row in table.behind for one in row):
            place.setdefault(receipt, len(place))
    rows = {
        table.name: [[place[receipt] for receipt in row] for row in table.behind]
        for table in tables
    }
    return {"receipts": list(place), "rows": rows}


def _run_of(paths: Paths, profile: Profile, configfile: Path) -> dict[str, int]:
    """How many of the profile's trained or judged runs have metrics."""
    folders = [
        paths.metrics(name, split, label, seed)
        for name in profile.tested
        for label in [*(profile.judged if name in profile.datasets else ()), *profile.crossed(name)]
        for split in splits_of(load_dataset(name, configfile), profile)
        for seed in profile.seeds
    ]
    return {"wanted": len(folders), "done": sum((folder / RECEIPT).is_file() for folder in folders)}


def _configuration(profile: Profile, configfile: Path) -> dict[str, str]:
    """Every file that the run was configured by → its text."""
    named = [("datasets", name) for name in profile.tested]
    named += [("variants", name) for name in profile.judged]
    tables = {name: load_table(name, configfile) for name in profile.tables}
    named += [("tables", name) for name in tables]
    named += [
        ("published", name)
        for name in sorted({one.published for one in tables.values() if one.published})
    ]
    files = [configfile, *(config_file(kind, name, configfile) for kind, name in named)]
    return {file.as_posix(): file.read_text(encoding="utf-8") for file in files}


def _blocks(shown: list[Gallery]) -> dict[str, object]:
    return {f"gallery-{one.name}": {"title": one.title, **one.about} for one in shown} | {
        f"ranking-{one.name}-{label}": block
        for one in shown
        for label, block in one.rankings.items()
    }
