"""Parity with the authors' program: the same weights and clips must give the same features, losses
and gradients.

The numbers (tests/parity) were computed with that program. Weights and clips are functions of
names, shapes and a seed, so that only numbers need to be kept.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from torch import Tensor

from dcct.errors import DataError
from dcct.files import load_json
from dcct.models.dcct import DCCT, Output
from dcct.models.full_size import full_size_network, whole_method
from dcct.official.names import load_official, official_name
from dcct.training.objective import Objective

NUMBERS = Path(__file__).with_name("golden.json")
FEATURE_TOLERANCE, LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-4, 1e-4, 1e-3
HEIGHT, WIDTH = 256, 128


class Summary(BaseModel):
    """What a case records of a feature set."""

    mean: float
    l2: float
    first: list[float] = Field(min_length=1)
    last: list[float] = Field(min_length=1)


class Case(BaseModel):
    """What every case says; sizes that a machine can hold."""

    model_config = ConfigDict(strict=True)

    name: str
    seed: int = Field(ge=0, lt=2**32 - 1)
    num_classes: int = Field(gt=0, le=10_000)
    model_mode: list[str]
    num_dim: int = Field(gt=0, le=4096)
    layer: int = Field(ge=0, le=8)
    seq_len: int = Field(gt=0, le=64)


class FeatureCase(Case):
    kind: Literal["eval"]
    batch: int = Field(gt=0, le=64)
    features: dict[str, Summary]


class TrainingCase(Case):
    kind: Literal["train"]
    pids: list[int] = Field(min_length=2, max_length=64)
    losses: dict[str, float]
    totals: dict[str, float]
    grad_l2: dict[str, float]


AnyCase = Annotated[FeatureCase | TrainingCase, Field(discriminator="kind")]
CASES = TypeAdapter(Annotated[list[AnyCase], Field(min_length=1)])


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One quantity of one case, ours beside the official one."""

    case: str
    """Its name."""
    quantity: str
    """What was computed."""
    ours: float
    """By this package."""
    official: float
    """By the authors' program."""
    deviation: float
    """How far ours is from the official one, relative to it."""
    tolerance: float
    """How far it may be."""

    @property
    def holds(self) -> bool:
        return self.deviation <= self.tolerance


def read_cases(path: Path) -> list[dict]:
    """The cases of a numbers file. Raises DataError when there is none, or it holds others."""
    try:
        found = load_json(path)
        CASES.validate_python(found)
        return found
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise DataError(
            f"{path}: no cases of the authors' program ({where}: {first['msg']}): name another file"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: no numbers to compare with ({error}): run in a checkout, or name the file"
        ) from None


def compare(case: dict, say: Callable[[str], None] = lambda line: None) -> list[Agreement]:
    """Run one case on the CPU in float32 and hold everything that it records against ours. About 5
    GB of memory."""
    say(
        f"{case['name']}: drawing weights of {case['num_classes']} identities, d ="
        f" {case['num_dim']}"
    )
    model = network_of(case)
    count = len(case["pids"]) if case["kind"] == "train" else case["batch"]
    clips = draw_clips(case["seed"] + 1, count, case["seq_len"])
    say(f"{case['name']}: {count} clips of {case['seq_len']} frames, {case['kind']} mode")
    if case["kind"] == "train":
        return _compare_training(case, model.train(), clips)
    with torch.inference_mode():
        return _compare_features(case, model.eval()(clips))


def network_of(case: dict) -> DCCT:
    """The network of a case, through the official naming, with the weights of the case's seed."""
    parts = case["model_mode"]
    variant = whole_method(case["layer"], feature="fd" in parts, logit="ld" in parts)
    empty = full_size_network(
        variant,
        case["num_classes"],
        clip_length=case["seq_len"],
        hta_width=case["num_dim"],
        empty=True,
    )
    shapes = {
        official_name(name): list(tensor.shape) for name, tensor in empty.state_dict().items()
    }
    return load_official(draw_weights(shapes, case["seed"]), drop_path=0.0)


def draw_weights(shapes: dict[str, list[int]], seed: int) -> dict[str, Tensor]:
    """A state dict in official naming; each tensor is a function of its name, its shape and the
    seed."""
    return {name: _draw(name, shape, seed) for name, shape in shapes.items()}


