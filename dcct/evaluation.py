"""Judging a variant: features of test tracklets + protocol → one result row per sampler and feature set. No torch."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dcct.config.dataset import Dataset
from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.datasets.manifest import read_manifest, write_parquet
from dcct.errors import DataError
from dcct.metrics import RANKS, Retrieval, chance, cosine_distances, identity_bootstrap, interval, retrieval_metrics
from dcct.streams import Stream, generator

DISTANCE = "cosine"
SHOWN = 10
"""Gallery tracklets kept per query for looking at."""


def judge(
    features: Path, manifest: Path, dataset: Dataset, profile: Profile, variant: Variant
) -> tuple[list[dict], pa.Table]:
    """Rank every sampler's every feature set under the dataset's protocol.

    Returns result rows (see `result_row`) and a table with one row per sampler, feature set and query.
    """
    table = pq.read_table(features)
    tracklets = read_manifest(manifest)
    rows, queries = [], []
    for sampler in sorted(set(table["sampler"].to_pylist())):
        chosen = table.filter(pc.equal(table["sampler"], sampler))
        for feature in chosen.column_names[2:]:
            values = chosen[feature].combine_chunks().flatten().to_numpy().reshape(len(chosen), -1)
            if not np.isfinite(values).all():
                raise DataError(f"{features}: feature set {feature} is not finite: train {variant.title} again")
            retrieval, shown = _rank(values, chosen["tracklet"].to_numpy(), tracklets, dataset)
            rows.append(
                {
                    "sampler": sampler,
                    "feature": feature,
                    "dimensions": values.shape[1],
                    **result_row(retrieval, shown["pid"], profile.evaluation.bootstrap),
                }
            )
            queries.append(_query_table(sampler, feature, retrieval, shown))
    return rows, pa.concat_tables(queries)


def result_row(retrieval: Retrieval, pids: np.ndarray, resamples: int) -> dict:
    """Metrics in 0..1 with 95 % intervals (bootstrap over identities), and what chance would give."""
    valid = retrieval.valid
    row = {"queries": int(valid.sum()), "queries_without_match": int((~valid).sum()), **retrieval.summary()}
    for name, values in (("mAP", retrieval.ap), ("rank1", (retrieval.first_hit == 1).astype(float))):
        means = identity_bootstrap(values[valid], pids[valid], resamples, generator(0, Stream.BOOTSTRAP))
        row[f"{name}_low"], row[f"{name}_high"] = interval(means)
    row["chance"] = chance(retrieval.matches, retrieval.candidates)
    return row


def parameter_count(features: Path) -> int:
    """Parameters of the network that extracted a feature file."""
    return int(pq.read_schema(features).metadata[b"dcct_parameters"])


def write_metrics(
    rows: list[dict], queries: pa.Table, header: dict, variant: Variant, profile: Profile, folder: Path
) -> dict:
    """Contents of metrics.json: header, the headline row that tables report, and all rows; queries go to parquet."""
    headline = next(
        row for row in rows if row["sampler"] == profile.evaluation.samplers[0] and row["feature"] == variant.headline
    )
    write_parquet(folder / "queries.parquet", queries)
    return {**header, "ranks": list(RANKS), "headline": headline, "rows": rows}


def _rank(values: np.ndarray, numbers: np.ndarray, tracklets: pa.Table, dataset: Dataset) -> tuple[Retrieval, dict]:
    split, pid, camid = (tracklets[name].to_numpy(zero_copy_only=False)[numbers] for name in ("split", "pid", "camid"))
    query = split == "query"
    gallery = np.ones_like(query) if dataset.protocol.gallery_includes_queries else ~query
    distances = cosine_distances(values[query], values[gallery])
    gallery_camid = camid[gallery] if dataset.protocol.drop_same_camera else np.full(gallery.sum(), -1, camid.dtype)
    retrieval = retrieval_metrics(distances, pid[query], pid[gallery], camid[query], gallery_camid)
    junk = (pid[query][:, None] == pid[gallery]) & (camid[query][:, None] == gallery_camid)
    distances[junk] = np.inf
    top = np.argsort(distances, axis=1, kind="stable")[:, :SHOWN]
    return retrieval, {
        "tracklet": numbers[query],
        "pid": pid[query],
        "top": numbers[gallery][top],
        "distance": np.take_along_axis(distances, top, axis=1),
    }


def _query_table(sampler: str, feature: str, retrieval: Retrieval, shown: dict) -> pa.Table:
    count = len(shown["pid"])
    return pa.table(
        {
            "sampler": [sampler] * count,
            "feature": [feature] * count,
            "tracklet": shown["tracklet"],
            "pid": shown["pid"],
            "ap": retrieval.ap,
            "inp": retrieval.inp,
            "first_hit": retrieval.first_hit,
            "matches": retrieval.matches,
            "candidates": retrieval.candidates,
            "top": shown["top"].tolist(),
            "distance": np.round(shown["distance"], 6).tolist(),
        }
    )
