"""Prompt-completion JSONL, the form that TRL reads (https://huggingface.co/docs/trl/dataset_formats), and our
own trainer.

    {"rollout_id": "5f…", "prompt": [{"role": "user", "content": "What is 2 + 3?"}],
     "completion": [{"role": "assistant", "content": "<think>\\n2 + 3 = 5.\\n</think>\\n\\n5"}]}

A trace of domain general may have no thought, and is its answer alone.
"""

import pyarrow as pa

from r1data.train.exports.form import MESSAGES, TEXT, TRACE, Form, Row, completion


def row(trace: Row, place: int) -> Row:
    """One line."""
    return {
        "rollout_id": trace["rollout_id"],
        "prompt": trace["messages"],
        "completion": [completion(trace)],
    }


FORM = Form(
    "trl",
    TRACE,
    "Mixes of traces, such as shortest_correct,",
    row,
    pa.schema([("rollout_id", TEXT), ("prompt", MESSAGES), ("completion", MESSAGES)]),
)
