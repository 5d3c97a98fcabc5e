"""A table: which rows it has, and which published numbers stand below them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dcct.config.section import Model


class Published(Model):
    """Numbers of the paper's full method that were verified, to stand beside ours; never mixed with them."""

    source: str
    """Where they were verified."""
    sets: dict[str, dict[str, float]]
    """Benchmark → metric → percent. A metric that is absent was not verified."""


class Table(Model):
    title: str
    """Heading."""
    about: str
    """What the table shows, in a sentence or two."""
    compare: Literal["variants", "features", "samplers", "pairs", "cross"]
    """variants: one row each, at its headline feature set; features: one row per feature set of each variant; samplers:
    one row per way of drawing test clips; pairs: differences between two variants on the same queries; cross: like
    variants, on data sets other than the one trained on (the profile's cross)."""
    rows: list[str] = []
    """Variants in order (not for pairs); `chance` is the exact expectation of a random ranking."""
    pairs: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = []
    """Pairs of variants (A, B) for A − B (compare: pairs)."""
    published: Published | None = None
    """The paper's numbers, shown below ours."""

    @model_validator(mode="after")
    def _rows_or_pairs(self):
        if (self.compare == "pairs") != bool(self.pairs) or bool(self.pairs) == bool(self.rows):
            raise ValueError("give pairs for `compare: pairs`, rows for anything else")
        return self
