"""A model ready for use: a network with what is done to frames before it, from a folder or the
Hugging Face hub, and back to them.

Shapes: T frames of a clip, h×w the network's pixels, C a feature set's width.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import ModelCard, ModelHubMixin
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import Dataset
from yaml import YAMLError

from dcct.clips.frames import resized
from dcct.clips.sampling import test_clips
from dcct.clips.transforms import to_input
from dcct.config.label import CHECKPOINT
from dcct.errors import DataError
from dcct.evaluation.distances import Cosine
from dcct.files import file_digest, write_json
from dcct.inference.loading import Loaded, opened, saved_part
from dcct.inference.means import ClipOfGroup, Pass, mean_features
from dcct.models.beside import metrics_of
from dcct.models.card import CARD, card_of
from dcct.models.checkpoint import save_model
from dcct.models.dcct import Output
from dcct.models.device import chosen_device, exact
from dcct.models.model_config import CONFIG

BATCH_FRAMES = 256
"""Frames in one forward pass."""
Frames = Sequence[Image.Image] | Sequence[np.ndarray] | np.ndarray
"""PIL images or uint8 arrays (H,W,3), each of any size; or one array (T,H,W,3)."""


SAMPLERS = ("begin", "dense")
"""One clip of a tracklet; all of it in interleaved clips."""


def load(source: str | os.PathLike, *, device: str | None = None) -> "Model":
    """The model of a folder that `train` or `export` left, of its name on the Hugging Face hub
    (owner/name), or of a checkpoint of the authors' program; in eval mode.

    device: cpu, cuda or cuda:N; a GPU where torch sees one, if None. Raises DcctError, one line,
    where anything is missing, damaged or does not fit together. No code of the source is run.
    """
    return Model.from_pretrained(source, device=device)


class Model(nn.Module, ModelHubMixin):
    """A network, and all that it needs beside clips.

    network: DCCT, or a backbone alone. config: what its folder says of it. Its folder's conventions
    are the hub's: from_pretrained, save_pretrained, push_to_hub.
    """

    def __init__(self, loaded: Loaded):
        super().__init__()
        self.network, self.config, self.card, self.folder = loaded
        if self.network.cnn:
            self.network.cnn.use_channels_last()

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, source: str | os.PathLike, *, device: str | None = None, **hub: Any
    ) -> "Model":
        """As `load`. hub: keywords of huggingface_hub's hf_hub_download (revision, token,
        cache_dir, force_download, local_files_only)."""
        where = chosen_device(device)
        return cls(opened(source, **hub)).eval().to(where)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.parameters()).device

    @property
    def batch(self) -> int:
        """Clips that go through it at a time."""
        return max(1, BATCH_FRAMES // self.config.clip_length)

    def forward(self, clips_BTCHW: Tensor) -> Output:
        """Normalised clips (B,T,3,h,w) → Output, whose features are (B,C)."""
        return self.network(clips_BTCHW)

    def preprocess(self, frames: Frames) -> Tensor:
        """Frames → (1,T,3,h,w) on the model's device, by what extraction does to test frames."""
        return to_input(torch.from_numpy(self._resized(frames))[None].to(self.device))

    def embed(self, frames: Frames, *, sampler: str = "begin") -> dict[str, np.ndarray]:
        """A tracklet's frames, in time order → feature set → (C,), the mean over its clips.

        sampler: `begin` (one clip) or `dense` (the whole tracklet). Raises DataError at what are no
        frames.
        """
        drawn = clips_of(sampler, len(frames), self.config.clip_length)
        used = np.unique(drawn)
        pixels = self._resized([frames[place] for place in used])
        clips = [(torch.from_numpy(pixels[np.searchsorted(used, clip)]), 0) for clip in drawn]
        return {name: values[0] for name, values in self.means(clips, [0] * len(clips)).items()}

    def means(
        self,
        clips: Dataset[ClipOfGroup] | Sequence[ClipOfGroup],
        groups: Sequence[int],
        workers: int = 0,
        advance: Callable[[int], None] = lambda clips: None,
    ) -> dict[str, np.ndarray]:
        """Resized clips of many tracklets → feature set → (tracklets,C): see mean_features."""
        where = str(self.device)
        how = Pass(device=where, precision="fp32", batch=self.batch, workers=workers)
        with exact():
            found = mean_features(self.network, clips, groups, how, advance)
        try:
            Cosine(found, found, {})
        except ValueError as error:
            raise DataError(
                f"{self.folder}: gives what cannot be compared ({error}): its weights are damaged:"
                " fetch or write the folder again"
            ) from None
        return found

    def _resized(self, frames: Frames) -> np.ndarray:
        seen = self.config.preprocessing
        how = seen.height, seen.width, seen.interpolation
        if not len(frames):
            raise DataError("frames: none given: a tracklet has one at least")
        return np.stack(
            [resized(_pixels(frame, place), *how) for place, frame in enumerate(frames)]
        )

    def _save_pretrained(self, save_directory: Path) -> None:
        """Weights and config.json; the card is the mixin's to write."""
        save_model(saved_part(self.network), save_directory / CHECKPOINT)
        digests = {CHECKPOINT: file_digest(save_directory / CHECKPOINT)}
        self.config = self.config.model_copy(update={"weights": digests})
        write_json(save_directory / CONFIG, self.config.to_json())

    def generate_model_card(self, *, results: str | Path | None = None) -> ModelCard:
        """A card with the numbers of a metrics.json of the workflow, that of the model's own run
        unless one is named; without any, the card that came with it."""
        own = metrics_of(self.folder)
        if own and not results and (own.folder / "metrics.json").is_file():
            results = own.folder / "metrics.json"
        if results or not self.card:
            return card_of(self.config, results)
        try:
            return ModelCard(self.card)
        except (ValueError, YAMLError):
            raise DataError(
                f"{self.folder / CARD}: is no model card: put the lines between its first two --- "
                "right, or delete it, and one is written anew"
            ) from None


