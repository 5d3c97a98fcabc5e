"""A loss that is no number stops the training at once, and leaves what is needed to look into
it."""

import math

from torch import Tensor

from dcct.clips.loader import TrainingClips, epoch_batches
from dcct.errors import NotFiniteError
from dcct.files import write_json
from dcct.training.state import Learner, Run


def check_finite(
    terms: dict[str, Tensor], learner: Learner, dataset: TrainingClips, run: Run
) -> None:
    """Raise NotFiniteError at a non-finite loss, with the batch's tracklets and terms in
    work/non-finite.json."""
    if math.isfinite(terms["loss"].item()):
        return
    training, path = run.profile.training, run.work / "non-finite.json"
    batches = epoch_batches(
        dataset.labels, training.identities, training.tracklets, run.seed, learner.epoch
    )
    values = {name: str(term.item()) for name, term in terms.items()}
    place = {"epoch": learner.epoch + 1, "step": learner.step + 1}
    if learner.group.first:
        tracklets = [tracklet for *_, tracklet in batches[learner.step]]
        write_json(path, {**place, "tracklets": tracklets, "terms": values})
    bad = ", ".join(name for name, term in terms.items() if not math.isfinite(term.item()))
    raise NotFiniteError(
        f"the loss is not finite at epoch {place['epoch']}, step {place['step']} ({bad}): {path}"
        " holds its terms and tracklets: lower training.learning_rate or the distillation weights"
    )
