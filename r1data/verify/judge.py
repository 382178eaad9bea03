"""No rule decides: a completion with an answer is left to a judge (`r1data.judge`), one without is wrong.

    >>> verify("<think>A haiku about rain.</think>Rain on the tin roof.", None, {}).reason
    'no_rule'

What an answer is measured by stands in `verifier_args`, of a prompt or of its source:

    verifier_args = { rubrics = ["writing"], criteria = ["It rhymes.", "It has four lines."] }

Both are optional. Without `rubrics`, those of the prompt's domain count ([judge.rubrics] in the recipe).
"""

from pathlib import Path
from typing import Any

from r1data.text import nearest
from r1data.verify.answer import after_thought
from r1data.verify.verdict import Verdict, unknown, wrong

VERSION = "judge-1"
ARGS = ("rubrics", "criteria")
"""Names of rubrics, or paths that end in `.md` from the working directory, all of which must be met; and
criteria of this task, in place of a rubric's own.
"""


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Abstain, unless there is no answer; the reference, if there is one, is the judge's to read."""
    return wrong("no_answer") if after_thought(completion) is None else unknown("no_rule")


def misused(args: dict[str, Any]) -> str | None:
    """What is wrong with the arguments of a prompt or source; None when nothing is."""
    from r1data.judge.rubric import RUBRICS

    for name, value in args.items():
        if name not in ARGS:
            return f"has no {nearest(name, ARGS)}"
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            return f"has a `{name}` that is no list of texts"
    for name in args.get("rubrics", []):
        if name.endswith(".md"):
            if not Path(name).is_file():
                return f"names a rubric, and there is no file {name}"
        elif name not in RUBRICS:
            return f"names no rubric: {nearest(name, RUBRICS)}"
    return None
