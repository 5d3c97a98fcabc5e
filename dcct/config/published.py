"""Published numbers, where each was read, and as far as it is known how they were made: what ours
are held against, by code, and what they stand beside."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from dcct.config.metric import PublishedName
from dcct.config.section import Line, Model

Percents = Annotated[
    dict[PublishedName, Annotated[float, Field(ge=0, le=100)]], Field(min_length=1)
]
"""Metric → percent."""


def _said(text: str) -> str:
    if not text:
        raise ValueError("is empty: say it in words")
    return text


Said = Annotated[Line, AfterValidator(_said)]
HOW = {"values", "settings", "weights", "protocol", "sets", "remarks"}
"""Keys of a paper whose numbers ours are compared with: all of them, or none."""


class Method(Model):
    """A method of the field."""

    venue: Said
    """Where it appeared."""
    year: int = Field(ge=1990, le=2100)
    """When."""
    kind: Literal["CNN", "transformer", "unknown"]
    """What it is, as the source says; unknown where it says nothing."""
    values: dict[str, Percents] = {}
    """Data set → metric → percent. What the source leaves empty is left out."""
    variant: str | None = None
    """In place of `values`: the variant of ours that reproduces it, whose numbers the file has."""

    @model_validator(mode="after")
    def _has_numbers(self):
        if bool(self.values) == bool(self.variant):
            raise ValueError("give values, or the variant whose values they are")
        return self


class Published(Model):
    """Numbers that were verified, and nothing else: of a paper that variants of ours reproduce,
    with its way of making them as far as it is known; of other methods, as a source prints
    them."""

    source: Said
    """Where the numbers were verified: which table of which publication, and whose numbers they
    are."""
    kinds: Said | None = None
    """Where the methods' kinds were read; in the source, unless given."""
    methods: dict[Said, Method] = {}
    """Name as printed → method of the field."""
    values: dict[str, dict[str, Percents]] = {}
    """Variant → data set → metric → percent. A number that is absent was not verified."""
    settings: dict[str, dict[str, Any]] = {}
    """Section of a profile → key → value. Keys that are absent change no number."""
    weights: list[dict[str, str]] = []
    """Initial weights, each a way to name the same ones (the profile's `weights`)."""
    protocol: dict[str, Any] = {}
    """What every result row says of how it was evaluated; without it, nothing is known of that."""
    sets: dict[str, dict[str, Any]] = {}
    """Data set → what result rows on it say besides. The numbers apply to these data sets alone."""
    remarks: dict[str, str] = {}
    """What no code can compare: `all`, or a data set → a sentence that stands below every table."""

    @field_validator("methods", mode="wrap")
    @classmethod
    def _each_once(cls, content: Any, handler: ValidatorFunctionWrapHandler) -> dict[str, Method]:
        methods = handler(content)
        if len(methods) < len(content):
            raise ValueError("two names differ in spaces alone: name each method once")
        return methods

    @model_validator(mode="after")
    def _whole(self):
        absent = HOW - self.model_fields_set
        if absent and (absent < HOW or not self.methods):
            raise ValueError(
                f"{', '.join(sorted(absent))}: missing: give methods alone, or say in all of these"
                " how values of variants were made"
            )
        for name, method in self.methods.items():
            if method.variant and not self.values.get(method.variant):
                raise ValueError(f"methods.{name}.variant: {method.variant} has no values here")
        return self
