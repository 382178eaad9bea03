"""Preference pairs in JSONL, TRL's conversational preference form with explicit prompt
(https://huggingface.co/docs/trl/dataset_formats).

    {"prompt": [{"role": "user", "content": "What is 2 + 3?"}],
     "chosen": [{"role": "assistant", "content": "<think>\\n2 + 3 = 5.\\n</think>\\n\\n5"}],
     "rejected": [{"role": "assistant", "content": "<think>\\n2 + 3 = 6.\\n</think>\\n\\n6"}],
     "chosen_id": "5f…", "rejected_id": "a1…"}
"""

import pyarrow as pa

from r1data.train.exports.form import MESSAGES, PAIR, TEXT, Form, Row, completion


def row(pair: Row, place: int) -> Row:
    """One line."""
    return {
        "prompt": pair["messages"],
        "chosen": [completion(pair, "chosen_")],
        "rejected": [completion(pair, "rejected_")],
        "chosen_id": pair["chosen_id"],
        "rejected_id": pair["rejected_id"],
    }


FORM = Form(
    "dpo",
    PAIR,
    "Mixes of pairs, such as preference_pairs,",
    row,
    pa.schema(
        [(name, MESSAGES) for name in ("prompt", "chosen", "rejected")]
        + [("chosen_id", TEXT), ("rejected_id", TEXT)]
    ),
)
