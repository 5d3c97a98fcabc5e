"""Where a data set comes from: drawn, or put in place by the user. Never fetched without the right to it."""

from pathlib import Path

from dcct.config.dataset import Dataset
from dcct.datasets import walkers
from dcct.errors import DataError
from dcct.progress import Progress


def obtain(dataset: Dataset, root: Path, progress: Progress) -> str:
    """Make sure that the data set lies at `root`; return how it came there. What is there is never written to.

    Raises DataError saying how to get a set that is missing and cannot be drawn.
    """
    if root.is_dir() and any(root.iterdir()):
        progress.say(f"{root} is in place")
        return "found in place"
    if dataset.walkers is None:
        raise DataError(f"{root}: {dataset.title} is missing ({dataset.state}): {' '.join(dataset.get.split())}")
    spec = dataset.walkers
    people = (spec.train_ids + spec.test_ids) * spec.cameras * spec.tracklets_per_camera
    total = (people + spec.distractors + spec.junk) * spec.frames
    walkers.write(root, spec, progress.counter(total, "frames drawn"))
    return "drawn"