def _pixels(frame: Image.Image | np.ndarray, place: int) -> np.ndarray:
    """A frame as uint8 (H,W,3), upright."""
    if isinstance(frame, Image.Image):
        try:
            return _upright(frame)
        except Exception as error:  # Pillow raises many kinds at damaged files, which it reads now
            raise DataError(f"frames[{place}]: cannot be read ({error}): open another") from None
    if (
        not isinstance(frame, np.ndarray)
        or frame.dtype != np.uint8
        or frame.shape[2:] != (3,)
        or not frame.size
    ):
        what = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame)
        raise DataError(
            f"frames[{place}]: is {what}: give PIL images or uint8 arrays (height, width, 3)"
        )
    return frame


def _upright(frame: Image.Image) -> np.ndarray:
    """Raises ValueError at what would become a picture of something else: 16 bits a sample, which
    are cut off, and what is transparent."""
    if frame.mode[0] in "IF":
        raise ValueError(f"mode {frame.mode}, which has more than 8 bits a sample")
    if frame.has_transparency_data and np.asarray(frame.convert("RGBA"))[..., 3].min() < 255:
        raise ValueError("transparent: nothing says what is behind")
    return np.asarray(ImageOps.exif_transpose(frame).convert("RGB"))


def clips_of(sampler: str, length: int, clip_length: int) -> np.ndarray:
    """Positions (k,T) of the clips that the protocol's test sampler draws from a tracklet of so
    many frames; of a long one's dense clips none is left out, so that nothing is random."""
    if sampler not in SAMPLERS:
        raise DataError(f"sampler: {sampler} is none: name {' or '.join(SAMPLERS)}")
    if not length:
        raise DataError("frames: none given: a tracklet has one at least")
    return test_clips(sampler, 0, length, clip_length, clip_cap=length, clip_window="clips")
