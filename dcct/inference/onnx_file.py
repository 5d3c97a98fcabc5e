"""ONNX files, written without notes of this machine, and held against our own features."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from dcct.errors import DcctError
from dcct.files import atomic

ONNX = "model.onnx"
TOLERANCE = 1e-4
"""Largest distance of exported features from ours, relative to their norm."""


def write_onnx(
    model: nn.Module, example: Tensor, path: Path, name: str, outputs: Sequence[str]
) -> None:
    """Write a model as ONNX that takes any number of what `example` is some of, without the
    exporter's notes, which name local files. name: of its input."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            (example,),
            input_names=[name],
            output_names=list(outputs),
            dynamic_shapes=({0: torch.export.Dim(f"number_of_{name}")},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # it is None for the exporter that is not used here
    proto = program.model_proto
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    with atomic(path) as temporary:
        onnx.save(proto, temporary)


def run_onnx(path: Path, example: Tensor) -> list[Tensor]:
    """All outputs of a file of one input, on the CPU."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    return [torch.from_numpy(np.asarray(one)) for one in found]


def relative(features: Tensor, ours: Tensor) -> float:
    """Distance of features from ours, relative to the norm of these."""
    return float((features - ours).norm() / ours.norm())


def near(folder: Path, distances: dict[str, float]) -> float:
    """The largest distance of an export's features from ours. Raises DcctError beyond TOLERANCE,
    naming which it is."""
    for kind, distance in distances.items():
        if not distance <= TOLERANCE:
            raise DcctError(
                f"{folder}: the {kind} export is {distance:.1e} from our features (at most"
                f" {TOLERANCE}): do not use it; try the library versions of requirements.lock"
            )
    return max(distances.values())