def draw_clips(seed: int, clips: int, frames: int) -> Tensor:
    """Standard-normal clips (B,T,3,256,128), float32."""
    values = np.random.RandomState(seed).standard_normal((clips, frames, 3, HEIGHT, WIDTH))
    return torch.from_numpy(values.astype(np.float32))


def _draw(name: str, shape: list[int], seed: int) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros((), dtype=torch.long)
    random = np.random.RandomState(zlib.crc32(name.encode()) ^ seed)
    if name.endswith("running_var"):
        return _float(1 + 0.25 * random.random_sample(shape))
    normal = random.standard_normal(shape)
    if name.endswith(("running_mean", "bias")):
        return _float(0.1 * normal)
    if "pos_embed" in name or "cls_token" in name:
        return _float(0.02 * normal)
    if len(shape) == 1:
        return _float(1 + 0.1 * normal)
    return _float(normal / np.sqrt(np.prod(shape[1:])))


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


def _compare_features(case: dict, output: Output) -> list[Agreement]:
    found = []
    for name, official in case["features"].items():
        ours = output.features[name].flatten().double()
        ends = torch.tensor(official["first"] + official["last"], dtype=torch.float64)
        mine = torch.cat([ours[: len(official["first"])], ours[-len(official["last"]) :]])
        found += [
            Agreement(
                case=case["name"],
                quantity=f"{name}: first and last values",
                ours=float(mine.norm()),
                official=float(ends.norm()),
                deviation=float((mine - ends).norm() / ends.norm()),
                tolerance=FEATURE_TOLERANCE,
            ),
            _agreement(
                case, f"{name}: norm", float(ours.norm()), official["l2"], FEATURE_TOLERANCE
            ),
            _agreement(
                case, f"{name}: mean", float(ours.mean()), official["mean"], FEATURE_TOLERANCE
            ),
        ]
    return found


def _compare_training(case: dict, model: DCCT, clips: Tensor) -> list[Agreement]:
    objective = Objective("official")
    output = model(clips)
    terms = objective(output, torch.tensor(case["pids"]))
    terms["loss"].backward()
    ours = {name: term.item() for name, term in terms.items()} | _sums(objective, output, terms)
    official = {
        name.replace("transformer", "vit"): value for name, value in case["losses"].items()
    } | case["totals"]
    gradients = _gradient_norms(model, case["grad_l2"])
    return [
        *(
            _agreement(case, name, ours[name], value, LOSS_TOLERANCE)
            for name, value in official.items()
        ),
        *(
            _agreement(case, f"gradient of {part}", gradients[part], value, GRADIENT_TOLERANCE)
            for part, value in case["grad_l2"].items()
        ),
    ]


def _sums(objective: Objective, output: Output, terms: dict[str, Tensor]) -> dict[str, float]:
    """Sums of terms under the names by which the official program's were recorded."""
    sums = {"official_total": terms["loss"].item()}
    for kind in ("ce", "triplet"):
        frame = [
            terms[f"frame_{kind}_{branch}"] * objective.frame_weight(branch, output)
            for branch in output.frame
        ]
        clip = [terms[f"clip_{kind}_{head}"] for head in output.clip]
        sums |= {
            f"official_frame_{kind}": sum(frame, torch.zeros(())).item(),
            f"clip_{kind}": sum(clip, torch.zeros(())).item() / len(clip),
        }
    if "distill_feature" in terms and "distill_logit" in terms:
        sums["distill_total"] = (terms["distill_feature"] + terms["distill_logit"]).item()
    return sums


def _gradient_norms(model: DCCT, parts: dict[str, float]) -> dict[str, float]:
    """L2 norm of the gradient of each top-level part of the official program."""
    squares = dict.fromkeys(parts, 0.0)
    for name, parameter in model.named_parameters():
        part = official_name(name).split(".")[0]
        if parameter.grad is not None:
            squares[part] += float(parameter.grad.double().square().sum())
    return {part: math.sqrt(square) for part, square in squares.items()}


def _agreement(
    case: dict, quantity: str, ours: float, official: float, tolerance: float
) -> Agreement:
    return Agreement(
        case=case["name"],
        quantity=quantity,
        ours=ours,
        official=official,
        deviation=abs(ours - official) / abs(official),
        tolerance=tolerance,
    )
