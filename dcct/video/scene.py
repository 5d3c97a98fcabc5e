"""Scenes on which to try the way from a video to tracklets: drawn people before two cameras, who is
where, and what a tracker takes them for."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dcct.errors import DcctError
from dcct.files import whole_folder
from dcct.runtime.progress import Progress
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
            _write_mot(temporary / f"cam{camera}.txt", ordered)
            _write_mot(temporary / f"cam{camera}.tracker.txt", tracked(truth, camera, seed))
            pictures = draw_street(spec, camera, found, frames, seed)
            _write_video(temporary / f"cam{camera}.mp4", pictures, advance)
    progress.say(f"{folder}: {people} people, {frames:,} frames of each of {len(CAMERAS)} cameras")


def _write_mot(path: Path, boxes: Iterable[tuple[Box, float]]) -> None:
    """As MOTChallenge's text."""
    lines = [
        f"{box.frame},{box.pid},{box.x:.2f},{box.y:.2f},{box.width:.2f},{box.height:.2f},"
        f"{confidence:.2f},-1,-1,-1\n"
        for box, confidence in boxes
    ]
    path.write_text("".join(lines))


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
