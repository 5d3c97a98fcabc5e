"""From uint8 frames to network input: normalisation, and augmentation that is the same in all
frames of a clip."""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from dcct.config.profile import Training
from dcct.seeding import Stream, generator

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ERASED_AREA = (0.02, 0.4)
ERASED_ASPECT = (0.3, 10 / 3)
ERASED_TO = {"official": IMAGENET_MEAN, "mean": (0.0, 0.0, 0.0)}
"""What erased pixels become, after normalisation. The official program erases there and yet writes
the means of raw pixels, which is the grey (152, 142, 127)."""
ATTEMPTS = 100
NOTHING = (0, 0, 0, 0)
AUGMENTED = ("top", "left", "height", "width", "flip", "down", "right")
"""An erased rectangle, then whether to mirror and how far to shift: done in the order mirror,
shift, erase."""


def erasing_box(
    height: int, width: int, probability: float, draw: np.random.Generator
) -> tuple[int, int, int, int]:
    """A rectangle (top, left, height, width) to erase, or NOTHING with probability 1 − p.

    Zhong et al., "Random Erasing Data Augmentation": area 0.02–0.4 of the image, aspect 0.3–10/3.
    """
    if draw.random() >= probability:
        return NOTHING
    for _ in range(ATTEMPTS):
        area = draw.uniform(*ERASED_AREA) * height * width
        aspect = draw.uniform(*ERASED_ASPECT)
        h, w = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if h < height and w < width:
            return int(draw.integers(height - h + 1)), int(draw.integers(width - w + 1)), h, w
    return NOTHING


def augmentation(
    height: int, width: int, training: Training, seed: int, epoch: int, place: int
) -> list[int]:
    """What is done to all frames of the clip at `place` of an epoch: AUGMENTED, as whole numbers.

    Officially one erased rectangle; mirroring and shifting are extras.
    """
    erased = erasing_box(
        height, width, training.random_erasing, generator(seed, Stream.RANDOM_ERASING, epoch, place)
    )
    flip, down, right, most = False, 0, 0, training.extras.pad_crop
    if training.extras.flip:
        flip = generator(seed, Stream.FLIP, epoch, place).random() < training.extras.flip
    if most:
        down, right = generator(seed, Stream.PAD_CROP, epoch, place).integers(
            -most, most + 1, size=2
        )
    return [*erased, int(flip), int(down), int(right)]


def to_input(
    clips_BTHWC: torch.Tensor,
    augmented: torch.Tensor | None = None,
    fill: Literal["official", "mean"] = "official",
) -> torch.Tensor:
    """uint8 clips (B,T,H,W,3) → float (B,T,3,H,W), normalised as ImageNet, on the clips' device.

    augmented: (B,7) on the CPU, a row of AUGMENTED for each clip. Shifted-in pixels are the mean,
    0; fill: what erased ones are.
    """
    B, T, H, W, C = clips_BTHWC.shape
    device = clips_BTHWC.device
    mean = torch.tensor(IMAGENET_MEAN, device=device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=device).view(3, 1, 1)
    erased_to = torch.tensor(ERASED_TO[fill], device=device).view(3, 1, 1)
    x_BTCHW = torch.empty(B, T, C, H, W, device=device)
    for number, x_TCHW in enumerate(
        x_BTCHW
    ):  # clip by clip: what one step leaves in the cache is the next one's input
        bytes_TCHW = clips_BTHWC[number].permute(0, 3, 1, 2).contiguous()
        torch.div(bytes_TCHW, 255, out=x_TCHW).sub_(mean).div_(std)
        if augmented is not None:
            _augment(x_TCHW, erased_to, *augmented[number].tolist())
    return x_BTCHW


def _augment(
    x_TCHW: torch.Tensor,
    erased_to: torch.Tensor,
    top: int,
    left: int,
    height: int,
    width: int,
    flip: int,
    down: int,
    right: int,
):
    if flip:
        x_TCHW.copy_(x_TCHW.flip(-1))
    if down or right:
        x_TCHW.copy_(_shifted(x_TCHW, down, right))
    x_TCHW[:, :, top : top + height, left : left + width] = erased_to


def _shifted(x_TCHW: torch.Tensor, down: int, right: int) -> torch.Tensor:
    height, width = x_TCHW.shape[-2:]
    padded = F.pad(x_TCHW, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
    return padded[..., max(-down, 0) :, max(-right, 0) :][..., :height, :width]
