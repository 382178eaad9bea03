"""Tasks of reasoning-gym, judged by the task's own scorer; only full marks are right.

Source: Stojanovski et al., 2025, https://github.com/open-thought/reasoning-gym.
"""

from importlib.metadata import version
from typing import Any

from r1data.verify.answer import bare, stated
from r1data.verify.verdict import Deferred, Verdict, right, unknown, wrong

VERSION = f"reasoning_gym-1+{version('reasoning-gym')}"


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict | Deferred:
    """Have what the completion states as its answer scored.

    `args`: `task`, the name in reasoning-gym, and `metadata`, what the task stored with the item.
    """
    if not reference or "task" not in args:
        return unknown("bad_reference")
    answer = stated(completion)
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

    The answer is scored as stated and, if that is not right, without surrounding marks and the final period;
    the better one counts.
    """
    from reasoning_gym.factory import get_score_answer_fn

    score = get_score_answer_fn(task)
    entry = {"question": "", "answer": reference, "metadata": metadata}
    reward = float(score(answer, entry))
    if reward < 1 and (shorter := bare(answer)) != answer:
        reward = max(reward, float(score(shorter, entry)))
    reward = min(max(reward, 0.0), 1.0)
    return right("scored", answer) if reward == 1 else wrong("partial", answer, reward)
