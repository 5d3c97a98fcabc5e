"""From uint8 frames to network input: normalisation, and random erasing that is the same in all frames of a clip."""

import numpy as np
import torch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ERASED_AREA = (0.02, 0.4)
ERASED_ASPECT = (0.3, 3.33)
ATTEMPTS = 100
NOTHING = (0, 0, 0, 0)


def erasing_box(height: int, width: int, probability: float, draw: np.random.Generator) -> tuple[int, int, int, int]:
    """A rectangle (top, left, height, width) to erase, or NOTHING with probability 1 − p.

    Zhong et al., "Random Erasing Data Augmentation": area 0.02–0.4 of the image, aspect 0.3–3.33.
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


def to_input(clips_BTHWC: torch.Tensor, boxes: torch.Tensor | None = None) -> torch.Tensor:
    """uint8 clips (B,T,H,W,3) → float (B,T,3,H,W), normalised as ImageNet; boxes (B,4) are set to the mean."""
    device = clips_BTHWC.device
    x_BTCHW = clips_BTHWC.permute(0, 1, 4, 2, 3).to(torch.float32).div_(255)
    mean = torch.tensor(IMAGENET_MEAN, device=device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=device).view(3, 1, 1)
    x_BTCHW = (x_BTCHW - mean) / std
    for clip, (top, left, height, width) in enumerate([] if boxes is None else boxes.tolist()):
        x_BTCHW[clip, :, :, top : top + height, left : left + width] = 0
    return x_BTCHW.contiguous()
