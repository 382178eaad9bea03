"""Section [judge] of a night's recipe: which model judges what no rule decides, and when it has a vote."""

from typing import Annotated, Any, Literal

from pydantic import Field

from r1data.recipe.generate import Generate
from r1data.recipe.section import Section, Word

JudgedDomain = Literal["math", "code", "stem", "logic", "instruction", "general"]


class CalibrationSource(Section):
    """Rows with known verdicts that a judge is measured on."""

    name: Word
    source: Literal["files", "templates"] = "files"
    """`templates`: computed tasks, each with its reference in other words (right) and with another answer
    (wrong); `files`: rows that people or graders labelled.
    """
    path: str | None = None
    """files: one file or a folder of them (JSONL, CSV, both also as .gz, or Parquet), here or at `s3://` or
    `hf://`. `${NAME}` is an environment variable.
    """
    columns: dict[str, str] = Field(default_factory=dict)
    """files: which column of the file is our `question`, `answer`, `other` (pairwise: the second answer),
    `reference`, `criteria`, `verdict` or `domain`; those of the same name without it.
    """
    question_columns: tuple[str, ...] = ()
    """files: columns whose texts, one below the other, are the question, in place of `columns.question`."""
    right: tuple[str, ...] = ("right", "true", "1")
    """files: values of the column `verdict`, in any case, that mean right, or that `answer` is better. A
    list, such as which criteria are met, means right if all of its items do, and wrong likewise.
    """
    wrong: tuple[str, ...] = ("wrong", "false", "0")
    """files: values that mean wrong, or that `other` is better. Rows with another value are left out."""
    rubric: str = "reference_match"
    """Name of a rubric, or a path that ends in `.md`."""
    domain: JudgedDomain | None = None
    """Domain of rows that name none. Without either, a row of a file counts for every domain that has no rows
    of its own, and a computed one for math.
    """
    n: int = Field(default=200, ge=1)
    """Rows that are asked, at most, drawn by their hash; as many right as wrong ones if there are enough."""


class Judge(Section):
    """A model that judges, how it is asked, and what it must be measured at before its verdicts count."""

    generate: Generate
    """Who is asked and how, as in [generate]; its teacher is the judge, at temperature 0."""
    rubrics: dict[JudgedDomain, tuple[str, ...]] = Field(default_factory=dict)
    """Rubrics for prompts of a domain whose verifier is `judge` and names none, or that have no reference.
    All of them must be met.
    """
    judge_wrong: bool = True
    """Whether the judge is also asked about answers that a rule calls different from a reference which is no
    number. Its verdict is stored; the rule's stands unless a mix says otherwise.
    """
    max_answer_chars: Annotated[int, Field(ge=1)] = 20_000
    """A longer answer is unknown(too_long), and the model is not asked."""
    min_margin: float = Field(default=0.5, ge=0, le=1)
    """Least difference of the probabilities of the two likeliest words; below it further votes are taken.
    Engines that give no probabilities never fall below it.
    """
    extra_votes: int = Field(default=4, ge=0)
    """Further votes at a low margin, half of them swapped, at `vote_temperature`."""
    vote_temperature: float = Field(default=0.7, gt=0)
    calibration: tuple[CalibrationSource, ...] = ()
    """Without any, the judge has no vote."""
    canaries: int = Field(default=8, ge=1)
    """Labelled rows that each attack is tried on."""
    min_kappa: float = Field(default=0.6, ge=-1, le=1)
    """Least Cohen's κ with the labels: the lower end of its 95 % interval."""
    max_false_positives: float = Field(default=0.1, ge=0, le=1)
    """Largest share of wrong rows that it calls right."""
    max_false_negatives: float = Field(default=0.3, ge=0, le=1)
    """Largest share of right rows that it calls wrong."""
    max_position_bias: float = Field(default=0.2, ge=0, le=1)
    """Largest share of rows on which it changes its mind when what it compares is swapped."""
    min_decided: float = Field(default=0.5, ge=0, le=1)
    """Least share of rows that it decides."""
    min_rows: int = Field(default=30, ge=2)
    """Fewest labelled rows of a domain."""
    required: bool = False
    """Whether a judge without a vote stops the night."""

    def identity(self) -> dict[str, Any]:
        """What of this section changes a verdict, the model aside."""
        own = {"max_answer_chars", "min_margin", "extra_votes", "vote_temperature"}
        of_engine = {"max_tokens": self.generate.max_tokens, "context_tokens": self.generate.context_tokens}
        return self.model_dump(mode="json", include=own) | of_engine
