"""Where an artefact comes from: the steps behind it, back to the data, read out of receipts and run
records."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dcct.config.label import variant_of
from dcct.errors import DataError
from dcct.evaluation.slips import BEST_EPOCH, RIGHT
from dcct.pipeline.step import REFERENCE
from dcct.pipeline.steps import made_by
from dcct.provenance.documents import read_report
from dcct.provenance.folder import NOT_HASHED, Receipts, results_folder, states, unique
from dcct.provenance.receipt import ORIGIN
from dcct.runtime.progress import Progress

SLIPS = "@slips"
"""In the place of a label: no label begins so."""
VERIFICATION = ("verification", "files", "frames", "digest", "pin")
"""What a verification's report says of the data as a whole."""


@dataclass(frozen=True, kw_only=True)
class MadeFile:
    """A file that a step made."""

    path: str
    """Where it lies."""
    sha256: str
    """That it had."""
    state: str
    """What it is now: as recorded, changed, missing, or not hashed."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One step of a chain, known by its receipt."""

    verb: str
    """That was run."""
    receipt: str
    """Its path."""
    outputs: list[MadeFile]
    """What it made."""
    made_from: list[str]
    """Receipts of the steps whose outputs it read."""
    stale: list[str]
    """Inputs that are no longer what it read."""
    given: dict[str, str]
    """The user's own files that it read → SHA-256."""
    settings: str
    """Digest of the configuration that decides its numbers."""
    code: str
    """Digest of the code that does."""
    run: dict | None
    """When, how and with what it ran; None where its run record is gone."""
    data: dict | None
    """Of a verification, what it found."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Everything behind an artefact."""

    artefact: str
    """Its path."""
    steps: list[Link]
    """The first made the artefact; each stands once, before those that it was made from; data come
    last."""

    def as_dict(self) -> dict:
        return asdict(self)


def explain(
    artefact: Path,
    runs: Collection[str] | None = None,
    *,
    hashed: bool = True,
    progress: Progress = Progress(),  # noqa: B008 - silent, without state
) -> Chain:
    """The chain from an artefact (a file that a receipt names, a folder with a receipt, a receipt)
    back to the data.

    runs: of what the artefact was made from, go through these receipts alone (see `behind`).
    hashed: read every file and say whether it is what its receipt says. Raises DataError where no
    receipt names the artefact.
    """
    receipts = Receipts(results_folder(artefact))
    if artefact.relative_to(receipts.root).parts[0] == REFERENCE:
        raise DataError(
            f"{artefact}: is published, without what it was made from: name a file of a run of your"
            f" own, for example {receipts.root}/tables/components.csv"
        )
    first = receipts.naming(artefact)
    if first is None:
        raise DataError(
            f"{artefact}: no receipt names it: name a file or folder that a step has made, for"
            f" example {receipts.root}/tables/components.csv"
        )
    sources = {first: unique(receipts.sources(first).values())}
    if runs is not None:
        sources[first] = [receipt for receipt in sources[first] if receipt.as_posix() in runs]
    order = _order(first, receipts, sources)
    outputs = {
        file: digest for receipt in order for file, digest in receipts.outputs(receipt).items()
    }
    found = states(outputs, progress) if hashed else dict.fromkeys(outputs, NOT_HASHED)
    steps = [_step(receipts, receipt, sources[receipt], found) for receipt in order]
    return Chain(artefact=artefact.as_posix(), steps=steps)


def behind(row: Mapping[str, object], inputs: Iterable[str]) -> list[str]:
    """Receipts, among those that a table was made from, of the metrics that one row of its CSV
    averages, and of the slips that it was judged with.

    Chance follows from the queries and galleries of all metrics of its data set alike, the mean of
    a slip from all variants.
    """
    splits = {f"split{split}" for split in str(row["splits"] or "").split()}
    trained = "" if row["trained_on"] in (None, "", row["dataset"]) else f"@{row['trained_on']}"
    names = {f"{row[side]}{trained}" for side in ("variant", "a", "b") if row.get(side)}
    slipped = row.get("slip") not in (None, "", RIGHT)
    found = []
    for receipt in inputs:
        dataset, split, label = _run_in(Path(receipt))
        every = "chance" in names or (slipped and "mean" in names)
        named = label in names or (row.get("slip") == BEST_EPOCH and variant_of(label) in names)
        ours = (split in splits and slipped) if label == SLIPS else split in splits and named
        if dataset == row["dataset"] and (every or ours):
            found.append(receipt)
    return found


def _run_in(receipt: Path) -> tuple[str, str, str]:
    """Data set, split and label of metrics; of slips, which lie a folder higher, SLIPS."""
    if made_by(Path(*receipt.parts[-4:])):
        return receipt.parts[-3], receipt.parts[-2], SLIPS
    return receipt.parts[-5], receipt.parts[-4], receipt.parts[-3]


def _order(first: Path, receipts: Receipts, sources: dict[Path, list[Path]]) -> list[Path]:
    """Everything behind a receipt, each before what it was made from; `sources` is filled."""
    done: dict[Path, None] = {}
    begun: set[Path] = set()

    def visit(receipt: Path) -> None:
        if receipt in done:
            return
        if receipt in begun:
            raise DataError(
                f"{receipts.record(receipt)}: says that {receipt} was made from itself: delete it"
                f" and run `{receipts.again(receipt)}`"
            )
        begun.add(receipt)
        sources.setdefault(receipt, unique(receipts.sources(receipt).values()))
        for source in reversed(sources[receipt]):
            visit(source)
        done[receipt] = None

    visit(first)
    return list(reversed(done))


def _step(receipts: Receipts, receipt: Path, sources: list[Path], found: dict[Path, str]) -> Link:
    content, verb, run = receipts.read(receipt), receipts.verb(receipt), receipts.run(receipt)
    report = receipt.parent / "report.json"
    data = None
    if verb == "verify":
        with suppress(DataError):  # it says below that the report is gone, or another one
            said = read_report(report, f"dcct {verb}")
            data = {name: said[name] for name in VERIFICATION}
    return Link(
        verb=verb,
        receipt=receipt.as_posix(),
        outputs=[
            MadeFile(path=file.as_posix(), sha256=digest, state=found[file])
            for file, digest in receipts.outputs(receipt).items()
        ],
        made_from=[source.as_posix() for source in sources],
        stale=[file.as_posix() for file in receipts.stale(receipt)],
        given=content["given"],
        settings=content["settings"],
        code=content["code"],
        run=run and {name: value for name, value in run.items() if name not in ORIGIN},
        data=data,
    )
