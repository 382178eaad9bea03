"""What a judge is asked, and what it says."""

from dataclasses import dataclass

from r1data.verify.verdict import Word


@dataclass(frozen=True)
class Question:
    """One thing to judge."""

    question_id: str
    """Names it; seeds of votes derive from it."""
    task: str
    """Text of the prompt that was answered."""
    answer: str
    """What is judged: the final answer, or the whole completion where the rubric looks at all of it."""
    reference: str | None = None
    """Known-good answer, for rubrics that compare with one."""
    other: str | None = None
    """The second answer, for rubrics that compare two."""
    criteria: tuple[str, ...] = ()
    """Criteria of this task, in place of the rubric's own."""


@dataclass(frozen=True)
class Vote:
    """One reply of the judge."""

    swapped: bool
    """Whether what it compares, or the criteria, stood in the other order."""
    word: str | None
    """The word of the rubric that it chose; None when the reply could not be read."""
    margin: float | None
    """Difference of the probabilities of the two likeliest words, 0 to 1; None when the engine gives none."""
    reply: str
    """The raw reply."""


@dataclass(frozen=True)
class Judgement:
    """What a judge says of one question."""

    verdict: Word
    """Of two answers: whether the first is better."""
    reward: float | None
    """0.0 wrong … 1.0 right, the share of met criteria in between; None when unknown."""
    reason: str
    """One word of JUDGE_REASONS."""
    margin: float | None
    """The least of its first two votes."""
    votes: tuple[Vote, ...]
    elapsed_s: float = 0.0
    """Seconds from the first question to the last vote."""


JUDGE_REASONS = {
    "judged_right": "right: the judge accepts it, in both orders",
    "judged_wrong": "wrong: the judge rejects it, in both orders",
    "no_answer": "wrong: there is nothing to judge, and the judge was not asked",
    "unsure": "unknown: the judge cannot tell",
    "swapped": "unknown: the judge changes its mind when what it compares is swapped",
    "split": "unknown: the margin was low, and further votes do not agree",
    "unreadable_reply": "unknown: the judge's reply cannot be read",
    "too_long": "unknown: the answer is too long to be judged, and the judge was not asked",
    "rejected": "unknown: the question does not fit the judge's context, or cannot be shown to it",
    "no_reply": "unknown: the engine gave no reply",
}
"""The closed vocabulary of reasons of a judge."""
