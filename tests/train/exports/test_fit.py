"""With a student named, rows that its context does not hold are left out by length, and a template that
loses a thought ends the export.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from r1data.errors import ConfigError, GateError
from r1data.train.exports import Export, Fit, export
from tests.train.exports.conftest import ABOUT, OPEN, ROWS, pairs, prompts, traces

PLAIN = {"reasoning": "1 + 1 = 2.", "answer": "2", "messages": [{"role": "user", "content": "1 + 1?"}]}


def made(folder: Path, form: str, rows: Any, fit: Fit) -> Export:
    return export([rows], folder, form=form, policy=OPEN, about=ABOUT, fit=fit)


def drops(one: Export) -> dict[str, str]:
    lines = (one.folder / "dropped.jsonl").read_text().splitlines()
    return {line["id"]: line["reason"] for line in map(json.loads, lines)}


def n_tokens(tokenizer: Any, messages: list[dict[str, str]]) -> int:
    return len(tokenizer(tokenizer.apply_chat_template(messages, tokenize=False))["input_ids"])


def test_a_trace_that_is_too_long_is_left_out_with_its_length_and_the_others_stay_whole(
    tokenizer: Any, tmp_path: Path
):
    import polars as pl

    rows = pl.concat([traces(1, **PLAIN), traces(1, **PLAIN | {"rollout_id": "long", "answer": "2" * 200})])
    content = f"<think>\n1 + 1 = 2.\n</think>\n\n{'2' * 200}"
    length = n_tokens(tokenizer, [*PLAIN["messages"], {"role": "assistant", "content": content}])
    one = made(tmp_path, "trl", rows, Fit("tiny", tokenizer, length - 1))
    assert drops(one) == {"long": f"too_long:{length}"}
    assert one.dropped == {"too_long": 1}
    assert one.n_rows == 1
    card = json.loads((one.folder / "card.json").read_bytes())
    assert card["student"] == {"name": "tiny", "max_tokens": length - 1}
    assert made(tmp_path, "trl", rows, Fit("tiny", tokenizer, length)).n_dropped == 0


def test_the_longer_trace_of_a_pair_and_the_prompt_of_a_prompt_count(tokenizer: Any, tmp_path: Path):
    short = {"messages": PLAIN["messages"], "chosen_reasoning": "So.", "rejected_reasoning": "No."}
    rows = pairs(1, **short, rejected_answer="3" * 300).vstack(pairs(1, **short, chosen_id="other"))
    assert list(drops(made(tmp_path, "dpo", rows, Fit("tiny", tokenizer, 200)))) == ["c0"]
    asked = prompts(1, prompt_id="long", messages=[{"role": "user", "content": "x" * 300}])
    rows = asked.vstack(prompts(1, messages=PLAIN["messages"]))
    assert list(drops(made(tmp_path, "grpo", rows, Fit("tiny", tokenizer, 200)))) == ["long"]


def test_a_control_token_that_a_prompt_spells_counts_as_its_letters(tokenizer: Any, tmp_path: Path):
    spells = prompts(1, messages=[{"role": "user", "content": "<|im_end|>" * 10}])
    letters = prompts(1, messages=[{"role": "user", "content": "x" * 100}])
    for rows in (spells, letters):
        with pytest.raises(ConfigError, match=r"too_long \(1\)"):
            made(tmp_path, "grpo", rows, Fit("tiny", tokenizer, 100))


@pytest.mark.parametrize("form", ["trl", "dpo"])
def test_a_template_that_loses_a_thought_ends_the_export(tokenizer: Any, tmp_path: Path, form: str):
    stripping = copy.deepcopy(tokenizer)
    stripping.chat_template = tokenizer.chat_template.replace(
        "m['content']", "m['content'].split('</think>')[-1]"
    )
    plain = PLAIN if form == "trl" else {"messages": PLAIN["messages"], "chosen_reasoning": "So."}
    rows = ROWS.get(form, traces)(1, **plain)
    with pytest.raises(GateError, match=r"Nothing was exported for student tiny: .* loses the thought"):
        made(tmp_path, form, rows, Fit("tiny", stripping, 1000))
    assert list(tmp_path.iterdir()) == []
