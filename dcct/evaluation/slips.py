"""What an evaluator's mistake is worth: the same features, judged with slips that published
programs were seen to make, beside the right protocol. No torch.

Each slip is a small function: of what is ranked against what (a Rules), of how a query without a
match is counted, or of which of several results is reported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dcct.config.dataset import Protocol
from dcct.config.profile import Reranking
from dcct.errors import DataError
from dcct.evaluation.features import feature_sets, read_feature_table
from dcct.evaluation.metrics import Retrieval
from dcct.evaluation.protocol import sums_of
from dcct.evaluation.ranking import rank_features
from dcct.evaluation.rules import Listed, Rules, listed, rules_of

RIGHT = "right"
"""The protocol without a slip, where the others are named."""
BEST_EPOCH, OTHER_CLIPS = "best-epoch", "other-clips"
"""Slips whose numbers are of other features."""
NOWHERE = 1 << 30
"""First match of a query that is counted although it has none: behind every gallery."""


def cameras_of_frames(protocol: Protocol, test: Listed) -> Rules:
    """Cameras were listed once a frame, and are looked up once a tracklet, queries and gallery
    each by itself.

    Matches of the query's camera stay, others go; a query that is in the gallery may find itself.
    A protocol that leaves out no camera looks none up.
    """
    right = rules_of(protocol, test)
    if not protocol.drop_same_camera:
        return right
    queries, gallery = (
        by_frame(test.camids[side], test.frames[side]) for side in (right.queries, right.gallery)
    )
    return replace(right, query_cameras=queries, gallery_cameras=gallery)


def by_frame(cameras: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Of each tracklet (N,) the camera of the frame with its number.

    Cameras 1, 2, 3 of tracklets of 2, 1 and 3 frames are listed as 1 1 2 3 3 3: of the three
    tracklets 1, 1, 2 is read.
    """
    return np.repeat(cameras, frames)[: len(cameras)]


def nothing_left_out(protocol: Protocol, test: Listed) -> Rules:
    """Matches of the query's camera are kept, the query itself among them where the gallery holds
    it: nothing is nearer to it, so that Rank-1 is 100 %."""
    right = rules_of(protocol, test)
    queries, gallery = np.zeros_like(right.queries), np.ones_like(right.gallery)
    return replace(right, query_cameras=queries, gallery_cameras=gallery)


def itself_left_out(protocol: Protocol, test: Listed) -> Rules:
    """Matches of the query's camera are kept, but not the query itself."""
    return rules_of(protocol.model_copy(update={"drop_same_camera": False}), test)


def other_gallery(protocol: Protocol, test: Listed) -> Rules:
    """Queries are missing from a gallery that holds them, or are put into one that does not."""
    holds = not protocol.gallery_includes_queries
    return rules_of(protocol.model_copy(update={"gallery_includes_queries": holds}), test)


def dropped(found: Retrieval) -> Retrieval:
    """As is right: a query without a match takes part in no mean."""
    return found


def counted_as_wrong(found: Retrieval) -> Retrieval:
    """A query without a match takes part: its AP is 0, and no rank is low enough for it.

    APs of 1, 1/2 and none have the mean 1/2 then, instead of 3/4.
    """
    return replace(
        found,
        ap=np.where(found.valid, found.ap, 0.0),
        first_hit=np.where(found.valid, found.first_hit, NOWHERE),
    )


def best_epoch(scores: Mapping[int, float]) -> int:
    """The epoch of a training that the test set likes best; the earlier one of equals. scores:
    epoch → mAP on the test set."""
    return max(sorted(scores), key=lambda epoch: scores[epoch])


