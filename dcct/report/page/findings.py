"""What the page says first: the verdicts on the claims, in a sentence."""

from dataclasses import dataclass

from dcct.config.load import config_file
from dcct.evaluation.verdict import CONTRADICTED, NO_EFFECT, SUPPORTED, UNDECIDED
from dcct.pipeline.pipeline import Pipeline
from dcct.provenance.git import UNCOMMITTED, last_change
from dcct.report.tables.columns import DTYPES
from dcct.report.tables.layout import read_csv

ORDER = (SUPPORTED, CONTRADICTED, NO_EFFECT, UNDECIDED)
WORDS = {NO_EFFECT: "without an effect worth counting"}
"""Where a verdict does not follow a number."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The first lines of the page."""

    headline: str
    """In a few words."""
    text: str
    """A sentence or two."""


def findings_of(pipeline: Pipeline) -> Findings:
    """Of the first table of claims of the profile, or that there is none."""
    tables = [name for name in pipeline.profile.tables if pipeline.table(name).claims]
    path = pipeline.job("tabulate", tables[0]) / "csv" if tables else None
    about = "Results of one run of DCCT's reproduction package, in one file that asks no network."
    if path is None or not path.is_file():
        return Findings(headline="What this run found, and how", text=about)
    frame = read_csv(path, DTYPES)
    found = frame["verdict"].value_counts().to_dict()
    seeds = frame["seeds"].max()
    if not found:
        return Findings(
            headline="No verdict on the paper's claims",
            text=f"{about} One training decides none of them: run several seeds.",
        )
    counts = ", ".join(f"{found[one]} {WORDS.get(one, one)}" for one in ORDER if one in found)
    titles = " and ".join(pipeline.dataset(name).title for name in frame["dataset"].unique())
    left = int(frame["verdict"].isna().sum())
    absent = f" {left} {'was' if left == 1 else 'were'} not run." if left else ""
    return Findings(
        headline=f"The paper's claims here: {counts}",
        text=(
            f"{sum(found.values())} claims judged on {titles}, over {seeds} seeds and all test"
            f" people together.{absent} {written_in(pipeline)}"
        ),
    )


def written_in(pipeline: Pipeline) -> str:
    """Where and when the claims that a profile judges were written down, in a sentence."""
    names = [name for table in pipeline.profile.tables if (name := pipeline.table(table).claims)]
    file = config_file("claims", names[0], pipeline.configfile)
    commit = last_change(file)
    known = f" ({'' if commit == UNCOMMITTED else 'commit '}{commit})" if commit else ""
    return f"The claims stand in claims/{file.name}{known}."
