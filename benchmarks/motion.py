"""Whether the order of frames tells lookalikes apart: a probe that knows nothing but differences of
frames.

    python benchmarks/motion.py [--sets walkers-hard walkers-gait] [--tracklets 2]
    python benchmarks/motion.py --run config/evidence.yaml --variant dcct   # a finished run

Per tracklet the probe sees the clip that the begin sampler takes (T = 8), grey and without the
upper half, and keeps seven numbers: how much frames differ that lie 1 .. 7 apart, over how much any
two differ. Shuffled frames have the same differences, but at any distance: what the probe knows of
them is chance. Queries are ranked against the tracklets of their own lookalikes at other cameras by
the distance of those seven numbers, so colours and builds play no part. Nothing is trained; every
draw is seeded, and the numbers are the same on every run.

With a finished run, a variant's features are ranked as the probe is, among lookalikes at other
cameras, in order and shuffled; and beside what it has by the whole protocol stands what a network
would have that knows every look and nothing of motion: lookalikes before all others, in random
order.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from scipy.spatial.distance import cdist

from dcct.clips.sampling import begin_interval
from dcct.config.dataset import Protocol, WalkersSpec
from dcct.config.yaml_file import read_yaml
from dcct.evaluation.features import feature_sets, read_feature_table
from dcct.evaluation.metrics import Retrieval, chance, joined, retrieval_metrics
from dcct.evaluation.rules import Listed, listed, rules_of
from dcct.pipeline.steps import read_pipeline
from dcct.walkers import draw_tracklet

CONFIG = Path(__file__).parents[1] / "config" / "datasets"
LENGTH = 8


def profile_of(clip: np.ndarray) -> np.ndarray:
    """Mean difference of frames 1 .. T-1 apart, over that of all pairs: (T, H, W, 3) to (T-1,)."""
    legs = clip[:, clip.shape[1] // 2 :].mean(axis=3).reshape(len(clip), -1)
    apart = cdist(legs, legs, "cityblock") / legs.shape[1]
    lags = np.array([np.diagonal(apart, lag).mean() for lag in range(1, len(clip))])
    return lags / apart[np.triu_indices(len(clip), 1)].mean()


def probe(spec: WalkersSpec, tracklets: int, shuffled: bool) -> tuple[float, float, float]:
    """mAP in order or shuffled, its standard error over groups, and the mAP of chance."""
    generator = np.random.default_rng(0)
    found, blind = [], []
    for first in range(spec.train_ids + 1, spec.train_ids + spec.test_ids + 1, spec.share):
        rows, pids, cameras = [], [], []
        for pid in range(first, min(first + spec.share, spec.train_ids + spec.test_ids + 1)):
            for camera in range(1, spec.cameras + 1):
                for number in range(1, tracklets + 1):
                    frames = draw_tracklet(spec, pid, camera, number)
                    clip = frames[begin_interval(len(frames), LENGTH)].astype(np.float64)
                    order = generator.permutation(LENGTH) if shuffled else slice(None)
                    rows.append(profile_of(clip[order]))
                    pids.append(pid)
                    cameras.append(camera)
        group = from_other_cameras(cdist(rows, rows), np.array(pids), np.array(cameras))
        found.append(group.mAP)
        blind.append(chance(group.matches, group.candidates)["mAP"])
    error = float(np.std(found, ddof=1) / np.sqrt(len(found)))
    return 100 * float(np.mean(found)), 100 * error, 100 * float(np.mean(blind))


def from_other_cameras(distances: np.ndarray, pids: np.ndarray, cameras: np.ndarray) -> Retrieval:
    """Each tracklet looked for among those of all other cameras."""
    parts = []
    for camera in np.unique(cameras):
        here, there = cameras == camera, cameras != camera
        parts.append(
            retrieval_metrics(
                distances[np.ix_(here, there)],
                pids[here],
                pids[there],
                cameras[here],
                cameras[there],
            )
        )
    return joined(parts)


def judged(configfile: Path, name: str, variant: str) -> None:
    """A finished run's variant on a set: mAP among lookalikes, by the protocol, and by look alone;
    means over seeds."""
    pipeline = read_pipeline(configfile)
    dataset, headline = pipeline.dataset(name), pipeline.variant(variant).headline
    for sampler in ("begin", "shuffled"):
        found = []
        for job in pipeline.runs("rank", name, [variant]):
            features, manifest = job.other("extract") / "features.parquet", job.other("manifest")
            table = read_feature_table(features)
            table = table.filter(pc.equal(table["sampler"], sampler))
            test = listed(features, table["tracklet"].to_numpy(), manifest.folder)
            values = feature_sets(table)[headline]
            spec = dataset.walkers
            groups = np.where(test.pids > 0, (test.pids - spec.train_ids - 1) // spec.share, -1)
            distances = cdist(values, values, "cosine")
            among = among_lookalikes(distances, test, groups)
            found.append((among, *by_protocol(distances, test, groups, dataset.protocol)))
        among, whole, look = 100 * np.mean(found, axis=0)
        print(f"{name:16} {sampler:9} {among:16.1f} {whole:12.1f} {look:8.1f}")


def among_lookalikes(distances: np.ndarray, test: Listed, groups: np.ndarray) -> float:
    """mAP of each tracklet looked for among those of its lookalikes at other cameras."""
    parts = [
        from_other_cameras(distances[np.ix_(rows, rows)], test.pids[rows], test.camids[rows])
        for rows in (np.flatnonzero(groups == one) for one in np.unique(groups[groups >= 0]))
    ]
    return joined(parts).mAP


def by_protocol(
    distances: np.ndarray, test: Listed, groups: np.ndarray, protocol: Protocol
) -> tuple[float, float]:
    """mAP by a set's protocol, and that of lookalikes before all others in random order."""
    rules = rules_of(protocol, test)
    query, gallery = rules.queries, rules.gallery
    cameras = rules.query_cameras, rules.gallery_cameras
    found = retrieval_metrics(
        distances[np.ix_(query, gallery)], test.pids[query], test.pids[gallery], *cameras
    )
    left_out = (test.pids[query][:, None] == test.pids[gallery]) & (
        cameras[0][:, None] == cameras[1]
    )
    alike = (groups[query][:, None] == groups[gallery]) & ~left_out
    return found.mAP, chance(found.matches, alike.sum(1))["mAP"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["walkers-hard", "walkers-gait"])
    parser.add_argument("--tracklets", type=int, default=2, help="of each person at each camera")
    parser.add_argument("--run", type=Path, help="profile of a finished run")
    parser.add_argument("--variant", default="dcct", help="of that run")
    chosen = parser.parse_args()
    if chosen.run:
        print(
            f"{'set':16} {'frames':9} {'among lookalikes':>16} {'by protocol':>12} {'by look':>8}"
        )
        for name in chosen.sets:
            judged(chosen.run, name, chosen.variant)
        return
    print(f"{'set':16} {'frames':9} {'mAP among lookalikes':>22} {'chance':>7}")
    for name in chosen.sets:
        spec = WalkersSpec(**read_yaml(CONFIG / f"{name}.yaml")["walkers"])
        for shuffled in (False, True):
            score, error, blind = probe(spec, chosen.tracklets, shuffled)
            order = "shuffled" if shuffled else "in order"
            print(f"{name:16} {order:9} {score:16.1f} ± {error:3.1f} {blind:7.1f}", flush=True)


if __name__ == "__main__":
    main()
