"""The rows of each kind of table, as dicts in percent. A run that is missing gives a row that says
so."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import mean

from dcct.config.claims import Claim
from dcct.config.foreign import Foreign
from dcct.config.label import epoch_of, variant_of
from dcct.config.metric import METRICS, RATES
from dcct.config.table import CHANCE, Kind, Table
from dcct.config.variant import Variant
from dcct.evaluation.statistics import Estimate, Sample
from dcct.evaluation.verdict import seeds_to_decide
from dcct.report.tables.cells import NOT_RUN
from dcct.report.tables.columns import COLUMNS
from dcct.report.tables.layout import ENDS
from dcct.report.tables.published import Paper
from dcct.report.tables.results import Result, Tables, sample

BEST = "{epoch}: best of the {count} kept epochs on the test set (no evaluation)"
BEGIN = "begin"
SAMPLERS = (BEGIN, "shuffled", "repeated", "dense")


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What one data set's rows are made from."""

    variants: dict[str, Variant]
    """Those that the table names, and those of the runs' labels."""
    runs: dict[str, list[Result]]
    """Variant, or variant@epochN → its runs that exist."""
    epochs: int
    """Of a whole training."""
    splits: int
    """How many the profile runs."""
    seeds: int
    """How many the profile runs."""
    sampler: str
    """How the test clips of reported rows are drawn."""
    resamples: int
    """Of the bootstrap."""
    claims: dict[str, Claim] = field(default_factory=dict)
    """Those that the table judges."""
    verdicts: int = 0
    """How many the table gives, on all of its data sets."""
    paper: Paper | None = None
    """Published numbers that apply to the data set, if the table shows any."""
    slips: dict[tuple[str, str], Tables] = field(default_factory=dict)
    """(Slip, variant) → what came of it, if the table shows slips."""

    def of(self, name: str) -> list[Result]:
        return self.runs.get(name, [])

    def status(self, runs: list[Result]) -> dict:
        """A gap is named, never silently left out; data that were only warned of are marked."""
        unit = "seeds" if self.splits == 1 else "splits" if self.seeds == 1 else "runs"
        splits = sorted({run.split for run in runs})
        return {
            "seeds": len({run.seed for run in runs}),
            "splits": " ".join(str(split) for split in splits),
            "status": _status(len(runs), self.splits * self.seeds, unit),
            "verification": _verification(runs),
            **provenance(runs),
        }


def rows_of(table: Table, names: list[str], finished: Finished) -> Iterator[dict]:
    """Rows of a table on one data set, in the table's order. names: which of the table's rows (not
    for pairs)."""
    if table.compare == "claims":
        yield from map(partial(_claim_row, finished), finished.claims)
        return
    for first, second in table.pairs:
        yield _pair_row(first, second, finished)
    for name in names:
        if name == CHANCE:
            yield _chance_row(finished)
        else:
            yield from ROWS[table.compare](name, finished)


def variant_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row, at the variant's headline feature set; beside the paper's numbers where some
    apply."""
    variant, runs = finished.variants[name], finished.of(name)
    row = scores_of(name, finished, finished.sampler, variant.headline) | _cost(runs)
    ours = variant.trained and not isinstance(variant, Foreign)
    yield row | (finished.paper.beside(name, row, runs) if finished.paper and ours else {})


def threshold_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row, at the variant's headline feature set: what a threshold of distance finds."""
    yield scores_of(name, finished, finished.sampler, finished.variants[name].headline, RATES)


def feature_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row per feature set that the variant computes."""
    headline = finished.variants[name].headline
    for feature, dimensions in _features(finished.of(name), finished.sampler) or [(headline, None)]:
        scores = scores_of(name, finished, finished.sampler, feature)
        yield scores | {"dimensions": dimensions, "headline": feature == headline}


def sampler_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row per feature set and sampler, with the paired difference to clips of consecutive
    frames (begin)."""
    runs, headline = finished.of(name), finished.variants[name].headline
    present = {(row["sampler"], row["feature"]) for run in runs[:1] for row in run.metrics["rows"]}
    if not present:
        yield scores_of(name, finished, "", headline)
    for feature in dict.fromkeys(["base", "temporal", headline]):
        for sampler in SAMPLERS:
            if (sampler, feature) in present:
                row = scores_of(name, finished, sampler, feature)
                if sampler != BEGIN and (BEGIN, feature) in present:
                    altered, begin = (sample(runs, "mAP", one, feature) for one in (sampler, BEGIN))
                    difference = (altered - begin).estimate(finished.resamples)
                    row |= with_interval(f"mAP_minus_{BEGIN}", difference)
                yield row


def epoch_rows(name: str, finished: Finished) -> Iterator[dict]:
    """One row per kept epoch and one for the last, then again the one of the highest mAP, which is
    marked as no evaluation."""
    rows = []
    for label in [label for label in finished.runs if variant_of(label) == name] or [name]:
        row = scores_of(label, finished, finished.sampler, finished.variants[label].headline)
        rows.append(row | {"epoch": str(epoch_of(label) or finished.epochs)})
    yield from rows
    made = [row for row in rows if "mAP" in row]
    if len(made) > 1:
        best = max(made, key=lambda row: row["mAP"])
        yield best | {"epoch": BEST.format(epoch=best["epoch"], count=len(made))}


ROWS: dict[Kind, Callable[[str, Finished], Iterator[dict]]] = {
    "variants": variant_rows,
    "sets": variant_rows,
    "cross": variant_rows,
    "features": feature_rows,
    "samplers": sampler_rows,
    "epochs": epoch_rows,
    "thresholds": threshold_rows,
}


