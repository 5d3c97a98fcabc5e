"""Features of all test tracklets: every feature set of a variant in one pass of its network."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch.utils.data import DataLoader, Dataset

from dcct.checkpoint import load_model
from dcct.clips.frames import FrameStore
from dcct.clips.transforms import to_input
from dcct.config.profile import Clips, Profile
from dcct.config.variant import Variant
from dcct.datasets.manifest import read_manifest, write_parquet
from dcct.device import on_device, prepare_torch
from dcct.models.dcct import DCCT
from dcct.progress import Progress

PARAMETERS = b"dcct_parameters"


class TestClips(Dataset):
    """Drawn test clips. Item: uint8 clip (T,H,W,3), row of its (sampler, tracklet) group."""

    def __init__(self, rows: list[dict], groups: list[int], store: FrameStore, clips: Clips):
        self.rows, self.groups, self.store, self.clips = rows, groups, store, clips

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        row = self.rows[index]
        clip = self.store.read(row["tracklet"], np.array(row["positions"]), self.clips.height, self.clips.width)
        return torch.from_numpy(clip), self.groups[index]


def trained_model(variant: Variant, profile: Profile, manifest: Path, checkpoint: Path) -> DCCT:
    """The variant's network with its checkpoint, on the CPU; a distilled backbone takes its part of a donor's."""
    identities = int(read_manifest(manifest)["label"].to_numpy().max()) + 1
    model = DCCT(variant, profile.network, profile.clips, identities)
    prefixes = tuple(f"{part}{branch}." for branch in variant.branches for part in ("", "head_"))
    load_model(model, checkpoint, prefixes if variant.backbone_of else ("",))
    return model.eval()


@torch.inference_mode()
def extract(
    model: DCCT,
    samplers: list[str],
    profile: Profile,
    *,
    clips: Path,
    frames: Path,
    manifest: Path,
    path: Path,
    progress: Progress,
) -> int:
    """Write the mean feature of each tracklet's clips, per sampler, as parquet; return the number of frames seen.

    Columns: sampler, tracklet, then one fixed-size float32 list per feature set. The file's metadata hold
    the network's parameter count.
    """
    prepare_torch(profile.training)
    model = on_device(model, profile.training)
    rows = [row for row in pq.read_table(clips).to_pylist() if row["sampler"] in samplers]
    keys = sorted({(row["sampler"], row["tracklet"]) for row in rows})
    group_of = {key: group for group, key in enumerate(keys)}
    groups = [group_of[row["sampler"], row["tracklet"]] for row in rows]
    dataset = TestClips(rows, groups, FrameStore(frames, manifest), profile.clips)
    loader = DataLoader(
        dataset,
        batch_size=max(1, profile.evaluation.batch_frames // profile.clips.length),
        num_workers=profile.training.workers,
    )
    sums: dict[str, torch.Tensor] = {}
    advance = progress.counter(len(rows), "clips")
    for batch, group in loader:
        output = model(to_input(batch.to(profile.training.device)))
        for name, feature in output.features.items():
            total = sums.setdefault(name, torch.zeros(len(keys), feature.shape[1], dtype=torch.float64))
            total.index_add_(0, group, feature.double().cpu())
        advance(len(group))
    counts = torch.bincount(torch.tensor(groups), minlength=len(keys)).unsqueeze(1)
    columns = {
        "sampler": pa.array([key[0] for key in keys]),
        "tracklet": pa.array([key[1] for key in keys], pa.int32()),
    }
    for name, total in sums.items():
        values = (total / counts).float().numpy()
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    parameters = sum(parameter.numel() for parameter in model.parameters())
    write_parquet(path, pa.table(columns).replace_schema_metadata({PARAMETERS: str(parameters)}))
    return len(rows) * profile.clips.length
