"""Our ranking against the field's, at MARS' size, interleaved in one run.

    python benchmarks/evaluation.py [--parts metrics features memory] [--rounds 3]

metrics   CMC, mAP and mINP from a matrix of distances (1,980 × 11,310) as a trained and an
untrained network give it,
          on every tenth query, against a plain re-creation of the official program's evaluation
          (sort a query's row,
          then walk down Python lists), and against torchreid's and fast-reid's compiled evaluators
          where they are
          installed (below)
features  from features of 6,656 numbers to all four feature sets' metrics and top ten, against the
matrix product alone memory    growth of peak memory at 20,000 × 113,100, and time against a tenth
of the queries and of the gallery reranking all four sets re-ranked at MARS' size: peak memory of
the whole process, and time Each line: medians over rounds, then ratios within a round: median (min
to max).

The compiled evaluators are no dependencies: `pip install cython`, then in a checkout of
KaiyangZhou/deep-person-reid `python setup.py build_ext --inplace`, and in one of JDAI-CV/fast-reid
`make all` in fastreid/evaluation/rank_cylib; put both checkouts on PYTHONPATH.
"""

import argparse
import importlib
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from dcct import rank_features, retrieval_metrics
from dcct.config.profile import Reranking

QUERIES, GALLERY, IDENTITIES, DISTRACTORS, CAMERAS = 1980, 11310, 626, 3248, 6
SIZES = {"base": 2816, "spatial": 2816, "temporal": 1024}
LARGE, LARGE_CHANNELS = (20_000, 113_100), 64
COMPILED = {
    "torchreid": "torchreid.metrics.rank_cylib.rank_cy",
    "fast-reid": "fastreid.evaluation.rank_cylib.rank_cy",
}
APART = {"as trained": 4.7, "untrained": 0.0}
"""Standard deviations by which matches are closer: as far as a trained network, or none, puts
them."""
SPREAD = 1.9
"""How far apart identities are, against 1 of noise: divided by the fourth root of the channels."""
PARTS = ("metrics", "features", "memory", "reranking")


