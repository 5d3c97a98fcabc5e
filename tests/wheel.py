"""What an installed wheel gives, tried from an empty folder: run by .ci/wheel."""

from pathlib import Path

import numpy as np
import torch

import dcct
from dcct.config.load import SHIPPED, names_of

assert Path(dcct.__file__).parent in SHIPPED.parents, f"not the wheel: {SHIPPED}"
variants = names_of("variants", SHIPPED / "paper.yaml")
for name in variants:
    with torch.device("meta"):
        dcct.build_model(name, 625)
print(f"{len(variants)} variants built")

model = dcct.build_model("dcct", 4)
again = dcct.load_official(dcct.export_official(model))
states = model.state_dict(), again.state_dict()
assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
print("an official checkpoint read")

draw, pids, camids = np.random.default_rng(0), np.repeat(np.arange(8), 2), np.tile([0, 1], 8)
found = dcct.retrieval_metrics(draw.random((16, 16)), pids, pids, camids, camids)
print(f"mAP {found.mAP:.3f}")
for name in ("query", "gallery"):
    np.savez(f"{name}.npz", pid=pids, camid=camids, mine=draw.normal(size=(16, 8)))
