"""Prompts in JSONL with the columns that `r1data.train.rewards.Reward` reads, for TRL's GRPOTrainer.

{"prompt_id": "9c…", "prompt": [{"role": "user", "content": "What is 2 + 3?"}], "verifier": "math",
 "reference": "5", "verifier_args": "{}", "language": "en", "domain": "math", "source": "templates",
 "pass_rate": 0.5}
"""

import pyarrow as pa

from r1data.train.exports.form import MESSAGES, PROMPT, TEXT, Form, Row

_ASIDE = ("verifier", "reference", "verifier_args", "language", "domain", "source", "pass_rate")


def row(prompt: Row, place: int) -> Row:
    """One line."""
    return {"prompt_id": prompt["prompt_id"], "prompt": prompt["messages"]} | {
        name: prompt.get(name) for name in _ASIDE
    }


FORM = Form(
    "grpo",
    PROMPT,
    "Mixes of prompts, such as rl_prompts,",
    row,
    pa.schema(
        [("prompt_id", TEXT), ("prompt", MESSAGES)]
        + [(name, TEXT) for name in _ASIDE[:-1]]
        + [("pass_rate", pa.float64())]
    ),
)
