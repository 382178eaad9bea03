"""The protocol of a judge: what is asked of one question, and what its votes come to.

Every question is asked twice, the second time swapped: reference and answer, or the two answers, change
places, or else criteria and words stand in the reverse order. A verdict is only what both times agree on.
Where the engine gives probabilities and the judge was not sure, it is asked further times at a higher
temperature. Nothing that cannot be read ever counts as a win.
"""

from collections import Counter
from collections.abc import Sequence

from r1data import ids
from r1data.errors import SchemaError
from r1data.generate.engine import Completion, Request
from r1data.generate.render import render
from r1data.judge.margin import margin
from r1data.judge.parse import Found, read_criteria, read_word
from r1data.judge.question import Judgement, Question, Vote
from r1data.judge.rubric import Rubric
from r1data.judge.template import CRITERION_WORDS, criteria_of, fill, schema
from r1data.recipe import Judge, Teacher
from r1data.text import thought, with_tags
from r1data.verify.verdict import Word

TOP_LOGPROBS = 20
"""As many as vLLM and OpenAI give at most."""
FIRST = 2
"""Votes of every question that is asked: as it is, and swapped."""
_FLIPPED: dict[Word, Word] = {"right": "wrong", "wrong": "right", "unknown": "unknown"}
_MOST = 2 / 3


def unasked(rubric: Rubric, question: Question, settings: Judge) -> Judgement | None:
    """What needs no model: nothing to judge, or too much; None when the judge is to be asked.

    Raises:
        SchemaError: the question lacks what the rubric needs.
    """
    _check(rubric, question)
    texts = [question.answer, question.other or ""] if rubric.compares else [question.answer]
    if not _says_something(question.answer) and _says_something(question.reference or "x"):
        return Judgement("wrong", 0.0, "no_answer", None, ())
    if any(len(text) > settings.max_answer_chars for text in texts):
        return Judgement("unknown", None, "too_long", None, ())
    return None


def is_swapped(index: int) -> bool:
    """Whether vote `index` (from 0) is a swapped one."""
    return index % 2 == 1


def request(
    rubric: Rubric, question: Question, index: int, teacher: Teacher, settings: Judge, judge_id: str
) -> Request:
    """Vote `index` (from 0) of a question, as an engine is asked for it; its seed derives from the question.

    A teacher that thinks (`thinking = true`) writes freely, since structured decoding would leave no room for
    its thought.
    """
    asked = fill(rubric, question, swapped=is_swapped(index))
    name = ids.digest("judge", judge_id, rubric.digest, question.question_id, index)
    structured = not teacher.thinking
    n_criteria = len(criteria_of(rubric, question)) if rubric.kind == "criteria" else 0
    temperature = 0.0 if index < FIRST else settings.vote_temperature
    return Request(
        rollout_id=name,
        prompt_id=question.question_id,
        index=index,
        messages=render(teacher, [{"role": "user", "content": asked}], rubric.name),
        seed=ids.seed(name),
        max_tokens=settings.generate.max_tokens,
        sampling=teacher.sampling.model_copy(update={"temperature": temperature}),
        prefill=teacher.prefill,
        thinking=teacher.thinking,
        thought_marks=teacher.thought_marks,
        choices=tuple(rubric.words) if structured else (),
        json_schema=schema(n_criteria) if structured and n_criteria else None,
        top_logprobs=TOP_LOGPROBS,
    )


def vote(rubric: Rubric, question: Question, asked: Request, completion: Completion) -> Vote:
    """Read a reply. One that did not end by itself says nothing."""
    text = with_tags(completion.text, asked.thought_marks)
    begins = thought(text).answer_start
    said = "" if begins is None or completion.finish_reason != "stop" else text[begins:].strip()
    swapped = is_swapped(asked.index)
    n = len(criteria_of(rubric, question))
    if rubric.kind == "criteria":
        found = read_criteria(said, n) or []
        words: Sequence[str] = CRITERION_WORDS
    else:
        one = read_word(said, rubric.words, compares=rubric.compares)
        found, words = ([one] if one else []), tuple(rubric.words)
    sure = _margin(words, completion, said, found)
    if not found:
        return Vote(swapped, None, None, completion.text)
    own_order = found[::-1] if swapped else found
    return Vote(swapped, " ".join(one.word for one in own_order), sure, completion.text)


