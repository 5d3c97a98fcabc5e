"""The embedded data set: procedurally drawn people walking past cameras, in the layout of any
benchmark."""

from dcct.walkers.layout import files, write
from dcct.walkers.scene import draw_tracklet

__all__ = ["draw_tracklet", "files", "write"]