def _pair_row(first: str, second: str, finished: Finished) -> dict:
    """A − B over the splits and seeds that both have, each at its headline feature set."""
    row, differences = _paired(first, second, finished, compared())
    for metric, values in differences.items():
        difference = values.estimate(finished.resamples)
        row |= {
            "queries": len(values.pids),
            **with_interval(f"{metric}_difference", difference),
            f"{metric}_difference_p_single": values.p_value(),
            f"{metric}_difference_p_identities": values.p_over_identities(),
        }
        if len(difference.parts) > 1:
            each = " ".join(f"{value:.4f}" for value in difference.parts)
            row |= {f"{metric}_difference_each": each}
    return row


def _claim_row(finished: Finished, name: str) -> dict:
    """A claim's A − B, and how many seeds would decide it. The verdict needs all claims' p-values:
    see tables.tabulate."""
    claim = finished.claims[name]
    row, differences = _paired(claim.a, claim.b, finished, [claim.metric])
    row |= {"claim": name, "says": claim.says, "metric": claim.metric, "smallest": claim.smallest}
    for values in differences.values():
        effect = values.estimate(finished.resamples)
        row |= {
            "queries": len(values.pids),
            **with_interval("effect", effect),
            "effect_p_single": values.p_value(),
        }
        if effect.spread:
            row["seeds_to_decide"] = seeds_to_decide(
                effect.mean, effect.spread, claim.smallest, finished.verdicts
            )
    return row


def _paired(
    first: str, second: str, finished: Finished, metrics: list[str]
) -> tuple[dict, dict[str, Sample]]:
    """What a row says of both sides, and the paired difference of each metric; none where no split
    and seed was run of both."""
    sides = {"a": first, "b": second}
    done = [{(run.split, run.seed) for run in finished.of(name)} for name in sides.values()]
    common = done[0] & done[1]
    paired = {
        name: [run for run in finished.of(name) if (run.split, run.seed) in common]
        for name in sides.values()
    }
    row: dict = {"sampler": finished.sampler, **finished.status(paired[first])}
    row |= provenance([*paired[first], *paired[second]])
    for side, name in sides.items():
        variant = finished.variants[name]
        row |= {side: name, f"{side}_title": variant.title, f"{side}_feature": variant.headline}
    differences = {}
    for metric in metrics if common else ():
        a, b = (
            sample(paired[name], metric, finished.sampler, finished.variants[name].headline)
            for name in (first, second)
        )
        differences[metric] = a - b
    return row, differences


def compared() -> list[str]:
    """Metrics by which variants are."""
    return [name for name, metric in METRICS.items() if metric.compared]


def scores_of(
    name: str, finished: Finished, sampler: str, feature: str, metrics: Iterable[str] = METRICS
) -> dict:
    """A variant's row at one sampler and feature set."""
    runs = finished.of(name)
    row = {
        "variant": name,
        "title": finished.variants[name].title,
        "feature": feature,
        "sampler": sampler,
        **finished.status(runs),
    }
    for metric in metrics if runs else ():
        values = sample(runs, metric, sampler, feature)
        row |= {
            **with_interval(metric, values.estimate(finished.resamples)),
            "queries": len(values.pids),
        }
    return row


def with_interval(name: str, estimate: Estimate) -> dict:
    """A column's value, and those that follow it."""
    numbers = (estimate.low, estimate.high, estimate.sd, *estimate.identities)
    ends = dict(zip(ENDS, numbers, strict=True))
    return {name: estimate.mean, **{f"{name}{end}": value for end, value in ends.items()}}


def _chance_row(finished: Finished) -> dict:
    """Chance depends on queries and gallery alone, so any run of a split knows it; it is averaged
    over splits."""
    row = {"variant": CHANCE, "title": "Chance (exact)", "sampler": finished.sampler}
    splits = {run.split: run for runs in finished.runs.values() for run in runs}
    if not splits:
        return row | {"status": NOT_RUN}
    headlines = [run.headline for run in splits.values()]
    scores = {metric: 100 * mean(one["chance"][metric] for one in headlines) for metric in METRICS}
    return row | {
        "status": _status(len(splits), finished.splits, "splits"),
        "verification": _verification(list(splits.values())),
        "queries": sum(one["queries"] for one in headlines),
        **scores,
    }


def provenance(runs: list[Result]) -> dict[str, str]:
    """How a row made from these runs came to be; what they share stands once."""
    return {
        column.name: " ".join(dict.fromkeys(column.of_run(run) for run in runs))
        for column in COLUMNS
        if column.of_run
    }


def _features(runs: list[Result], sampler: str) -> list[tuple[str, int | None]]:
    rows = runs[0].metrics["rows"] if runs else []
    return [(row["feature"], row["dimensions"]) for row in rows if row["sampler"] == sampler]


def _cost(runs: list[Result]) -> dict:
    """Parameters, and whole seconds of training and extraction, mean over runs."""
    seconds = [run.seconds for run in runs if run.seconds is not None]
    return {
        "parameters": runs[0].parameters if runs else None,
        "seconds": round(sum(seconds) / len(seconds)) if seconds else None,
    }


def _status(made: int, wanted: int, unit: str) -> str:
    return "complete" if made == wanted else f"{made} of {wanted} {unit}" if made else NOT_RUN


def _verification(runs: list[Result]) -> str | None:
    """One run on data that were only warned of marks the whole row."""
    marks = {run.metrics["verification"] for run in runs}
    return "warned" if "warned" in marks else "passed" if marks else None
