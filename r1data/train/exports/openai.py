"""Conversations in JSONL and nothing else in a line, as OpenAI's fine-tuning takes them
(https://platform.openai.com/docs/guides/supervised-fine-tuning); OpenRLHF and Axolotl read them, too.

    {"messages": [{"role": "user", "content": "What is 2 + 3?"},
     {"role": "assistant", "content": "<think>\\n2 + 3 = 5.\\n</think>\\n\\n5"}]}
"""

import pyarrow as pa

from r1data.train.exports.form import MESSAGES, TRACE, Form, Row, conversation


def row(trace: Row, place: int) -> Row:
    """One line."""
    return {"messages": conversation(trace)}


FORM = Form(
    "openai", TRACE, "Mixes of traces, such as shortest_correct,", row, pa.schema([("messages", MESSAGES)])
)
