"""What every section of every config file is: frozen, strict about types, closed to unknown
keys."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Line = Annotated[str, AfterValidator(lambda text: " ".join(text.split()))]
"""A text of one line, however it is written."""


class Model(BaseModel):
    """Base of every section. A key's docstring is its description in the editor schemas."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )
