"""Parquet for verl's RLHFDataset (https://verl.readthedocs.io/en/latest/preparation/prepare_data.html) and
the reward function that goes with it.

    {"data_source": "templates", "prompt": [{"role": "user", "content": "What is 2 + 3?"}],
     "ability": "math", "reward_model": {"style": "rule", "ground_truth": "5"},
     "extra_info": {"split": "train", "index": 0, "prompt_id": "9c…", "verifier": "math",
                    "verifier_args": "{}", "language": "en"}}
"""

from pathlib import Path

import pyarrow as pa

from r1data.train.exports.form import MESSAGES, PROMPT, TEXT, Form, Row

FUNCTION = "compute_score.py"


def row(prompt: Row, place: int) -> Row:
    """One row; a reference that there is not is an empty text, for verl passes texts."""
    return {
        "data_source": prompt.get("source") or "r1data",
        "prompt": prompt["messages"],
        "ability": prompt.get("domain") or "general",
        "reward_model": {"style": "rule", "ground_truth": prompt["reference"] or ""},
        "extra_info": {
            "split": "train",
            "index": place,
            "prompt_id": prompt["prompt_id"],
            "verifier": prompt["verifier"],
            "verifier_args": prompt["verifier_args"] or "{}",
            "language": prompt.get("language") or "en",
        },
    }


_REWARD = pa.struct([("style", TEXT), ("ground_truth", TEXT)])
_EXTRA = pa.struct(
    [("split", TEXT), ("index", pa.int64())]
    + [(name, TEXT) for name in ("prompt_id", "verifier", "verifier_args", "language")]
)
FORM = Form(
    "verl",
    PROMPT,
    "Mixes of prompts, such as rl_prompts,",
    row,
    pa.schema(
        [
            ("data_source", TEXT),
            ("prompt", MESSAGES),
            ("ability", TEXT),
            ("reward_model", _REWARD),
            ("extra_info", _EXTRA),
        ]
    ),
    "parquet",
    beside={FUNCTION: Path(__file__).with_name("verl_compute_score.py").read_bytes()},
)
