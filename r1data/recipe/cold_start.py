"""Section [cold_start] of a night's recipe: long thoughts that are refined, reviewed, and taught first."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from r1data.recipe.generate import Generate
from r1data.recipe.section import Section

Mark = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

INSTRUCTION = (
    "Below are a question, a draft of the thoughts that solve it, and its answer. Rewrite the thoughts so "
    "that they read well: whole sentences, short paragraphs, one language, nothing repeated. Keep every "
    "step, every check and every correction. Then write a summary for the reader that ends with the same "
    "answer in the same form. Write the thoughts between <think> and </think>, and the summary after them."
)


class ColdStart(Section):
    """How rows of cold start are made. Each of the two steps says like [generate] who is asked and how."""

    n_prompts: int = Field(default=16, ge=1)
    """Kept prompts of a night that are asked, in the order of their ids, which are hashes."""
    rollouts: Generate
    """The first step: a teacher whose few-shots show long thoughts with reflection and verification."""
    refine: Generate
    """The second step: the model that rewrites a thought and adds a summary. It must not think on its own
    account: its thought is the rewritten one. Of several attempts at one thought the first good one counts.
    """
    instruction: str = Field(default=INSTRUCTION, min_length=1)
    """What the refiner is told, in front of language, question, thoughts and answer."""
    pattern: tuple[Mark, Mark] = ("<think>", "</think>")
    """What stands before and after the thought of a finished row, in front of its summary; both may be the
    same, as R1's `|special_token|`.
    """
    needs_approval: bool = True
    """Whether a row that nobody has reviewed is left out."""

    @model_validator(mode="after")
    def _asks_no_unsolved(self) -> Self:
        for name in ("rollouts", "refine"):
            if getattr(self, name).unsolved.prompts_per_night:
                message = "cold start asks tonight's prompts only; leave out [cold_start.{name}.unsolved]"
                raise PydanticCustomError("unsolved", message, {"name": name})
        return self
