"""The template gate: what a student would really learn, read back from the tokens that the loss sees.

Chat templates can delete a training target without a word: DeepSeek-R1-Distill's, for one, drops
everything up to `</think>` from an assistant's message. So each trace is rendered by the student's own
template, the trained tokens are decoded, and the whole thought, if there is one, the whole answer and the
end token must be among them. The trainer gets these very tokens, so what was checked is what is trained.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from r1data.errors import GateError
from r1data.generate.shield import shield
from r1data.text import CLOSE, OPEN, split

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The token id that PyTorch's cross-entropy leaves out."""


@dataclass(frozen=True)
class Trace:
    """One trace as the trainer reads it."""

    rollout_id: str
    input_ids: list[int]
    """Prompt and completion."""
    labels: list[int]
    """`input_ids` where the loss looks, IGNORED elsewhere; the trainer's own word for it."""


@dataclass(frozen=True)
class Gated:
    """Traces that passed, and how many do not fit."""

    traces: list[Trace]
    n_too_long: int
    """Traces left out because they have more tokens than allowed; they are never cut."""


def gate(
    rows: Iterable[Mapping[str, Any]], tokenizer: "PreTrainedTokenizerBase", *, max_tokens: int
) -> Gated:
    """Tokenise rows of an export and check every one that fits.

    Args:
        rows: rollout_id, prompt and completion (chat messages), as in `train.jsonl`.
        tokenizer: the student's, with its chat template.
        max_tokens: longest trace, prompt included.

    Raises:
        GateError: a trace loses something, or none fits; names the first rollout and what is missing.
    """
    traces, n_too_long = [], 0
    for row in rows:
        trace = tokenise(row, tokenizer)
        if len(trace.input_ids) > max_tokens:
            n_too_long += 1
            continue
        missing = lost(row, trace, tokenizer)
        if missing:
            raise GateError(
                f"The chat template of {tokenizer.name_or_path} loses the {' and the '.join(missing)} of "
                f"rollout {trace.rollout_id}; nothing was trained. Give the student a template that keeps "
                "whole traces."
            )
        traces.append(trace)
    if not traces:
        raise GateError(
            f"None of {n_too_long} traces fits into {max_tokens} tokens; nothing was trained. Raise "
            "max_tokens under [sft] in the student's recipe."
        )
    return Gated(traces, n_too_long)


def tokenise(row: Mapping[str, Any], tokenizer: "PreTrainedTokenizerBase") -> Trace:
    """Tokens of a row, trained from where prompt and whole conversation part ways, as TRL trains them.

    A control token that a text spells is its letters here too, as it was for the teacher.
    """
    safe = shield(tokenizer, [*row["prompt"], *row["completion"]], shown=(OPEN, CLOSE))
    asked = safe.messages[: len(row["prompt"])]
    prompt = safe.ids(tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False))
    whole = safe.ids(tokenizer.apply_chat_template(safe.messages, tokenize=False))
    # A template may render the prompt alone differently, so the shared beginning counts, not its length.
    start = next(
        (i for i, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b),
        min(len(prompt), len(whole)),
    )
    return Trace(row["rollout_id"], whole, [IGNORED] * start + whole[start:])


def lost(row: Mapping[str, Any], trace: Trace, tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """What of a row is not among its trained tokens, in order; empty when all of it is."""
    trained = [token for token in trace.labels if token != IGNORED]
    text = _canonical(
        tokenizer.decode(trained, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )
    reasoning, answer = split(row["completion"][-1]["content"])
    parts = [("answer", answer)]
    if reasoning is not None:
        parts = [("thought", reasoning), ("end of the thought", CLOSE), *parts]
    missing, position = [], 0
    for name, part in parts:
        found = text.find(_canonical(part or ""), position)
        if found < 0:
            missing.append(name)
        else:
            position = found + len(part or "")
    if tokenizer.eos_token_id not in trained:
        missing.append("end token")
    return missing


def _canonical(text: str) -> str:
    return unicodedata.normalize("NFC", text)  # some tokenizers compose characters; nothing is lost by that
