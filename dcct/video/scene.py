"""Scenes on which to try the way from a video to tracklets: drawn people before two cameras, who is
where, and what a tracker takes them for."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dcct.errors import DcctError
from dcct.files import whole_folder
from dcct.runtime.progress import Progress
from dcct.video.boxes import COLUMNS, write_mot
from dcct.video.reading import pyav
from dcct.walkers.street import HEIGHT, WIDTH, Box, boxes_of, draw_street, passages, people_of
from dcct.walkers.tracker import tracked

if TYPE_CHECKING:
    from dcct.config.dataset import WalkersSpec

CAMERAS = (1, 2)
RATE = 25
"""Frames a second."""
ENCODER = {"crf": "18", "threads": "1"}
"""Nearly without loss; on one thread, so that every machine writes the same frames."""
MOST_PEOPLE = 12
"""Who are drawn unless somebody says how many."""


def write_scene(
    folder: Path,
    spec: "WalkersSpec",
    people: int | None,
    frames: int,
    seed: int,
    progress: Progress,
) -> None:
    """Write camN.mp4, camN.txt (who is where) and camN.tracker.txt (what a tracker says) of two
    cameras into `folder`, which appears when it is complete.

    The people are test identities of the drawn set, the same before both cameras. Raises DcctError
    where it has fewer.
    """
    if people is None:
        people = min(MOST_PEOPLE, spec.test_ids)
    if people > spec.test_ids:
        raise DcctError(
            f"--people {people}: only {spec.test_ids} are for tests: draw at most those"
        )
    pyav()
    pids = people_of(spec, people, seed)
    advance = progress.counter(frames * len(CAMERAS), "frames")
    with whole_folder(folder) as temporary:
        for camera in CAMERAS:
            found = passages(spec, camera, pids, frames, seed)
            truth = boxes_of(found, frames)
            ordered = sorted((box, 1.0) for box in truth)
            write_mot(temporary / f"cam{camera}.txt", _table(ordered))
            found_by_a_tracker = tracked(truth, camera, seed)
            write_mot(temporary / f"cam{camera}.tracker.txt", _table(found_by_a_tracker))
            pictures = draw_street(spec, camera, found, frames, seed)
            _write_video(temporary / f"cam{camera}.mp4", pictures, advance)
    progress.say(f"{folder}: {people} people, {frames:,} frames of each of {len(CAMERAS)} cameras")


def _table(boxes: Iterable[tuple[Box, float]]) -> pd.DataFrame:
    return pd.DataFrame([(*box, confidence) for box, confidence in boxes], columns=COLUMNS)


def _write_video(
    path: Path, pictures: Iterable[np.ndarray], advance: Callable[[int], None]
) -> None:
    av = pyav()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            advance(1)
        container.mux(stream.encode())
