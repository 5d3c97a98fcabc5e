"""Rows of our tables that are not ours: features that somebody else's program made, and a method
of somebody else's that is trained as our variants are."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, RootModel, model_validator

from dcct.config.names import usable_path
from dcct.config.section import Line
from dcct.config.variant import Branch, Distill, Variant

MARK = "◇"
"""Ends the title of what is not ours, wherever that stands."""
PLACEHOLDER = re.compile(r"\{(?:dataset|split|seed)\}")
ENTRY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
BUILT_WITH = ("num_identities", "clip_length", "height", "width")
"""Arguments that every method gets from us."""
TEXT = ("title", "headline", "about")
"""Keys that decide no network."""
Value = str | bool | int | float | None
"""An argument, or one of a list."""


def _marked(title: str) -> str:
    return title if title.endswith(MARK) else f"{title} {MARK}"


def _template(path: str) -> str:
    """A path in which data set, split and seed may stand in braces."""
    try:
        usable_path(PLACEHOLDER.sub("0", path))
    except ValueError as error:
        raise ValueError(f"{error} (but {{dataset}}, {{split}} and {{seed}})") from None
    return path


def _entry(name: str) -> str:
    if not ENTRY.fullmatch(name):
        raise ValueError("name a module and a function in it, as in package.module:function")
    return name


class Foreign(Variant):
    """What is not ours has no part of DCCT: what a variant says of those is as empty here."""

    title: Annotated[Line, AfterValidator(_marked)]
    """Name in tables and figures, where it ends with ◇: not ours."""
    headline: Line  # type: ignore[assignment]  # ours are of DCCT's feature sets
    """Feature set that tables report: any that it has."""
    about: Line = ""
    """What it is and whose, in the note below tables."""
    branches: list[Branch] = []
    cca: list[Literal["self", "cross"]] = []
    hta: None = None
    distill: Distill = Distill(feature=False, logit=False)
    backbone_of: None = None
    network: None = None

    @model_validator(mode="after")
    def _parts_fit(self):
        own = [key for key in Variant.model_fields if key not in ("title", "headline", "trained")]
        given = [key for key in own if key in self.model_fields_set]
        if given:
            raise ValueError(f"{given[0]} is of DCCT, and this is not ours: leave it out")
        return self

    @property
    def source(self) -> str:
        """What it is, for a note."""
        raise NotImplementedError


class ForeignFeatures(Foreign):
    """Features of the test tracklets, from files."""

    features: Annotated[str, AfterValidator(_template)]
    """A .parquet or .npz file for each data set, split and seed, which stand in its path as
    {dataset}, {split} and {seed}."""
    trained: Literal[False] = False
    """Nothing of it is trained here."""

    @property
    def source(self) -> str:
        return "features of another program, whose training we did not see"

    def has(self, split_is_first: bool, seed_is_first: bool) -> bool:
        """Whether there is a file of a split and seed: without {seed}, it is of the first one."""
        return ("{split}" in self.features or split_is_first) and (
            "{seed}" in self.features or seed_is_first
        )


class ForeignMethod(Foreign):
    """A torch module of somebody else's."""

    method: Annotated[str, AfterValidator(_entry)]
    """package.module:function, which builds it: see docs/methods.md."""
    args: dict[str, Value | list[Value]] = {}
    """Arguments of the function beside num_identities, clip_length, height and width."""

    @model_validator(mode="after")
    def _arguments_are_its_own(self):
        if taken := [name for name in BUILT_WITH if name in self.args]:
            raise ValueError(f"args.{taken[0]} is given by the profile and the data: leave it out")
        return self

    @property
    def source(self) -> str:
        return f"a method of others, {self.method}, trained here with the profile's recipe"


class AnyVariant(RootModel[Variant | ForeignFeatures | ForeignMethod]):
    """A file of variants/."""


def kind_of(content: Any) -> type[Variant]:
    """Which of these a file describes."""
    keys = content if isinstance(content, dict) else {}
    return ForeignFeatures if "features" in keys else ForeignMethod if "method" in keys else Variant


def network_keys(variant: Variant) -> tuple[str, ...]:
    """Keys of a variant that decide its network and how it is trained; none of what has none."""
    if isinstance(variant, ForeignFeatures):
        return ()
    return tuple(key for key in type(variant).model_fields if key not in TEXT)
