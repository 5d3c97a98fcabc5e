"""The clips whose attention is drawn: their frames, and what each part of the network said of them.
No torch."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.datasets.manifest import read_manifest, verification_of
from dcct.inference.attention_file import read_attention
from dcct.pipeline.pipeline import Pipeline
from dcct.provenance.receipt import check_outputs
from dcct.report.figures.tiles import PIXELS
from dcct.report.tables.results import marked


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One clip and what each part of the network said of it."""

    label: str
    """Whose it is."""
    pixels: np.ndarray
    """(T,H,W,3)."""
    parts: dict[str, np.ndarray]
    """Part of the network (see inference/attention_file.py) → values (T,…)."""


@dataclass(frozen=True, kw_only=True)
class AttentionMaps:
    """Where a variant looks."""

    clips: list[Clip]
    """None if it was not run, or has nothing that looks."""
    gap: str
    """That it was not run."""
    grid: tuple[int, int]
    """Height and width of the positions."""
    variant: str
    """Its title."""
    where: str
    """The data set's title."""

    def has(self, part: str) -> bool:
        return bool(self.clips) and part in self.clips[0].parts

    def lacks(self, name: str) -> str:
        """Why nothing of CCA, or of HTA, can be shown."""
        return self.gap or f"{self.variant} has no {name}"


def load_attention(pipeline: Pipeline, dataset: str) -> AttentionMaps:
    """What `dcct attend` kept of the run that is pictured. Raises DataError when the file is
    damaged."""
    job = pipeline.shown_run("attend", dataset)
    manifest, frames = (one.folder for one in pipeline.pictures(dataset))
    listed, title = read_manifest(manifest), pipeline.variant(job["variant"]).title
    where = marked(pipeline.dataset(dataset).title, verification_of(listed) == "warned")
    if not job.receipt.is_file():
        gap = f"{title}: not run: {job.again}"
        return AttentionMaps(clips=[], gap=gap, grid=(0, 0), variant=title, where=where)
    check_outputs(job.receipt, job.again)
    rows, grid = read_attention(job / "attention.parquet")
    store, tracklets = FrameStore(frames, manifest), listed.to_pandas()
    clips = [
        _clip(tracklets.iloc[number], part, store) for number, part in rows.groupby("tracklet")
    ]
    return AttentionMaps(clips=clips, gap="", grid=grid, variant=title, where=where)


def _clip(about: pd.Series, rows: pd.DataFrame, store: FrameStore) -> Clip:
    rows = rows.sort_values("frame", kind="stable")
    positions = rows.drop_duplicates("frame")["position"].to_numpy()
    return Clip(
        label=f"id {about['pid']}, camera {about['camid'] + 1}",
        pixels=store.read(about["tracklet"], positions, *PIXELS),
        parts={str(part): np.stack(one["values"].to_list()) for part, one in rows.groupby("part")},
    )
