"""The rows of each kind of table, as dicts in percent. A run that is missing gives a row that says so."""

from collections.abc import Iterator
from dataclasses import dataclass

from dcct.config.table import Table
from dcct.config.variant import Variant
from dcct.report.estimates import Estimate, sample
from dcct.report.results import Result

CHANCE = "chance"
METRICS = ("mAP", "rank1", "rank5", "rank10", "mINP")
WITH_INTERVAL = ("mAP", "rank1")
BEGIN = "begin"
SAMPLERS = (BEGIN, "shuffled", "repeated", "dense")


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What one data set's rows are made from: variants that the table names, runs that exist, and the profile's say."""

    variants: dict[str, Variant]
    runs: dict[str, list[Result]]
    seeds: int
    sampler: str
    resamples: int

    def of(self, name: str) -> list[Result]:
        return self.runs.get(name, [])

    def status(self, done: int) -> dict:
        """A gap is named, never silently left out."""
        status = "complete" if done == self.seeds else f"{done} of {self.seeds} seeds" if done else "not run"
        return {"seeds": done, "status": status}


def rows_of(table: Table, finished: Finished) -> Iterator[dict]:
    """All rows of a table on one data set, in the table's order."""
    for pair in table.pairs:
        yield _pair_row(*pair, finished)
    for name in table.rows:
        if name == CHANCE:
            yield _chance_row(finished)
        else:
            yield from ROWS[table.compare](name, finished)


def variant_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row, at the variant's headline feature set."""
    yield _scores(name, finished, finished.sampler, finished.variants[name].headline) | _cost(finished.of(name))


def feature_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row per feature set that the variant computes."""
    headline = finished.variants[name].headline
    for feature, dimensions in _features(finished.of(name), finished.sampler) or [(headline, None)]:
        scores = _scores(name, finished, finished.sampler, feature)
        yield scores | {"dimensions": dimensions, "headline": feature == headline}


def sampler_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row per feature set and sampler, with the paired difference to clips of consecutive frames (begin)."""
    runs, headline = finished.of(name), finished.variants[name].headline
    present = {(row["sampler"], row["feature"]) for run in runs[:1] for row in run.metrics["rows"]}
    if not present:
        yield _scores(name, finished, "", headline)
    for feature in dict.fromkeys(["base", "temporal", headline]):
        for sampler in SAMPLERS:
            if (sampler, feature) in present:
                row = _scores(name, finished, sampler, feature)
                if sampler != BEGIN and (BEGIN, feature) in present:
                    difference = sample(runs, "mAP", sampler, feature) - sample(runs, "mAP", BEGIN, feature)
                    row |= _with_interval("mAP_minus_begin", difference.estimate(finished.resamples))
                yield row


ROWS = {"variants": variant_rows, "features": feature_rows, "samplers": sampler_rows}


def _pair_row(first: str, second: str, finished: Finished) -> dict:
    """A − B over the seeds that both have, each at its headline feature set."""
    common = {run.seed for run in finished.of(first)} & {run.seed for run in finished.of(second)}
    sides = {"a": first, "b": second}
    row = {}
    for side, name in sides.items():
        variant = finished.variants[name]
        row |= {side: name, f"{side}_title": variant.title, f"{side}_feature": variant.headline}
    row |= {"sampler": finished.sampler, **finished.status(len(common))}
    for metric in WITH_INTERVAL if common else ():
        a, b = (
            sample(
                [run for run in finished.of(name) if run.seed in common],
                metric,
                finished.sampler,
                finished.variants[name].headline,
            )
            for name in sides.values()
        )
        difference = (a - b).estimate(finished.resamples)
        row |= {**_with_interval(f"{metric}_difference", difference), "queries": len(a.pids)}
        if len(common) > 1:
            row |= {f"{metric}_difference_per_seed": " ".join(f"{value:.4f}" for value in difference.seeds)}
    return row


def _scores(name: str, finished: Finished, sampler: str, feature: str) -> dict:
    runs = finished.of(name)
    row = {
        "variant": name,
        "title": finished.variants[name].title,
        "feature": feature,
        "sampler": sampler,
        **finished.status(len(runs)),
    }
    for metric in METRICS if runs else ():
        values = sample(runs, metric, sampler, feature)
        estimate = values.estimate(finished.resamples)
        row |= _with_interval(metric, estimate) if metric in WITH_INTERVAL else {metric: estimate.mean}
        row |= {"queries": len(values.pids)}
    return row


def _with_interval(name: str, estimate: Estimate) -> dict:
    return {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high, f"{name}_sd": estimate.sd}


def _chance_row(finished: Finished) -> dict:
    """Chance depends on queries and gallery alone, so any run of the data set knows it."""
    row = {"variant": CHANCE, "title": "Chance (exact)", "sampler": finished.sampler}
    run = next((runs[0] for runs in finished.runs.values() if runs), None)
    if run is None:
        return row | {"status": "not run"}
    scores = {metric: 100 * run.headline["chance"][metric] for metric in METRICS}
    return row | {"status": "complete", "queries": run.headline["queries"], **scores}


def _features(runs: list[Result], sampler: str) -> list[tuple[str, int]]:
    rows = runs[0].metrics["rows"] if runs else []
    return [(row["feature"], row["dimensions"]) for row in rows if row["sampler"] == sampler]


def _cost(runs: list[Result]) -> dict:
    """Parameters, and whole seconds of training and extraction, mean over seeds."""
    seconds = [run.seconds for run in runs if run.seconds is not None]
    return {
        "parameters": runs[0].parameters if runs else None,
        "seconds": round(sum(seconds) / len(seconds)) if seconds else None,
    }
