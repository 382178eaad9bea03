"""ShareGPT lines and the `dataset_info.json` by which LLaMA-Factory finds them
(https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md).

    {"rollout_id": "5f…", "system": "", "conversations": [{"from": "human", "value": "What is 2 + 3?"},
     {"from": "gpt", "value": "<think>\\n2 + 3 = 5.\\n</think>\\n\\n5"}]}

LLaMA-Factory wants turns of user and assistant by turns; it leaves out conversations of another kind.
"""

import orjson
import pyarrow as pa

from r1data.train.exports.form import TEXT, TRACE, Form, Row, conversation

DATASET = "r1data"
"""The name that `dataset:` of its configuration takes."""
_INFO = {
    DATASET: {
        "file_name": "train.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
        "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
    }
}
_TURN = pa.list_(pa.struct([("from", TEXT), ("value", TEXT)]))


def row(trace: Row, place: int) -> Row:
    """One line; system messages stand apart."""
    turns = conversation(trace)
    names = {"user": "human", "assistant": "gpt"}
    return {
        "rollout_id": trace["rollout_id"],
        "system": "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system"),
        "conversations": [
            {"from": names.get(turn["role"], turn["role"]), "value": turn["content"]}
            for turn in turns
            if turn["role"] != "system"
        ],
    }


FORM = Form(
    "llamafactory",
    TRACE,
    "Mixes of traces, such as shortest_correct,",
    row,
    pa.schema([("rollout_id", TEXT), ("system", TEXT), ("conversations", _TURN)]),
    beside={"dataset_info.json": orjson.dumps(_INFO, option=orjson.OPT_INDENT_2)},
)