def labels(queries: int, gallery: int) -> tuple[np.ndarray, ...]:
    """Identities and cameras of a MARS-like test set: a share of the gallery are distractors
    (identity 0), and a larger gallery has more identities, not more tracklets of each."""
    draw, identities = np.random.default_rng(0), IDENTITIES * gallery // GALLERY
    pids = draw.integers(1, identities + 1, queries), draw.integers(1, identities + 1, gallery)
    pids[1][draw.permutation(gallery)[: gallery * DISTRACTORS // GALLERY]] = 0
    return *pids, draw.integers(CAMERAS, size=queries), draw.integers(CAMERAS, size=gallery)


def drawn_distances(known: tuple[np.ndarray, ...], apart: float) -> np.ndarray:
    """Distances (Q,G) of normal noise, matches closer by `apart` standard deviations."""
    noise = np.random.default_rng(1).standard_normal((len(known[0]), len(known[1])), np.float32)
    noise[known[0][:, None] == known[1]] -= apart
    return noise


def plain_metrics(distances, q_pids, g_pids, q_cams, g_cams) -> float:
    """mAP as the official program finds it: query by query, down the sorted gallery, in Python
    lists."""
    aps, cmc = [], np.zeros(len(g_pids))
    for q, row in enumerate(distances):
        same, camera = np.argwhere(g_pids == q_pids[q]), np.argwhere(g_cams == q_cams[q])
        good = np.setdiff1d(same, camera).tolist()
        junk = np.intersect1d(same, camera).tolist()
        if not good:
            continue
        rank, hits, precision = 0, 0, 0.0
        for index in np.argsort(row).tolist():
            if index in junk:
                continue
            rank += 1
            if index in good:
                hits += 1
                precision += hits / rank
                if hits == 1:
                    cmc[rank - 1 :] += 1
        aps.append(precision / hits)
    return float(np.mean(aps))


def compare(name: str, ways: dict[str, Callable[[], float]], rounds: int) -> None:
    """Call the ways in turn; print one line: medians, and each other way's time over the first's
    within a round."""
    seconds, results = {way: [] for way in ways}, [call() for call in ways.values()]
    assert all(abs(result - results[0]) < 1e-6 for result in results), (name, results)
    for turn in range(rounds):
        for way in list(ways)[:: -1 if turn % 2 else 1]:
            started = time.perf_counter()
            ways[way]()
            seconds[way].append(time.perf_counter() - started)
    first, *others = ways
    shown = ", ".join(f"{way} {statistics.median(times):.3f} s" for way, times in seconds.items())
    for way in others:
        ratios = [slow / fast for fast, slow in zip(seconds[first], seconds[way], strict=True)]
        shown += (
            f"; {way} / {first} {statistics.median(ratios):.2f} ({min(ratios):.2f} to"
            f" {max(ratios):.2f})"
        )
    print(f"{name}: {shown}", flush=True)


def metrics(rounds: int) -> None:
    known = labels(QUERIES, GALLERY)
    some = slice(None, None, 10)
    evaluators = compiled()
    for kind, apart in APART.items():
        distances = drawn_distances(known, apart)
        few = (distances[some], known[0][some], known[1], known[2][some], known[3])
        found = retrieval_metrics(*few)
        ways = {
            "ours": lambda few=few: retrieval_metrics(*few).mAP,
            "Python lists": partial(plain_metrics, *few),
        }
        for name, evaluate in evaluators.items():
            ways[name] = lambda evaluate=evaluate, few=few: float(np.mean(evaluate(*few, 50)[1]))
        compare(f"metrics, {kind} (mAP {100 * found.mAP:.0f}), every tenth query", ways, rounds)
        started = time.perf_counter()
        retrieval_metrics(distances, *known)
        print(
            f"metrics, {kind}, all {QUERIES:,} queries: {time.perf_counter() - started:.3f} s",
            flush=True,
        )


def compiled() -> dict[str, Callable]:
    found = {}
    for name, module in COMPILED.items():
        try:
            found[name] = importlib.import_module(module).evaluate_cy
        except ImportError:
            print(f"metrics: {name} is not installed")
    return found


def drawn(pids: np.ndarray, sizes: dict[str, int], seed: int) -> dict[str, np.ndarray]:
    """Features of noise around a centre for every identity, as far apart as a trained network puts
    them."""
    draw, centre = np.random.default_rng(seed), np.random.default_rng(2)
    found = {}
    for name, channels in sizes.items():
        centres = (
            centre.standard_normal((pids.max() + 1, channels), np.float32)
            * SPREAD
            * channels**-0.25
        )
        found[name] = draw.standard_normal((len(pids), channels), np.float32)
        found[name] += np.where(pids[:, None] > 0, centres[pids], 0)
    return found


def features(rounds: int) -> None:
    known = labels(QUERIES, GALLERY)
    query, gallery = drawn(known[0], SIZES, 0), drawn(known[1], SIZES, 1)
    whole = [np.concatenate(list(side.values()), axis=1) for side in (query, gallery)]

    def product() -> float:
        (whole[0] @ whole[1].T).sum()
        return 0.0

    def ranked(sets: tuple[dict, dict], sums: dict) -> float:
        rank_features(*sets, *known, sums=sums)
        return 0.0

    ways = {
        "product": product,
        "one set": partial(ranked, ({"all": whole[0]}, {"all": whole[1]}), {}),
        "four sets": partial(ranked, (query, gallery), {"all": list(SIZES)}),
    }
    compare("features", ways, rounds)


def memory() -> None:
    """Each size in a process of its own, whose peak memory is its own."""
    times = []
    for share in ((1, 1), (10, 1), (1, 10)):
        queries, gallery = (count // part for count, part in zip(LARGE, share, strict=True))
        megabytes, seconds = map(float, alone(f"grown({queries}, {gallery})").split())
        times.append(seconds)
        print(
            f"memory, {queries:,} × {gallery:,}: peak grows by {megabytes:.0f} MB in"
            f" {seconds:.1f} s",
            flush=True,
        )
    for what, seconds in zip(("queries", "gallery"), times[1:], strict=True):
        print(f"memory, ten times the {what}: {times[0] / seconds:.1f} times the time")


def grown(queries: int, gallery: int) -> None:
    """Print by how many MB ranking raises the peak memory beyond its features, and its seconds."""
    sizes = dict.fromkeys(SIZES, LARGE_CHANNELS)
    known = labels(queries, gallery)
    sets = drawn(known[0], sizes, 0), drawn(known[1], sizes, 1)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, started = peak(), time.perf_counter()
    rank_features(*sets, *known, sums={"all": list(SIZES)})
    seconds = time.perf_counter() - started
    print(peak() - before, seconds)


def reranked() -> None:
    """Print the peak memory and seconds of re-ranking."""
    known = labels(QUERIES, GALLERY)
    sets, started = (drawn(known[0], SIZES, 0), drawn(known[1], SIZES, 1)), time.perf_counter()
    before = rank_features(*sets, *known, sums={"all": list(SIZES)})
    Path("/proc/self/clear_refs").write_text("5")
    after = rank_features(*sets, *known, sums={"all": list(SIZES)}, reranking=Reranking())
    seconds = time.perf_counter() - started
    change = ", ".join(
        f"{n} {100 * before[n].retrieval.mAP:.1f} → {100 * after[n].retrieval.mAP:.1f}"
        for n in after
    )
    print(f"peak {peak() / 1024:.1f} GB, {seconds:.0f} s; mAP {change}")


def alone(call: str) -> str:
    """What a function of this program prints in a process of its own."""
    code = f"import evaluation; evaluation.{call}"
    return subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def peak() -> float:
    """Most memory that this process has held, in MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if "metrics" in arguments.parts:
        metrics(arguments.rounds)
    if "features" in arguments.parts:
        features(arguments.rounds)
    if "memory" in arguments.parts:
        memory()
    if "reranking" in arguments.parts:
        print("reranking:", alone("reranked()"))


if __name__ == "__main__":
    main()
