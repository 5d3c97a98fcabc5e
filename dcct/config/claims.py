"""What a paper claims, each claim as a comparison that a run can decide: written before the run."""

from typing import Literal

from pydantic import Field

from dcct.config.metric import MetricName
from dcct.config.section import Line, Model


class Claim(Model):
    """A is better than B."""

    says: Line
    """The claim, in a sentence."""
    where: Line
    """Where the paper makes it."""
    a: str
    """The variant that is said to be better."""
    b: str
    """The variant that it is compared with."""
    metric: MetricName
    """By which."""
    direction: Literal["higher"]
    """Of A's metric, compared with B's: metrics of retrieval are better when they are higher."""
    smallest: float = Field(gt=0, le=100)
    """The smallest difference in percent that counts: less is no effect worth counting."""


class Claims(Model):
    source: Line
    """The paper."""
    claims: dict[str, Claim]
    """Name → claim, in the order in which they are shown."""

    @property
    def pairs(self) -> list[list[str]]:
        """The sides of every claim."""
        return [[claim.a, claim.b] for claim in self.claims.values()]
