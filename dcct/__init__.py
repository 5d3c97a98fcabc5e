"""DCCT, reproduced: the public Python interface. Everything else is the workflow's.

    import dcct
    model = dcct.build_model("dcct-fd-ld", num_identities=625)
    output = model(clips)                            # (B,T,3,256,128) → Output
    terms = dcct.Objective("official")(output, pids)
    terms["loss"].backward()

Names are resolved when they are first used, so that commands that need no torch do not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dcct.errors import DcctError

if TYPE_CHECKING:
    from dcct.evaluation.metrics import retrieval_metrics
    from dcct.evaluation.ranking import rank_features
    from dcct.find.search import link, search
    from dcct.inference.embedding import embed
    from dcct.inference.model import load
    from dcct.models.dcct import DCCT, Output
    from dcct.models.full_size import build_model
    from dcct.official.names import export_official, load_official
    from dcct.training.objective import Objective
    from dcct.video.crop import crop

_HOME = {
    "DCCT": "dcct.models.dcct",
    "Objective": "dcct.training.objective",
    "Output": "dcct.models.dcct",
    "build_model": "dcct.models.full_size",
    "crop": "dcct.video.crop",
    "embed": "dcct.inference.embedding",
    "export_official": "dcct.official.names",
    "link": "dcct.find.search",
    "load": "dcct.inference.model",
    "load_official": "dcct.official.names",
    "rank_features": "dcct.evaluation.ranking",
    "retrieval_metrics": "dcct.evaluation.metrics",
    "search": "dcct.find.search",
}
__all__ = [
    "DCCT",
    "DcctError",
    "Objective",
    "Output",
    "build_model",
    "crop",
    "embed",
    "export_official",
    "link",
    "load",
    "load_official",
    "rank_features",
    "retrieval_metrics",
    "search",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'dcct' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
