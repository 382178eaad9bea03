"""Conversations in JSONL, the conversational form of TRL (https://huggingface.co/docs/trl/dataset_formats).

    {"rollout_id": "5f…", "messages": [{"role": "user", "content": "What is 2 + 3?"},
     {"role": "assistant", "content": "<think>\\n2 + 3 = 5.\\n</think>\\n\\n5"}]}

The loss falls on the prompt, too, unless the trainer is told `assistant_only_loss=True`.
"""

import pyarrow as pa

from r1data.train.exports.form import MESSAGES, TEXT, TRACE, Form, Row, conversation


def row(trace: Row, place: int) -> Row:
    """One line."""
    return {"rollout_id": trace["rollout_id"], "messages": conversation(trace)}


FORM = Form(
    "messages",
    TRACE,
    "Mixes of traces, such as shortest_correct,",
    row,
    pa.schema([("rollout_id", TEXT), ("messages", MESSAGES)]),
)
