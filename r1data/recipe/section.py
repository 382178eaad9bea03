"""The base of every recipe section: frozen, typed, and closed to keys that it does not know."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$")]
"""A name that is also a partition key or a folder: lower-case letters, digits, `_` and `-`."""


class Section(BaseModel):
    """One table of a TOML file; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
