"""A loop: nights and students in the order in which one needs the other, such as R1's four stages."""

from pathlib import Path

from pydantic import Field, model_validator

from r1data.paths import PROJECT
from r1data.recipe.section import Section, Word


class Stage(Section):
    """One night or one student."""

    what: str
    """One sentence for people."""
    recipe: Word
    """A file of recipes: whose night it is, or whose corpus the student reads."""
    student: Word | None = None
    """A file of recipes/students; a night of the recipe without it."""

    @property
    def file(self) -> Path:
        """The recipe's file."""
        return PROJECT / "recipes" / f"{self.recipe}.toml"


class Loop(Section):
    """A file of recipes/loops."""

    name: Word
    stages: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _recipes_exist(self) -> "Loop":
        for stage in self.stages:
            if not stage.file.is_file():
                raise ValueError(f"there is no recipe {stage.recipe} in recipes/")
        return self
