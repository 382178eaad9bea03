"""Tasks of reasoning-gym, judged by the task's own scorer; only full marks are right.

Source: Stojanovski et al., 2025, https://github.com/open-thought/reasoning-gym.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any

from r1data.verify.answer import bare, boxed, stated, tagged
from r1data.verify.verdict import Deferred, Verdict, right, unknown, wrong

VERSION = f"reasoning_gym-2+{version('reasoning-gym')}"
LESS_THAN_FULL = 0.99
"""What is left of more than full marks."""


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict | Deferred:
    """Have what the completion states as its answer scored: in `<answer>` tags, if it has any.

    `args`: `task`, the name in reasoning-gym, and `metadata`, what the task stored with the item.
    """
    if not reference or "task" not in args:
        return unknown("bad_reference")
    answer = tagged(completion) or stated(completion)
    if answer is None:
        return wrong("no_answer")
    return Deferred(
        {
            "task": args["task"],
            "answer": answer,
            "reference": reference,
            "metadata": args.get("metadata", {}),
        }
    )


def work(task: str, answer: str, reference: str, metadata: dict[str, Any]) -> Verdict:
    """Score an answer; a scorer may compute for long.

    The answer is scored as stated, without surrounding marks and the final period, and as its box; the best
    counts. Some scorers raise on an answer that they cannot read: it is wrong if they score the reference;
    the reference is bad if they do not, or if the item has no metadata, without which others raise. More than
    full marks, which one task gives for the reference with a tail, are not full marks.
    """
    score = _scorer(task)
    entry = {"question": "", "answer": reference, "metadata": metadata}
    try:
        rewards = [float(score(one, entry)) for one in _readings(answer)]
    except Exception:
        return wrong("unreadable", answer) if _scores_reference(score, entry) else unknown("bad_reference")
    if 1.0 in rewards:
        return right("scored", answer)
    return wrong("partial", answer, min(max(*rewards, 0.0), LESS_THAN_FULL))


@cache
def _scorer(task: str) -> Callable[[str, dict[str, Any]], float]:
    """The scorer of a task: made once in a process, since some read word lists or fonts for it."""
    from reasoning_gym.factory import get_score_answer_fn

    return get_score_answer_fn(task)


def _readings(answer: str) -> list[str]:
    """The ways to read an answer."""
    return list(dict.fromkeys((answer, bare(answer), boxed(answer) or answer)))


def _scores_reference(score: Callable[[str, dict[str, Any]], float], entry: dict[str, Any]) -> bool:
    """Whether a scorer gives the item's own answer full marks, knowing the item."""
    try:
        return bool(entry["metadata"]) and float(score(entry["answer"], entry)) == 1
    except Exception:  # the scorer's own failure, whatever it is
        return False
