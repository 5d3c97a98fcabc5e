"""What a difference with its interval says of a claim that A is better than B."""

from dcct.evaluation.spread import MOST_SEEDS, Spread

SUPPORTED = "supported"
CONTRADICTED = "contradicted"
NO_EFFECT = "no effect worth counting"
UNDECIDED = "undecided"
ERROR = 0.05
"""Of a p-value that is corrected for all claims that are judged together."""


def verdict(mean: float, low: float, high: float, p_value: float, smallest: float) -> str:
    """Of A − B in percent, its 95 % interval and corrected p-value, where less than `smallest` does
    not count.

    supported: surely above zero, and as large as counts. contradicted: the same with A and B turned
    round. no effect worth counting: the whole interval is too small to count (a test of
    equivalence). Anything else is undecided.
    """
    if -smallest < low and high < smallest:
        return NO_EFFECT
    if p_value <= ERROR and low > 0 and mean >= smallest:
        return SUPPORTED
    if p_value <= ERROR and high < 0 and mean <= -smallest:
        return CONTRADICTED
    return UNDECIDED


def seeds_to_decide(mean: float, spread: Spread, smallest: float, verdicts: int) -> int | None:
    """How many trainings it takes to reach one of so many verdicts if they go on like this; None
    where no number does: then it takes other test identities."""
    for count in range(spread.counts[0] + 1, MOST_SEEDS + 1):
        expected = spread.with_trainings(count)
        corrected = min(verdicts * expected.p_value(mean), 1.0)
        if verdict(mean, *expected.interval(mean), corrected, smallest) != UNDECIDED:
            return count
    return None
