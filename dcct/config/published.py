"""Numbers that a paper published, and how they were made: what ours are held against, by code."""

from typing import Any

from dcct.config.metric import PublishedName
from dcct.config.section import Model


class Published(Model):
    """Numbers that were verified, and nothing else; what the paper's way of making them was, as far
    as it is known."""

    source: str
    """Where the numbers were verified."""
    values: dict[str, dict[str, dict[PublishedName, float]]]
    """Variant → data set → metric → percent. A number that is absent was not verified."""
    settings: dict[str, dict[str, Any]]
    """Section of a profile → key → value. Keys that are absent change no number."""
    weights: list[dict[str, str]]
    """Initial weights, each a way to name the same ones (the profile's `weights`)."""
    protocol: dict[str, Any]
    """What every result row says of how it was evaluated."""
    sets: dict[str, dict[str, Any]]
    """Data set → what result rows on it say besides. The numbers apply to these data sets alone."""
    remarks: dict[str, str]
    """What no code can compare: `all`, or a data set → a sentence that stands below every table."""