def is_unsure(rubric: Rubric, question: Question, votes: Sequence[Vote], settings: Judge) -> bool:
    """Whether the first two votes agree on a verdict, but with too low a margin to count without others."""
    sure = least_margin(votes)
    said = {meaning(rubric, question, one)[0] for one in votes[:FIRST]}
    return len(said) == 1 and said < {"right", "wrong"} and sure is not None and sure < settings.min_margin


def least_margin(votes: Sequence[Vote]) -> float | None:
    """The least margin of the first two votes; None when the engine gave none."""
    return min((one.margin for one in votes[:FIRST] if one.margin is not None), default=None)


def decide(rubric: Rubric, question: Question, votes: Sequence[Vote], elapsed_s: float) -> Judgement:
    """What the votes come to: two of them, or with the further ones of a low margin."""
    meant = [meaning(rubric, question, one) for one in votes]
    sure = least_margin(votes)

    def unknown(reason: str) -> Judgement:
        return Judgement("unknown", None, reason, sure, tuple(votes), elapsed_s)

    if any(one.word is None for one in votes[:FIRST]):
        return unknown("unreadable_reply")
    if meant[0][0] != meant[1][0]:
        return unknown("swapped")
    verdict = meant[0][0]
    if verdict == "unknown":
        return unknown("unsure")
    agreeing = [is_swapped(index) for index, one in enumerate(meant) if one[0] == verdict]
    orders, agreed = Counter(map(is_swapped, range(len(votes)))), Counter(agreeing)
    if len(agreeing) <= _MOST * len(votes) or any(2 * agreed[order] <= n for order, n in orders.items()):
        return unknown("split")
    rewards = [reward for word, reward in meant if word == verdict]
    return Judgement(verdict, sum(rewards) / len(rewards), f"judged_{verdict}", sure, tuple(votes), elapsed_s)


def meaning(rubric: Rubric, question: Question, one: Vote) -> tuple[Word, float]:
    """Verdict and reward of a vote; unknown with 0.0 when it could not be read, or the judge was not sure."""
    if one.word is None:
        return "unknown", 0.0
    if rubric.kind == "criteria":
        return _of_criteria(rubric, question, one.word.split())
    verdict = rubric.words[one.word]
    if rubric.compares and one.swapped:
        verdict = _FLIPPED[verdict]
    return verdict, float(verdict == "right")


def _of_criteria(rubric: Rubric, question: Question, said: Sequence[str]) -> tuple[Word, float]:
    """Right or wrong where no criterion that the judge is unsure of could change that."""
    required = () if question.criteria else rubric.required
    share = said.count("yes") / len(said)
    possible = share + said.count("unsure") / len(said)
    needed = rubric.min_met - 1e-9  # 0.8 of five criteria are four
    needs = [said[number - 1] for number in required]
    if possible < needed or "no" in needs:
        return "wrong", share
    if share >= needed and "unsure" not in needs:
        return "right", share
    return "unknown", share


def _margin(words: Sequence[str], completion: Completion, said: str, found: Sequence[Found]) -> float | None:
    if not completion.logprobs:
        return None
    margins = [margin(words, completion.logprobs, said, one.start, TOP_LOGPROBS) for one in found]
    return min((one for one in margins if one is not None), default=None)


def _check(rubric: Rubric, question: Question) -> None:
    lacks = None
    if rubric.needs_reference and question.reference is None:
        lacks = "a reference"
    elif rubric.compares and question.other is None:
        lacks = "a second answer"
    elif rubric.kind == "criteria" and not criteria_of(rubric, question):
        lacks = "criteria"
    if lacks:
        raise SchemaError(
            f"Question {question.question_id} lacks {lacks}, which rubric {rubric.name} needs. Ask it by "
            "another rubric."
        )


def _says_something(text: str) -> bool:
    return any(letter.isalnum() for letter in text)