def other_clips(sampler: str) -> str:
    """The first frames of each tracklet (begin) where all of them (dense) are right, and the other
    way round."""
    return {"begin": "dense", "dense": "begin"}.get(sampler, sampler)


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One way to go wrong."""

    title: str
    """In tables."""
    says: str
    """What was done, and what it does: a sentence or two."""
    lacks: str = ""
    """Why it may be that nothing is known of it."""


@dataclass(frozen=True, kw_only=True)
class Judged(Slip):
    """One that is judged from the features of the right protocol."""

    rules: Callable[[Protocol, Listed], Rules] = rules_of
    """What is ranked against what."""
    counted: Callable[[Retrieval], Retrieval] = dropped
    """How queries without a match are."""
    reranked: bool = False
    """By k-reciprocal neighbours."""


SLIPS: dict[str, Slip] = {
    "frame-cameras": Judged(
        title="Cameras of frames taken for those of tracklets",
        says=(
            "Cameras were listed once a frame and looked up once a tracklet: tracklet i gets the"
            " camera of frame i. Matches of the query's own camera stay in, others fall out, and a"
            " query that is in the gallery may find itself."
        ),
        rules=cameras_of_frames,
    ),
    "nothing-left-out": Judged(
        title="Nothing left out of the gallery",
        says=(
            "Matches of the query's own camera are kept. Where the gallery holds the queries, each"
            " finds itself first: its Rank-1 of 100 % says nothing."
        ),
        rules=nothing_left_out,
    ),
    "itself-left-out": Judged(
        title="Same camera kept, the query itself left out",
        says="Matches of the query's own camera are kept, but for the query itself.",
        rules=itself_left_out,
    ),
    "counted-as-wrong": Judged(
        title="Queries without a match counted as wrong",
        says=(
            "Their AP counts as 0 and they are found at no rank, where they should take part in no"
            " mean."
        ),
        counted=counted_as_wrong,
    ),
    "other-gallery": Judged(
        title="The other gallery (queries left out, or put in)",
        says=(
            "Queries are missing from a gallery that holds them by its protocol, or are put into"
            " one that does not. Without them, a query that only other queries match has no match,"
            " and is dropped."
        ),
        rules=other_gallery,
    ),
    "other-gallery-counted": Judged(
        title="The other gallery, and queries without a match counted as wrong",
        says="Both slips at once: what the gallery lacks is the query's fault.",
        rules=other_gallery,
        counted=counted_as_wrong,
    ),
    BEST_EPOCH: Slip(
        title="Best epoch on the test set",
        says="Of each training, the kept epoch with the highest mAP on these very queries.",
        lacks="no epochs were kept (`evaluation.epochs` of the profile)",
    ),
    OTHER_CLIPS: Slip(
        title="The other test clips",
        says=(
            "One clip of each tracklet's first frames (begin) where all frames (dense) are right,"
            " or the other way round."
        ),
        lacks="begin and dense clips were not both run (`evaluation.samplers` of the profile)",
    ),
    "re-ranked": Judged(
        title="Re-ranked",
        says=(
            "By k-reciprocal neighbours: each query is ranked by help of all other queries, which"
            " a system that answers one at a time does not have."
        ),
        reranked=True,
    ),
}
"""Name → slip, in the order of tables."""


def misjudge(
    features: Path,
    manifest: Path,
    protocol: Protocol,
    sampler: str,
    feature: str,
    reranking: Reranking | None,
) -> pa.Table:
    """Judge one feature set at one sampler with every slip that needs no other features.

    Returns slip, tracklet, pid, ap and first_hit of every query; a query that takes part in no mean
    has NaN and 0, one that is counted although it has no match, 0 and NOWHERE. Raises DataError at
    features that are not finite.
    """
    table = read_feature_table(features)
    table = table.filter(pc.equal(table["sampler"], sampler))
    sets, test = feature_sets(table), listed(features, table["tracklet"].to_numpy(), manifest)
    sums = {name: parts for name, parts in sums_of(sets).items() if name == feature}
    parts = {name: sets[name] for name in sums.get(feature, [feature])}
    judged = []
    for name, slip in SLIPS.items():
        if not isinstance(slip, Judged):
            continue
        rules = slip.rules(protocol, test)
        by = (reranking or Reranking()) if slip.reranked else None
        try:
            found = _found(parts, sums, test, rules, by)
        except ValueError as error:
            raise DataError(f"{features}: {error}: train and extract again") from None
        judged.append(_queries(name, test, rules, slip.counted(found[feature])))
    return pa.concat_tables(judged)


def _found(
    parts: Mapping[str, np.ndarray],
    sums: Mapping[str, Sequence[str]],
    test: Listed,
    rules: Rules,
    reranking: Reranking | None,
) -> dict[str, Retrieval]:
    """Feature set → what its queries find by these rules: nothing where a slip leaves no
    gallery. Raises ValueError as rank_features."""
    if not len(rules.gallery):
        none, nan = np.zeros_like(rules.queries), np.full(len(rules.queries), np.nan)
        nothing = Retrieval(ap=nan, inp=nan, first_hit=none, matches=none, candidates=none)
        return dict.fromkeys([*parts, *sums], nothing)
    ranked = rank_features(
        {part: values[rules.queries] for part, values in parts.items()},
        {part: values[rules.gallery] for part, values in parts.items()},
        query_pids=test.pids[rules.queries],
        gallery_pids=test.pids[rules.gallery],
        query_camids=rules.query_cameras,
        gallery_camids=rules.gallery_cameras,
        sums=sums,
        reranking=reranking,
        shown=1,
    )
    return {name: one.retrieval for name, one in ranked.items()}


def _queries(slip: str, test: Listed, rules: Rules, found: Retrieval) -> pa.Table:
    return pa.table(
        {
            "slip": [slip] * len(rules.queries),
            "tracklet": test.numbers[rules.queries],
            "pid": test.pids[rules.queries],
            "ap": found.ap,
            "first_hit": found.first_hit,
        }
    )
