"""Tracklets that nobody has labelled: <camera>/<tracklet>/ with a frame a file."""

from dataclasses import dataclass
from pathlib import Path

from dcct.datasets.folders import folders_in, images_in


@dataclass(frozen=True, slots=True)
class TrackletFolder:
    """Consecutive frames of somebody seen by one camera."""

    camera: str
    """Its folder's name."""
    name: str
    """The tracklet's folder's name, which other cameras may have too."""
    frames: tuple[str, ...]
    """Paths relative to the root, in the order of their numbers."""


def unlabelled(root: Path) -> list[TrackletFolder]:
    """All tracklets in <camera>/<tracklet>/*.jpg|png, in the order of the numbers in their names.

    Raises DataError, one line, where a folder holds none of what it should, or one thing twice.
    """
    return [
        TrackletFolder(camera, name, tuple(f"{camera}/{name}/{image}" for image in images))
        for camera in folders_in(root)
        for name in folders_in(root / camera)
        for images in [images_in(root / camera / name)]
    ]
