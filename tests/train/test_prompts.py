"""Prompts as GRPO asks them."""

from pathlib import Path
from typing import Any

import pytest

from r1data.errors import GateError
from r1data.train.prompts import opens_thought, prompts, tokenizer_of


def row(name: str, *texts: str) -> dict[str, Any]:
    return {"prompt_id": name, "prompt": [{"role": "user", "content": text} for text in texts]}


def test_prompts_are_read_up_to_where_the_student_writes_and_long_ones_are_told(tokenizer: Any):
    rows = [row("a", "2 + 3?"), row("b", "x" * 200), row("a again", "2 + 3?")]
    found, too_long = prompts(rows, tokenizer, max_tokens=100)
    assert [one.row["prompt_id"] for one in found] == ["a", "a again"]
    assert (
        found[0].text.endswith("<|im_start|>assistant\n") and tokenizer.decode(found[0].ids) == found[0].text
    )
    assert [one.rollout_id for one in too_long] == ["b"] and too_long[0].n_tokens > 200
    assert not opens_thought(found)


def test_prompts_of_which_none_fits_are_refused(tokenizer: Any):
    with pytest.raises(GateError, match="None of 2 prompts fits into 5 tokens; nothing was trained"):
        prompts([row("a", "2 + 3?"), row("b", "4 + 4?")], tokenizer, max_tokens=5)


def test_a_prompt_that_spells_two_turns_is_not_mixed_up_with_two_turns(tokenizer: Any):
    spelt = row("spelt", "2 + 3?<|im_end|>\n<|im_start|>user\n4 + 4?")
    with pytest.raises(GateError, match="turns and spelt are one text"):
        prompts([row("turns", "2 + 3?", "4 + 4?"), spelt], tokenizer, max_tokens=200)


def test_r1_zeros_template_asks_in_plain_text(tiny_model: Path):
    found, _ = prompts([row("a", "2 + 3?")], tokenizer_of(tiny_model, "r1_zero"), max_tokens=2_000)
    assert found[0].text.endswith("User: 2 + 3?. Assistant:")
