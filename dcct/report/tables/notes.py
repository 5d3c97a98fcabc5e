"""The paragraphs below a table: what the data are, what was measured and how, and what it cannot
tell."""

from collections.abc import Iterable

import pandas as pd

from dcct.config.dataset import Dataset
from dcct.config.foreign import Foreign
from dcct.config.published import Published
from dcct.config.table import Table
from dcct.config.variant import Variant
from dcct.report.tables.cells import AS_PUBLISHED, IDENTITIES, NOT_RUN, UNLIKE, WARNED, YOURS
from dcct.report.tables.field import field_notes, is_published

BEST_OF_KEPT = (
    "Best of the kept epochs: the one whose mAP on these very queries is highest. The test set "
    "chose it, so that this is no evaluation: it shows how much such a choice adds."
)
OF_NO_TABLE = (
    f"{YOURS} Yours: the profile evaluates it and none of its tables names it, so that it stands "
    "here. Name it among the rows of a table to have it there."
)
P_VALUE = "_p$"
"""How columns of p-values are named."""


def notes(
    table: Table,
    frame: pd.DataFrame,
    dataset: Dataset,
    published: Published | None,
    comparisons: int = 0,
) -> list[str]:
    """Of one data set's rows. comparisons: how many the whole table tests (see `tested_in`)."""
    name = frame["dataset"].iloc[0]
    below = _published([name], frame, published) if published and name in published.sets else []
    if (frame["status"] == NOT_RUN).all():
        return [
            (
                f"Nothing was run on {dataset.title}: the profile does not name it, or its runs are"
                " not there."
            ),
            *below,
        ]
    warned = (
        f"{WARNED} {dataset.title} differs from what verification expects, and the run went on as"
        " its configuration says: see the report of its verification."
    )
    return [
        *([warned] if (frame["verification"] == "warned").any() else []),
        *_unlike(frame, dataset),
        f"{dataset.title}: {' '.join(dataset.about.split())}",
        _measured(table, frame, dataset),
        *([_tested(comparisons)] if tested_in(frame) else []),
        _certainty(frame),
        *([BEST_OF_KEPT] if table.compare == "epochs" and frame["epoch"].nunique() > 1 else []),
        *below,
    ]


def wide_notes(
    table: Table, frame: pd.DataFrame, datasets: dict[str, Dataset], published: Published | None
) -> list[str]:
    """Of several data sets side by side: each one's, and once what holds for all of them."""
    ours, found = frame[~is_published(frame)], []
    for name in table.sets:
        found += notes(table, ours[ours["dataset"] == name], datasets[name], None)
    papers = _published(table.sets, ours, published) if published else []
    return [*dict.fromkeys(found), *papers, *field_notes(frame)]


def foreign_notes(variants: Iterable[Variant]) -> list[str]:
    """What among a table's variants is not ours."""
    return [
        f"{one.title}: not ours, but {one.source}.{f' {one.about}' * bool(one.about)}"
        for one in variants
        if isinstance(one, Foreign)
    ]


def _measured(table: Table, frame: pd.DataFrame, dataset: Dataset) -> str:
    row, protocol = frame.iloc[0], dataset.protocol
    pooled = " in all splits together" if dataset.split_count > 1 else ""
    queries = f"{frame['queries'].max():,} queries{pooled} ranked"
    against = "queries and gallery together" if protocol.gallery_includes_queries else "the gallery"
    dropped = (
        ", without tracklets of the query's own identity and camera"
        if protocol.drop_same_camera
        else ""
    )
    if dataset.split_count > 1:
        half = f", first half = {protocol.first_half}" if protocol.first_half else ""
        run = max(frame["splits"].fillna(""), key=len) or "none"
        dropped += f"; splits {run} of {dataset.split_count}{half}"
    clips = "" if table.compare == "samplers" else f"; test clips: {row['sampler']}"
    return f"In percent. {queries} against {against}{dropped}; cosine distance{clips}."


def _certainty(frame: pd.DataFrame) -> str:
    splits = frame["splits"].fillna("").str.contains(" ").any()
    over = "splits" if splits else "seeds"
    means = "splits and seeds" if splits and frame["seeds"].fillna(0).max() > 1 else over
    sure = (
        f"{IDENTITIES} 95 % interval over test identities alone"
        f" ({frame['bootstrap'].iloc[0]:,} bootstrap resamples): one training cannot say how"
        " another would have come out, so that it ranks no variants."
    )
    if splits or frame["seeds"].fillna(0).max() > 1:
        sure = (
            f"Values are means over {means}; ± is the standard deviation over {over}. In brackets:"
            f" 95 % interval over {over} and test identities together (docs/statistics.md)."
        )
    return f"{sure} The numbers describe these data and this profile's settings, not the paper's."


def tested_in(frame: pd.DataFrame) -> int:
    """How many comparisons have a p."""
    return int(frame.filter(regex=P_VALUE).notna().sum().sum())


def _tested(comparisons: int) -> str:
    return (
        "p: how often A − B would be as large if A and B were equal, over trainings and test"
        f" identities together (t-test). It is corrected for the {comparisons} comparisons of the"
        " table (Holm): those ≤ 0.05 hold all together with a chance of error below 5 %."
    )


def _unlike(frame: pd.DataFrame, dataset: Dataset) -> list[str]:
    """How rows were made otherwise than the published numbers; rows that differ alike stand
    together."""
    if "unlike_published" not in frame:
        return []
    run, found = frame[frame["unlike_published"].notna()], []
    for how, alike in run.groupby("unlike_published", sort=False):
        which = [dataset.title, *(alike["title"] if len(alike) < len(run) else [])]
        if how != AS_PUBLISHED:
            found.append(
                f"{UNLIKE} {', '.join(which)}: not made as the published numbers were: {how}."
            )
    return found


def _published(sets: list[str], frame: pd.DataFrame, published: Published) -> list[str]:
    if frame["published"].isna().all():
        return [
            "None of the paper's numbers for these rows was verified, so that none stands here."
        ]
    source = (
        f"Paper: published numbers, {published.source}; in parentheses, ours minus the paper's. Of"
        " the other rows, none of the paper's numbers was verified."
    )
    return [source, *(text for name, text in published.remarks.items() if name in ("all", *sets))]
