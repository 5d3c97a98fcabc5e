"""From a video to people, on drawn scenes whose truth is known: is each person found at the other
camera, and do links mend what a tracker broke?

    pip install --no-deps trackeval
    python benchmarks/linking.py results/checkpoints/walkers/split0/dcct/seed0 [--scenes 5]

Each scene has twelve people before two cameras, who cross, and a tracker that shifts boxes, misses
people and breaks identities. Its boxes are cut out with the default limits, and every tracklet is
searched for and linked. Printed are

Rank-1   share of tracklets whose closest one at the other camera is the same person, as the
         truth says, beside that of the test set of the model;
IDF1     by TrackEval, of both cameras: of the tracker's own file, of what is cut out of it, and of
         the links by distances that accept 0.1, 1 and 5 % of pairs of different people.
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from dcct.config.load import SHIPPED, load_dataset
from dcct.find.findings import Findings
from dcct.find.search import Wish, searched
from dcct.find.tables import boxes_of_people
from dcct.inference.model import Model, load
from dcct.runtime.progress import Progress
from dcct.video.boxes import BOXES, read_boxes
from dcct.video.crop import Limits, crop
from dcct.video.scene import CAMERAS, write_scene
from dcct.video.tracks import read_tracks

with contextlib.redirect_stdout(io.StringIO()):  # it prints what it lacks for other benchmarks
    from trackeval.metrics import Identity

RATES = (0.001, 0.01, 0.05)
OVERLAP = 0.5
"""IoU from which on a box is a person's."""
PLACE = ["x", "y", "width", "height"]


def overlap(first: pd.DataFrame, second: pd.DataFrame) -> np.ndarray:
    """IoU (N,M) of boxes."""
    a, b = first[PLACE].to_numpy(), second[PLACE].to_numpy()
    low = np.maximum(a[:, None, :2], b[:, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[:, :2] + b[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    return shared / (np.prod(a[:, None, 2:], axis=2) + np.prod(b[:, 2:], axis=1) - shared)


def idf1(pairs: list[tuple[pd.DataFrame, pd.DataFrame]]) -> float:
    """Of truth and what was found, over cameras."""
    metric = Identity({"PRINT_CONFIG": False, "THRESHOLD": OVERLAP})
    found = {}
    for camera, (truth, boxes) in enumerate(pairs):
        sides = [
            one.assign(id=np.unique(one["id"], return_inverse=True)[1]) for one in (truth, boxes)
        ]
        frames = range(1, int(truth["frame"].max()) + 1)
        there = [[one[one["frame"] == frame] for frame in frames] for one in sides]
        data = {
            "num_gt_ids": sides[0]["id"].nunique(),
            "num_tracker_ids": sides[1]["id"].nunique(),
            "num_gt_dets": len(truth),
            "num_tracker_dets": len(boxes),
            "gt_ids": [one["id"].to_numpy() for one in there[0]],
            "tracker_ids": [one["id"].to_numpy() for one in there[1]],
            "similarity_scores": [overlap(a, b) for a, b in zip(*there, strict=True)],
        }
        found[str(camera)] = metric.eval_sequence(data)
    return float(metric.combine_sequences(found)["IDF1"])


def person_of(truth: pd.DataFrame, boxes: pd.DataFrame) -> dict[str, int]:
    """Tracklet → whom most of its boxes show."""
    found = {}
    for name, part in boxes.groupby("tracklet"):
        both = part.merge(truth, on="frame", suffixes=("", "_true"))
        one, other = both[PLACE], both[[f"{name}_true" for name in PLACE]].set_axis(PLACE, axis=1)
        near = [
            bool(overlap(one[i : i + 1], other[i : i + 1])[0, 0] >= OVERLAP)
            for i in range(len(both))
        ]
        if any(near):
            found[name] = int(both["id_true"][near].mode()[0])
    return found


def rank1(found: Findings, people: dict[str, int]) -> tuple[int, int]:
    """Right ones, and all whose person is at the other camera."""
    cameras = {(key.split("/")[0], people.get(key)) for key in found.gallery.keys}
    right = asked = 0
    for row, key in enumerate(found.query.keys):
        if sum((camera, people.get(key)) in cameras for camera in set(found.gallery.cameras)) > 1:
            asked += 1
            right += people.get(found.gallery.keys[found.matches.places[row][0]]) == people[key]
    return right, asked


def scene(model: Model, seed: int, people: int, frames: int) -> dict[str, float]:
    spec = load_dataset("walkers", SHIPPED / "config.yaml").walkers
    assert spec is not None
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_scene(work / "scene", spec, people, frames, seed, Progress())
        truth, tracker, cut, whom = [], [], [], {}
        for camera in CAMERAS:
            at = f"cam{camera}"
            crop(
                work / f"scene/{at}.mp4",
                work / f"scene/{at}.tracker.txt",
                work / "tracklets" / at,
                Limits(),
                Progress(),
            )
            truth.append(read_tracks(work / f"scene/{at}.txt").boxes)
            tracker.append(read_tracks(work / f"scene/{at}.tracker.txt").boxes)
            cut.append(read_boxes(work / "tracklets" / at / BOXES))
            whom |= {f"{at}/{one}": pid for one, pid in person_of(truth[-1], cut[-1]).items()}
        folder = work / "tracklets"

        def search(**wish) -> Findings:
            return searched(model, folder, folder, Wish(**wish), work, Progress())

        others = search(top=1, other_cameras=True)
        assert others.meaning
        right, asked = rank1(others, whom)
        found = {
            "tracklets": len(others.gallery.keys),
            "Rank-1": right / asked,
            "asked": asked,
            "tracker": idf1(list(zip(truth, tracker, strict=True))),
            "cut out": idf1(list(zip(truth, cut, strict=True))),
        }
        for rate in RATES:
            within = others.meaning.distance(rate)
            linked = [boxes for _, boxes in boxes_of_people(search(link=True, within=within))]
            found[f"linked {rate:.1%}"] = idf1(list(zip(truth, linked, strict=True)))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a model folder of a finished run")
    parser.add_argument("--scenes", type=int, default=5)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--frames", type=int, default=250)
    given = parser.parse_args()
    model = load(given.model, device="cpu")
    rows = pd.DataFrame(
        [scene(model, seed, given.people, given.frames) for seed in range(given.scenes)]
    )
    print(rows.to_string(float_format="{:.3f}".format))
    print(f"\nmean\n{rows.mean().to_string(float_format='{:.3f}'.format)}")


if __name__ == "__main__":
    main()
