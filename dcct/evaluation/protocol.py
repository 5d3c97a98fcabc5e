"""Evaluating a variant: features of test tracklets + protocol → one result row per sampler and
feature set. No torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dcct.config.dataset import Protocol
from dcct.config.metric import RATES
from dcct.config.profile import Profile
from dcct.datasets.manifest import write_parquet
from dcct.errors import DataError
from dcct.evaluation.calibration import said_of_distances
from dcct.evaluation.features import feature_sets, read_feature_table
from dcct.evaluation.metrics import RANKS, Retrieval, chance, identity_bootstrap, interval
from dcct.evaluation.ranking import Ranked, rank_features
from dcct.evaluation.rules import listed, rules_of
from dcct.evaluation.thresholds import Pairs, PairWatch, rates_of
from dcct.files import write_json
from dcct.seeding import Stream, generator

DISTANCE = "cosine"
SHOWN = 10
"""Gallery tracklets kept per query for looking at."""
RERANKED = " re-ranked"
"""Ends the name of a feature set that was re-ranked."""
SCORES = ("mAP", "rank1", "mINP")
"""Metrics that a few numbers show, there in percent."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What comes of a feature file."""

    rows: list[dict]
    """One of each sampler and feature set (see `result_row`)."""
    queries: pa.Table
    """One row of each sampler, feature set and query."""
    distances: list[dict]
    """What distances mean, of each sampler and feature set that was not re-ranked (see
    `said_of_distances`)."""


def evaluate_features(
    features: Path, manifest: Path, protocol: Protocol, profile: Profile
) -> Evaluation:
    """Rank every sampler's every feature set under a data set's protocol.

    Raises DataError at features that are not finite, and where no query has a match.
    """
    table, rows, queries, distances = read_feature_table(features), [], [], []
    for sampler in sorted(set(table["sampler"].to_pylist())):
        chosen = table.filter(pc.equal(table["sampler"], sampler))
        numbers, sets = chosen["tracklet"].to_numpy(), feature_sets(chosen)
        test = listed(features, numbers, manifest)
        rules, sums = rules_of(protocol, test), sums_of(sets)
        pids, gallery = test.pids[rules.queries], numbers[rules.gallery]
        query_sets, gallery_sets = (
            {name: values[side] for name, values in sets.items() if name not in sums}
            for side in (rules.queries, rules.gallery)
        )
        for reranking in dict.fromkeys([None, profile.evaluation.reranking]):
            watch = None if reranking else PairWatch(len(pids), len(gallery))
            try:
                found = rank_features(
                    query_sets,
                    gallery_sets,
                    query_pids=pids,
                    gallery_pids=test.pids[rules.gallery],
                    query_camids=rules.query_cameras,
                    gallery_camids=rules.gallery_cameras,
                    sums=sums,
                    reranking=reranking,
                    shown=SHOWN,
                    watch=watch,
                )
            except ValueError as error:
                raise DataError(f"{features}: {error}: train and extract again") from None
            if not next(iter(found.values())).retrieval.valid.any():
                raise DataError(
                    f"{manifest}: no query has a match in the gallery: none can be evaluated: check"
                    " the data set's `protocol`"
                )
            for name in sets:
                feature = name + RERANKED if reranking else name
                rows.append(
                    {
                        "sampler": sampler,
                        "feature": feature,
                        "dimensions": sets[name].shape[1],
                        **_protocol(protocol, profile),
                        "reranking": reranking and reranking.model_dump(),
                        **result_row(found[name].retrieval, pids, profile.evaluation.bootstrap),
                    }
                )
                pairs = watch.pairs(name) if watch else None
                queries.append(
                    _query_table(
                        sampler, feature, found[name], numbers[rules.queries], pids, gallery, pairs
                    )
                )
                if pairs:
                    about = {"sampler": sampler, "feature": feature}
                    gallery_pids = test.pids[rules.gallery]
                    distances.append(about | said_of_distances(pairs, pids, gallery_pids))
    return Evaluation(rows=rows, queries=pa.concat_tables(queries), distances=distances)


