"""What evaluators' mistakes are worth: the rows of a table of slips.

First comes a line for each slip, the mean over the trained variants and what becomes of their
order; then every variant by the right protocol, which is what the run's metrics say, and with each
slip.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dcct.config.label import epoch_of, variant_of
from dcct.errors import DataError
from dcct.evaluation.order import order_of
from dcct.evaluation.slips import BEST_EPOCH, OTHER_CLIPS, RIGHT, SLIPS, best_epoch, other_clips
from dcct.evaluation.statistics import Sample
from dcct.report.tables.results import Result, Tables, stacked
from dcct.report.tables.rows import Finished, compared, provenance, scores_of, with_interval

MEAN = "mean"
"""The row that is no variant."""
UNCHANGED, ALIKE = "none", "all alike"
"""Of the pairs that change places: no two do; no two variants differ any longer."""


def slip_rows(names: list[str], finished: Finished) -> Iterator[dict]:
    """Rows of these variants on one data set. A slip of which nothing can be known has none."""
    right = {
        name: _asked(finished.of(name), finished.sampler, finished.variants[name].headline)
        for name in names
    }
    slipped = {
        slip: {name: _slipped(slip, name, right[name], finished) for name in names}
        for slip in SLIPS
    }
    known = {
        slip: of_slip
        for slip, of_slip in slipped.items()
        if any(of_slip.values()) or not SLIPS[slip].lacks
    }
    trained = [name for name in names if finished.variants[name].trained]
    for slip, of_slip in known.items() if trained else ():
        judged = [name for name in trained if of_slip[name]]
        yield _mean_row(slip, judged, right, of_slip, finished)
    for name in names:
        headline = finished.variants[name].headline
        yield {"slip": RIGHT, **scores_of(name, finished, finished.sampler, headline)}
    for slip, of_slip in known.items():
        for name in names:
            yield _slip_row(slip, name, right[name], of_slip[name], finished)


def _asked(runs: Sequence[Result], sampler: str, feature: str) -> Tables:
    return {(run.split, run.seed): run.asked(sampler, feature) for run in runs}


def _slipped(slip: str, name: str, right: Tables, finished: Finished) -> Tables:
    """What came of a slip, of runs that are there by the right protocol, too. Raises DataError
    where other queries than theirs were judged."""
    headline = finished.variants[name].headline
    if slip == BEST_EPOCH:
        return _asked(_best_runs(name, finished), finished.sampler, headline)
    if slip == OTHER_CLIPS:
        other = other_clips(finished.sampler)
        runs = [run for run in finished.of(name) if _has(run, other, headline)]
        return _asked(runs, other, headline) if other != finished.sampler else {}
    found = finished.slips.get((slip, name), {})
    for run in finished.of(name):
        judged = found.get((run.split, run.seed))
        if judged is not None and not judged.index.equals(right[run.split, run.seed].index):
            again = run.ranking.pipeline.job("misjudge", run.ranking["dataset"], run.split)
            raise DataError(
                f"{again / 'queries.parquet'}: judges other queries than {run.folder} ranks: run"
                f" `{again.again}` again"
            )
    return {run: table for run, table in found.items() if run in right}


def _best_runs(name: str, finished: Finished) -> list[Result]:
    """Of each training, whose epochs are labels of their own, the one that the test set likes
    best; of a training without kept epochs, none."""
    epochs: dict[tuple[int, int], dict[int, Result]] = {}
    for label, runs in finished.runs.items():
        for run in runs if variant_of(label) == name else ():
            number = epoch_of(label) or finished.epochs
            epochs.setdefault((run.split, run.seed), {})[number] = run
    return [
        runs[best_epoch({epoch: run.headline["mAP"] for epoch, run in runs.items()})]
        for runs in epochs.values()
        if len(runs) > 1 and finished.epochs in runs
    ]


def _has(run: Result, sampler: str, feature: str) -> bool:
    return any(
        (row["sampler"], row["feature"]) == (sampler, feature) for row in run.metrics["rows"]
    )


def _slip_row(slip: str, name: str, right: Tables, slipped: Tables, finished: Finished) -> dict:
    """A variant with a slip: its scores, and what they are less the right ones."""
    runs = [run for run in finished.of(name) if (run.split, run.seed) in slipped]
    row: dict = {
        "slip": slip,
        "variant": name,
        "title": finished.variants[name].title,
        "feature": finished.variants[name].headline,
        "sampler": _sampler(slip, finished),
        **finished.status(runs),
    }
    if slipped:
        row["queries"] = _counted(slipped)
    for metric in compared() if row.get("queries") else ():
        scores = stacked(slipped, metric).whole()
        row |= with_interval(metric, scores.estimate(finished.resamples))
        change = _change(right, slipped, metric)
        row |= with_interval(f"{metric}_change", change.estimate(finished.resamples))
    return row


def _mean_row(
    slip: str,
    names: list[str],
    right: Mapping[str, Tables],
    slipped: Mapping[str, Tables],
    finished: Finished,
) -> dict:
    """A slip's mean change over variants, on the runs that all of them have, and their order."""
    shared = set.intersection(*(set(slipped[name]) for name in names)) if names else set()
    runs = {
        name: [run for run in finished.of(name) if (run.split, run.seed) in shared]
        for name in names
    }
    row: dict = {
        "slip": slip,
        "slip_title": SLIPS[slip].title,
        "variant": MEAN,
        "sampler": _sampler(slip, finished),
        **finished.status(next(iter(runs.values()), [])),
        **provenance([run for of_one in runs.values() for run in of_one]),
    }
    common = {name: {run: slipped[name][run] for run in sorted(shared)} for name in names}
    if shared:
        row["queries"] = _counted(common[names[0]])
    for metric in compared() if row.get("queries") else ():
        changes = [_change(right[name], common[name], metric) for name in names]
        mean = replace(changes[0], values=np.mean([one.values for one in changes], axis=0))
        row |= with_interval(f"{metric}_change", mean.estimate(finished.resamples))
        row |= _order(metric, right, common)
    return row


def _change(right: Tables, slipped: Tables, metric: str) -> Sample:
    """With the slip minus without, on the runs that were judged with it."""
    before = stacked({run: right[run] for run in slipped}, metric)
    return stacked(slipped, metric).whole() - before.whole()


def _order(metric: str, right: Mapping[str, Tables], slipped: Mapping[str, Tables]) -> dict:
    """What becomes of the variants' order by a metric; nothing where there is none."""
    if len(slipped) < 2:
        return {}
    before = {
        name: _score({run: right[name][run] for run in tables}, metric)
        for name, tables in slipped.items()
    }
    after = {name: _score(tables, metric) for name, tables in slipped.items()}
    order = order_of(before, after)
    pairs = ", ".join(f"{better} ↔ {worse}" for better, worse in order.flips)
    alike = len(set(after.values())) == 1
    return {f"{metric}_tau": order.tau, f"{metric}_flips": pairs or (ALIKE if alike else UNCHANGED)}


def _score(tables: Tables, metric: str) -> float:
    return float(np.nanmean(stacked(tables, metric).whole().values, axis=0).mean())


def _counted(tables: Tables) -> int:
    """Queries that take part in the means, of all splits."""
    splits = {split: table for (split, _), table in tables.items()}
    return sum(int((table["first_hit"] > 0).sum()) for table in splits.values())


def _sampler(slip: str, finished: Finished) -> str:
    return other_clips(finished.sampler) if slip == OTHER_CLIPS else finished.sampler
