"""Section [readability]: from where on a trace is unreadable."""

from typing import Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from r1data.recipe.section import Section
from r1data.text import nearest

PROFILES: dict[str, dict[str, float]] = {
    "r1": {},
    "strict": {
        "max_repetition": 0.3,
        "max_paragraph_chars": 2000,
        "max_loop_chars": 100,
        "max_inner_loop_chars": 200,
        "max_compression_ratio": 10,
        "max_restated_share": 0.5,
        "min_thought_chars": 40,
    },
}
"""Thresholds by profile, where they differ from those of `r1`, which are the defaults of the keys."""


class Readability(Section):
    """When a trace is unreadable. R1 dropped long unbroken paragraphs and stray code blocks, and of what cold
    start began from what repeats itself. A key that is given goes before its profile.
    """

    profile: str = "r1"
    """`r1`, or `strict`: where readers are to like what they read."""
    max_repetition: float = Field(default=0.75, ge=0, le=1)
    """Largest share of repeated word 4-grams: that of four rounds of one text, the fewest that make a loop.
    The share grows with length whatever a text says, so a smaller one rejects long thoughts.
    """
    max_paragraph_chars: int = Field(default=5000, ge=1)
    """Most characters of a paragraph of the thought."""
    max_code_blocks: int = Field(default=0, ge=0)
    """Fenced code blocks in the thought of a prompt that is not of domain code."""
    max_loop_chars: int = Field(default=200, ge=0)
    """Most characters at the end of completion or thought that repeat one unit again and again."""
    max_inner_loop_chars: int = Field(default=400, ge=0)
    """Most characters anywhere that do; more than at an end, because answers hold lists and tables."""
    max_compression_ratio: float = Field(default=30, ge=1)
    """Largest factor by which zstd makes the completion smaller."""
    max_tag_errors: int = Field(default=0, ge=0)
    """Thought tags that are cut off or out of place, beyond those for which the form is wrong already."""
    max_leaked_tags: int = Field(default=0, ge=0)
    """Tokens of chat templates, beyond those for which the form is wrong already."""
    max_restated_share: float = Field(default=0.8, ge=0, le=1)
    """Largest share of the thought's word 4-grams that the prompt holds."""
    allow_thought_is_answer: bool = False
    """Whether a thought may have the words of the answer and no others."""
    min_thought_chars: int = Field(default=1, ge=0)
    """Fewest characters of a thought, but in domain general."""
    min_summary_chars: int = Field(default=1, ge=0)
    """Fewest characters behind the thought."""

    @model_validator(mode="before")
    @classmethod
    def _of_profile(cls, given: Any) -> Any:
        """The keys of the profile, then those that are given."""
        if not isinstance(given, dict):
            return given
        name = given.get("profile", "r1")
        if not isinstance(name, str) or name not in PROFILES:
            told = {"told": nearest(str(name), PROFILES)}
            raise PydanticCustomError("profile", "There is no profile {told}", told)
        return PROFILES[name] | given