def _protocol(protocol: Protocol, profile: Profile) -> dict:
    """The rules that a row was evaluated by, beside sampler, feature set and re-ranking."""
    return {
        **protocol.model_dump(mode="json"),
        "clip_length": profile.clips.length,
        "distance": DISTANCE,
    }


def sums_of(sets: Mapping[str, np.ndarray]) -> dict[str, Sequence[str]]:
    """The feature sets of a file that concatenate others in it (models/dcct.py): those that do, by
    their numbers, since others may have given these names to something else."""
    branches = [name for name in ("cnn", "vit") if name in sets]
    further = [name for name in ("spatial", "temporal") if name in sets]
    wholes: dict[str, Sequence[str]] = {"base": branches, "all": [*branches, *further]}
    return {
        whole: parts
        for whole, parts in wholes.items()
        if whole in sets and parts and _concatenates(sets[whole], [sets[name] for name in parts])
    }


def _concatenates(whole: np.ndarray, parts: Iterable[np.ndarray]) -> bool:
    """Compared part by part, without memory for the whole once more."""
    start = 0
    for part in parts:
        stop = start + part.shape[1]
        if not np.array_equal(whole[:, start:stop], part):
            return False
        start = stop
    return start == whole.shape[1]


def result_row(retrieval: Retrieval, pids: np.ndarray, resamples: int) -> dict:
    """Metrics in 0..1 with 95 % intervals (bootstrap over identities), and what chance would
    give; some query must have a match."""
    valid = retrieval.valid
    row: dict[str, float | dict[str, float]] = {
        "queries": int(valid.sum()),
        "queries_without_match": int((~valid).sum()),
        **retrieval.summary(),
    }
    for name, values in (
        ("mAP", retrieval.ap),
        ("rank1", (retrieval.first_hit == 1).astype(float)),
    ):
        means = identity_bootstrap(
            values[valid], pids[valid], resamples, generator(0, Stream.BOOTSTRAP)
        )
        row[f"{name}_low"], row[f"{name}_high"] = interval(means)
    row["chance"] = chance(retrieval.matches, retrieval.candidates)
    return row


def write_metrics(
    evaluation: Evaluation,
    header: dict,
    headline: tuple[str, str],
    folder: Path,
) -> dict:
    """Write metrics.json (the row that tables report, and all rows), queries.parquet,
    distances.json, and scores.json for those who follow a few numbers; return the headline row.

    header: what all rows share (run, provenance); every row holds it too, so that it can be quoted
    alone. headline: sampler and feature set that tables report.
    """
    rows = evaluation.rows
    best = next(row for row in rows if (row["sampler"], row["feature"]) == headline)
    write_parquet(folder / "queries.parquet", evaluation.queries)
    write_json(folder / "distances.json", {"rows": evaluation.distances})
    whole = {
        "ranks": list(RANKS),
        "headline": header | best,
        "rows": [header | row for row in rows],
    }
    write_json(folder / "metrics.json", header | whole)
    write_json(folder / "scores.json", {name: round(100 * best[name], 2) for name in SCORES})
    return best


def _query_table(
    sampler: str,
    feature: str,
    ranked: Ranked,
    numbers: np.ndarray,
    pids: np.ndarray,
    gallery: np.ndarray,
    pairs: Pairs | None,
) -> pa.Table:
    """One row per query. numbers, pids: of the queries' tracklets; gallery: tracklet numbers."""
    retrieval, unknown = ranked.retrieval, dict.fromkeys(RATES, np.full(len(pids), np.nan))
    return pa.table(
        {
            "sampler": [sampler] * len(pids),
            "feature": [feature] * len(pids),
            "tracklet": numbers,
            "pid": pids,
            "ap": retrieval.ap,
            "inp": retrieval.inp,
            "first_hit": retrieval.first_hit,
            "matches": retrieval.matches,
            "candidates": retrieval.candidates,
            **(rates_of(pairs, retrieval.first_hit) if pairs else unknown),
            "top": [gallery[top[top >= 0]].tolist() for top in ranked.top],
            "distance": [
                np.round(one[np.isfinite(one)].astype(float), 6).tolist()
                for one in ranked.distances
            ],
        }
    )
