"""Prompts as GRPO asks them: rendered and tokenised as the evaluation does it, whoever trains.

{"prompt_id": "9c…", "prompt": [{"role": "user", "content": "What is 2 + 3?"}], …}
  → Prompt(row={…}, text="<|im_start|>user\\nWhat is 2 + 3?…", ids=[1, 87, …])
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1data.errors import GateError, InputError
from r1data.generate.shield import shield
from r1data.text import CLOSE, OPEN
from r1data.train import r1_zero
from r1data.train.gate import TooLong, check_template, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Prompt:
    """A prompt as a student is asked it."""

    row: Mapping[str, Any]
    text: str
    """What its tokens decode to."""
    ids: list[int]
    """Tokens up to where the student begins to write."""


def tokenizer_of(base: Path, template: str) -> "PreTrainedTokenizerBase":
    """A base's tokenizer, with the chat template that key `template` of [grpo] names.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    tokenizer = load_tokenizer(base)
    if template == "r1_zero":
        tokenizer.chat_template = r1_zero.TEMPLATE
    return tokenizer


def prompts(
    rows: Iterable[Mapping[str, Any]],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    max_tokens: int,
) -> tuple[list[Prompt], list[TooLong]]:
    """Prompts that fit, and those that are too long.

    Args:
        rows: of an export of form grpo.
        tokenizer: as `tokenizer_of` gives it.
        max_tokens: of the longest prompt.

    Raises:
        GateError: there is no chat template, no prompt fits, the tokenizer cannot write one as letters, or
            two of different tokens are one text.
    """
    found, too_long = list[Prompt](), list[TooLong]()
    texts: dict[str, Prompt] = {}
    for row in rows:
        ids = asked(row["prompt"], tokenizer, prompt_id=row["prompt_id"])
        if len(ids) > max_tokens:
            too_long.append(TooLong(row["prompt_id"], len(ids)))
            continue
        found.append(Prompt(row, tokenizer.decode(ids), ids))
        if (same := texts.setdefault(found[-1].text, found[-1])).ids != ids:
            raise GateError(
                f"Prompts {same.row['prompt_id']} and {row['prompt_id']} are one text to trainers, though "
                f"{tokenizer.name_or_path} reads them differently. Leave one out in the mix's SQL."
            )
    if not found:
        raise GateError(
            f"None of {len(too_long)} prompts fits into {max_tokens} tokens; nothing was trained. Raise "
            "max_prompt_tokens under [grpo] in the student's recipe."
        )
    return found, too_long


def asked(
    messages: Sequence[Mapping[str, str]], tokenizer: "PreTrainedTokenizerBase", *, prompt_id: str
) -> list[int]:
    """Tokens of a prompt alone, up to where the student begins to write; read as `gate.tokenise` reads it.

    Raises:
        GateError: there is no chat template, or the tokenizer cannot write the prompt as letters.
    """
    check_template(tokenizer)
    try:
        safe = shield(tokenizer, messages, shown=(OPEN, CLOSE))
    except InputError as error:
        raise GateError(
            f"{tokenizer.name_or_path} cannot read prompt {prompt_id}: {error}. Leave it out in the mix's "
            "SQL."
        ) from error
    return safe.ids(tokenizer.apply_chat_template(safe.messages, add_generation_prompt=True, tokenize=False))


def opens_thought(found: Iterable[Prompt]) -> bool:
    """Whether the template of prompts has opened the thought, so that completions lack its tag."""
    return all(prompt.text.rstrip().endswith(OPEN) for prompt in found)
