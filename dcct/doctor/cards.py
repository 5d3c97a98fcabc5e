"""GPUs: what torch sees of those that the driver names."""

import csv
from dataclasses import dataclass

from dcct.doctor.asked import Asked
from dcct.doctor.finding import GB, Finding, hint, ok, wrong
from dcct.pipeline.pipeline import Pipeline

DRIVER = (
    "nvidia-smi",
    "--query-gpu=name,memory.total,driver_version",
    "--format=csv,noheader,nounits",
)
DRIVER_S = 10.0


@dataclass(frozen=True)
class Torch:
    """What torch says of itself."""

    version: str
    cuda: str | None
    """The version of CUDA for which it was built; None: for CPUs alone."""
    threads: int
    """Those that it takes unless told otherwise."""
    cards: list[list]
    """Name and bytes of each card that it can use."""


def look_at_cards(asked: Asked, torch: Torch | None, pipeline: Pipeline) -> Finding:
    """asked: DRIVER. torch: None where it cannot be imported."""
    device, about = pipeline.profile.training.device, "cards"
    say = wrong if device == "cuda" else hint
    listed = list(csv.reader((asked.answer() or "").splitlines(), skipinitialspace=True))
    if asked.late:
        return say(about, f"nvidia-smi: {asked.complaint}", "restart the machine: its driver hangs")
    seen = torch.cards if torch else []
    if seen:
        named = ", ".join(f"{name} ({size / GB:.0f} GB)" for name, size in seen)
        driver = f", driver {listed[0][-1]}" if listed else ""
        unused = "" if device == "cuda" else "; the profile's training.device is cpu"
        return ok(about, f"{named}{driver}{unused}")
    if listed and torch:
        names = ", ".join(row[0] for row in listed)
        what = f"{names}, driver {listed[0][-1]}, of which torch {torch.version} can use none"
        if torch.cuda is None:
            return say(about, f"{what}: it was built for CPUs", "`rm -r .venv && make setup`")
        return say(about, f"{what}: it was built for CUDA {torch.cuda}", "take a newer driver")
    if device == "cuda":
        other = f"set training.device: cpu in {pipeline.configfile}, or run where a card is"
        return wrong(about, "none, and the profile's training.device is cuda", other)
    return ok(about, "none; the profile needs none")
