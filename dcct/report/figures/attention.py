"""The clips whose attention is drawn: their frames, and what each part of the network said of them.
No torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dcct.clips.frames import FrameStore
from dcct.config.load import load_dataset, load_variant
from dcct.datasets.manifest import read_manifest, verification_of
from dcct.inference.attention_file import read_attention
from dcct.pipeline.paths import Paths
from dcct.provenance.receipt import RECEIPT, check_outputs
from dcct.report.figures.tiles import PIXELS
from dcct.report.tables.results import marked


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One clip. label: whose it is. pixels: (T,H,W,3). parts: part of the network (see
    attention_file.py) → values (T,…)."""

    label: str
    pixels: np.ndarray
    parts: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Where a variant looked. clips: none if it was not run, or has nothing that looks; gap: the
    former.

    grid: height and width of the positions. variant, where: titles of the variant and of the data
    set.
    """

    clips: list[Clip]
    gap: str
    grid: tuple[int, int]
    variant: str
    where: str

    def has(self, part: str) -> bool:
        return bool(self.clips) and part in self.clips[0].parts

    def lacks(self, name: str) -> str:
        """Why nothing of CCA, or of HTA, can be shown."""
        return self.gap or f"{self.variant} has no {name}"


def load_looked(paths: Paths, configfile: Path, run: tuple[str, int, str, int]) -> Looked:
    """What `dcct attend` kept of a run (data set, split, variant, seed). Raises DataError when the
    file is damaged."""
    dataset, split, variant, seed = run
    folder, step = (
        paths.attention(*run),
        f"attend {dataset} {variant} --split {split} --seed {seed}",
    )
    listed, title = (
        read_manifest(paths.manifest(dataset, split)),
        load_variant(variant, configfile).title,
    )
    where = marked(load_dataset(dataset, configfile).title, verification_of(listed) == "warned")
    if not (folder / RECEIPT).is_file():
        gap = f"{title}: not run: dcct {step}"
        return Looked(clips=[], gap=gap, grid=(0, 0), variant=title, where=where)
    check_outputs(folder / RECEIPT, step)
    rows, grid = read_attention(folder / "attention.parquet")
    store, tracklets = (
        FrameStore(paths.frames(dataset), paths.manifest(dataset, split)),
        listed.to_pandas(),
    )
    clips = [
        _clip(tracklets.iloc[number], part, store) for number, part in rows.groupby("tracklet")
    ]
    return Looked(clips=clips, gap="", grid=grid, variant=title, where=where)


def _clip(about: pd.Series, rows: pd.DataFrame, store: FrameStore) -> Clip:
    rows = rows.sort_values("frame", kind="stable")
    positions = rows.drop_duplicates("frame")["position"].to_numpy()
    return Clip(
        label=f"id {about['pid']}, camera {about['camid'] + 1}",
        pixels=store.read(about["tracklet"], positions, *PIXELS),
        parts={str(part): np.stack(one["values"].to_list()) for part, one in rows.groupby("part")},
    )
