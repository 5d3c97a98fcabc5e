"""What a training is made of, and everything that an interruption of it must not lose."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel

from dcct.config.profile import Profile
from dcct.config.variant import Variant
from dcct.errors import DataError
from dcct.models.dcct import Output
from dcct.models.network import AnyNetwork
from dcct.training.distributed import Group
from dcct.training.resume import load_state, save_state, set_aside

PLACE = ("epoch", "step", "sums", "images", "history", "seconds")
"""Fields of a learner that say how far it is."""


@dataclass(kw_only=True)
class Run:
    """What a training reads, and where it keeps its resume state."""

    profile: Profile
    """How it trains."""
    variant: Variant
    """What network it trains."""
    seed: int
    """Of every draw."""
    frames: Path
    """Folder of the frame store."""
    manifest: Path
    """Folder of the manifest."""
    weights: Path
    """Folder of the initial weights."""
    work: Path
    """Folder of resume states."""
    made_from: dict[str, str] = field(default_factory=dict)
    """Digests of config, data and code: a resume state with others is not continued."""


@dataclass(kw_only=True)
class Learner:
    """What learns, and how far it is."""

    model: AnyNetwork
    """The network itself."""
    forward: Callable[[torch.Tensor], Output]
    """The network, compiled or shared among processes."""
    optimizer: torch.optim.Optimizer
    """Of its parameters."""
    scaler: torch.amp.GradScaler
    """Of the loss, where precision is fp16."""
    group: Group
    """The processes that train together."""
    average: AveragedModel | None = None
    """Of the weights, if one is kept."""
    epoch: int = 0
    """Whole epochs."""
    step: int = 0
    """Steps of the next one."""
    sums: dict[str, torch.Tensor] = field(default_factory=dict)
    """Of each loss term over those steps: not in the history yet."""
    images: int = 0
    """In those steps."""
    history: list[dict] = field(default_factory=list)
    """A row for each whole epoch: the mean of every loss term."""
    seconds: float = 0.0
    """Of training, over all interruptions."""

    def save(self, run: Run) -> None:
        """Write everything that an interruption must not lose; the processes go on when it is
        written."""
        if self.group.first:
            parts = {name: part.state_dict() for name, part in self._parts().items()}
            place = {name: getattr(self, name) for name in PLACE}
            save_state(
                run.work, self.epoch, self.step, {"made_from": run.made_from, **parts, **place}
            )
        self.group.wait()

    def resume(self, run: Run, say: Callable[[str], None]) -> None:
        """Go on from the newest state in the work folder, if it was left by the same config, data
        and code."""
        device = run.profile.training.device
        state = self._fitting_state(run, device, say) if self.group.first else None
        if not self.group.agreed(state is not None):
            return
        state = state or load_state(run.work, device)
        if state is None:
            raise DataError(
                f"{run.work}: holds no resume state here, but one where the first process of this"
                " training runs: let all processes share this folder"
            )
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        for name in PLACE:
            setattr(self, name, state[name])
        steps = f", step {self.step}" if self.step else ""
        say(f"going on after epoch {self.epoch}{steps}")

    def _fitting_state(self, run: Run, device: str, say: Callable[[str], None]) -> dict | None:
        state = load_state(run.work, device)
        if state is None:
            return None
        other = [
            part for part, digest in run.made_from.items() if state["made_from"].get(part) != digest
        ]
        if other:
            aside = set_aside(run.work, state["made_from"])
            say(f"an unfinished training of other {', '.join(other)} is set aside in {aside}")
            return None
        return state

    def _parts(self) -> dict:
        found = {"model": self.model, "optimizer": self.optimizer, "scaler": self.scaler}
        return found | ({"average": self.average} if self.average else {})
