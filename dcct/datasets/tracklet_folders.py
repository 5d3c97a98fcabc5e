"""Tracklets in folders, with a frame a file: <camera>/<tracklet>/ where nobody has labelled them,
<person>/<camera>/<tracklet>/ where somebody has."""

import os
from dataclasses import dataclass
from pathlib import Path

from dcct.datasets.folders import entries_in, folders_in, images_in, is_image
from dcct.errors import DataError


@dataclass(frozen=True, slots=True)
class TrackletFolder:
    """Consecutive frames of somebody seen by one camera."""

    camera: str
    """Its folder's name."""
    name: str
    """The tracklet's folder's name, which other cameras may have too."""
    frames: tuple[str, ...]
    """Paths relative to the root, in the order of their numbers."""

    @property
    def key(self) -> str:
        """What it is called among all."""
        return f"{self.camera}/{self.name}"


def found_in(folder: str | os.PathLike) -> tuple[Path, list[TrackletFolder]]:
    """The root of <camera>/<tracklet>/*.jpg|png, and the tracklets that lie in a folder: the root,
    one camera's, or one tracklet's; in the order of the numbers in their names.

    Raises DataError, one line, where a folder holds none of what it should, or one thing twice.
    """
    path = Path(os.path.abspath(os.path.expanduser(folder)))
    _need_folder(path, "<camera>/<tracklet>/")
    if _holds_images(path):
        root, tracklets = path.parent.parent, [(path.parent.name, path.name)]
    elif _holds_images(path / folders_in(path)[0]):
        root, tracklets = path.parent, [(path.name, name) for name in folders_in(path)]
    else:
        cameras = folders_in(path)
        root, tracklets = path, [(one, name) for one in cameras for name in folders_in(path / one)]
    if not tracklets[0][0]:
        raise DataError(f"{path}: lies in no camera's folder: expected <camera>/<tracklet>/")
    return root, [_tracklet(root, camera, name) for camera, name in tracklets]


def labelled(root: Path) -> dict[str, list[TrackletFolder]]:
    """Person → tracklets in <person>/<camera>/<tracklet>/. Raises as found_in."""
    _need_folder(root, "<person>/<camera>/<tracklet>/")
    return {
        person: [
            _tracklet(root, camera, name, f"{person}/")
            for camera in folders_in(root / person)
            for name in _tracklets_of(root / person / camera)
        ]
        for person in folders_in(root)
    }


def _tracklets_of(camera: Path) -> list[str]:
    """Names of a labelled camera's tracklets. Raises DataError where people have no folders."""
    if _holds_images(camera):
        raise DataError(
            f"{camera}: holds images where tracklets' folders are expected: sort the pictures into"
            " <person>/<camera>/<tracklet>/, by who is who"
        )
    return folders_in(camera)


def _need_folder(path: Path, form: str) -> None:
    """Raises DataError at what is missing, or a file."""
    if not os.path.isdir(path):
        what = "is a file" if path.exists() else "no such folder"
        raise DataError(
            f"{path}: {what}: name a folder of pictures, {form}*.jpg or png, such as `dcct crop`"
            " cuts out of a video"
        )


def _tracklet(root: Path, camera: str, name: str, above: str = "") -> TrackletFolder:
    folder = f"{above}{camera}/{name}"
    frames = tuple(f"{folder}/{image}" for image in images_in(root / folder))
    return TrackletFolder(camera, name, frames)


def _holds_images(folder: Path) -> bool:
    """Whether a folder is a tracklet's. Raises DataError where it could be that or another."""
    entries = entries_in(folder)
    images = [entry.name for entry in entries if is_image(entry.name) and entry.is_file()]
    folders = [entry.name for entry in entries if entry.is_dir()]
    if images and folders:
        raise DataError(
            f"{folder}: holds images, such as {images[0]}, and folders, such as {folders[0]}: what"
            " is the tracklet? Move one of the two elsewhere"
        )
    return bool(images)
