"""The reward of a completion, for verl: `custom_reward_function.path=…/compute_score.py`.

It needs r1data beside verl, without its extras, and nothing else of this folder. verl cannot leave a
completion out of a group, so what no verifier can decide is worth 0; `unknown` counts those.
"""

import json
from typing import Any

from r1data.train.r1_zero import as_trace
from r1data.verify import verify

WEIGHTS = {"accuracy": 1.0, "format": 1.0, "language": 1.0}
"""What is added: `accuracy` is the prompt's own verifier, the others look at form alone; as R1's first
stage.
"""
PREFIX = ""
"""What the chat template puts at the start of a completion, such as `<think>\\n`; verl's texts lack it."""
TEMPLATE = "chat"
"""Of `r1_zero`, completions are read as that template wants them."""


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: dict[str, Any] | None = None,
    **_: Any,
) -> dict[str, float]:
    """Reward of one completion: `score` is what verl learns from, the other numbers it logs.

    Args:
        data_source: column of that name.
        solution_str: the completion, as text.
        ground_truth: `reward_model.ground_truth`.
        extra_info: column of that name.
    """
    extra = extra_info or {}
    completion = PREFIX + (as_trace(solution_str) if TEMPLATE == "r1_zero" else solution_str)
    parts: dict[str, float] = {}
    unknown = 0.0
    for name in WEIGHTS:
        if name == "accuracy":
            arguments = json.loads(extra.get("verifier_args") or "{}")
            verdict = verify(extra["verifier"], completion, ground_truth or None, **arguments)
        elif name == "language":
            verdict = verify(name, completion, language=extra.get("language") or "en")
        else:
            verdict = verify(name, completion)
        unknown = 1.0 if verdict.reward is None else unknown
        parts[name] = verdict.reward or 0.0
    score = 0.0 if unknown else sum(WEIGHTS[name] * reward for name, reward in parts.items())
    return {"score": score, "unknown": unknown, **parts}
