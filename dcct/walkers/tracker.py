"""What a tracker makes of a scene: boxes a little off, people missed, and one person under several
numbers."""

from collections import defaultdict
from collections.abc import Iterable

from dcct.walkers.street import Box, SceneDraws, Thing

HIDDEN = 0.6
"""Share of a box behind nearer ones from which on nobody is found in it."""
MISSED = 0.04
"""Share of the others in which nobody is found either."""
PATIENCE = 5
"""Frames without the person after which a track is lost."""
BROKEN = 0.01
"""Share of frames at which a track ends and another begins, for no reason."""
OFF = 0.03
"""Deviation of a box's place and size, in its heights."""


def tracked(boxes: Iterable[Box], camera: int, seed: int) -> list[tuple[Box, float]]:
    """Boxes with the tracker's ids, from 1 in the order in which they appear, and the confidence of
    each; by frame, then id. `boxes` of a frame come furthest first."""
    found: dict[tuple[int, int], list[tuple[Box, float]]] = {}
    for pid, seen in _visible(boxes).items():
        draws = SceneDraws(seed, Thing.TRACKER, camera, pid)
        last, number = -PATIENCE - 2, 0
        for box in seen:
            missed, broken = draws.chance(MISSED), draws.chance(BROKEN)
            shifted = _shifted(draws, box)
            if missed:
                continue
            number += broken or box.frame - last > PATIENCE + 1
            last = box.frame
            found.setdefault((pid, number), []).append((shifted, round(draws.between(0.5, 1), 2)))
    tracks = sorted(found.values(), key=lambda track: (track[0][0].frame, track[0][0].pid))
    renamed = [
        (box._replace(pid=number), confidence)
        for number, track in enumerate(tracks, 1)
        for box, confidence in track
    ]
    return sorted(renamed, key=lambda one: one[0][:2])


def _visible(boxes: Iterable[Box]) -> dict[int, list[Box]]:
    """Identity → its boxes that are not behind others."""
    frames, found = defaultdict(list), defaultdict(list)
    for box in boxes:
        frames[box.frame].append(box)
    for together in frames.values():
        for place, box in enumerate(together):
            if all(_share_behind(box, nearer) < HIDDEN for nearer in together[place + 1 :]):
                found[box.pid].append(box)
    return found


def _share_behind(box: Box, nearer: Box) -> float:
    wide = min(box.x + box.width, nearer.x + nearer.width) - max(box.x, nearer.x)
    high = min(box.y + box.height, nearer.y + nearer.height) - max(box.y, nearer.y)
    return max(wide, 0) * max(high, 0) / (box.width * box.height)


def _shifted(draws: SceneDraws, box: Box) -> Box:
    x, y, width, height = (draws.bell(OFF * box.height) for _ in range(4))
    return box._replace(
        x=box.x + x, y=box.y + y, width=box.width + width / 2, height=box.height + height
    )
