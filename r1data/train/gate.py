"""The template gate: what a student would really learn, read back from the tokens that the loss sees.

Chat templates can delete a training target without a word: DeepSeek-R1-Distill's, for one, drops
everything up to `</think>` from an assistant's message. So each trace is rendered by the student's own
template, the trained tokens are decoded, and the whole thought, if there is one, the whole answer and, after
it, the end token must be among them. The trainer gets these very tokens, so what was checked is what is
trained. A trace that is longer than the student may read is left out and told, never cut.

A template that opens the thought in its prompt, as DeepSeek-R1-Distill's and Qwen3's do, leaves the opening
tag with the prompt: the student is asked with it, and never has to write it.

What this does not see: thoughts of earlier turns, which stand in the prompt and are no target.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1data.errors import GateError, InputError
from r1data.generate.shield import shield
from r1data.text import CLOSE, OPEN, split

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The token id that PyTorch's cross-entropy leaves out."""
BATCH = 32
"""Traces that are tokenised at once, by all cores."""


@dataclass(frozen=True)
class Trace:
    """One trace as the trainer reads it."""

    rollout_id: str
    input_ids: list[int]
    """Prompt and completion."""
    n_prompt: int
    """Tokens of the prompt: the first ones, which the loss does not see."""

    @property
    def labels(self) -> list[int]:
        """`input_ids` where the loss looks, IGNORED elsewhere; the trainer's own word for it."""
        return [IGNORED] * self.n_prompt + self.input_ids[self.n_prompt :]


@dataclass(frozen=True)
class TooLong:
    """A trace that is left out."""

    rollout_id: str
    n_tokens: int
    """Its tokens, prompt included."""


@dataclass(frozen=True)
class Gated:
    """Traces that passed, and those that do not fit."""

    traces: list[Trace]
    too_long: list[TooLong]


def gate(
    rows: Iterable[Mapping[str, Any]], tokenizer: "PreTrainedTokenizerBase", *, max_tokens: int
) -> Gated:
    """All of `gated`, at least one trace.

    Raises:
        GateError: as `gated`, or no trace fits.
    """
    traces, too_long = [], []
    for found in gated(rows, tokenizer, max_tokens=max_tokens):
        if isinstance(found, Trace):
            traces.append(found)
        else:
            too_long.append(found)
    if not traces:
        raise GateError(
            f"None of {len(too_long)} traces fits into {max_tokens} tokens; nothing was trained. Raise "
            "max_tokens under [sft] in the student's recipe."
        )
    return Gated(traces, too_long)


def gated(
    rows: Iterable[Mapping[str, Any]], tokenizer: "PreTrainedTokenizerBase", *, max_tokens: int
) -> Iterator[Trace | TooLong]:
    """Tokenise rows of an export and check every one that fits, in their order; memory holds BATCH of them.

    Args:
        rows: rollout_id, prompt and completion (chat messages), as the form `trl` writes them.
        tokenizer: the student's, with its chat template.
        max_tokens: longest trace, prompt included.

    Raises:
        GateError: there is no chat template, or a trace loses something by it or cannot be written by this
            tokenizer; names the first rollout and what is missing.
    """
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        for row, trace in zip(batch, tokenise(batch, tokenizer), strict=True):
            if isinstance(trace, InputError):
                raise GateError(
                    f"{tokenizer.name_or_path} cannot read rollout {row['rollout_id']}: {trace}. Leave it "
                    "out in the mix's SQL."
                )
            if len(trace.input_ids) > max_tokens:
                yield TooLong(trace.rollout_id, len(trace.input_ids))
                continue
            if missing := lost(row, trace, tokenizer):
                raise GateError(
                    f"The chat template of {tokenizer.name_or_path} loses the {' and the '.join(missing)} of "
                    f"rollout {trace.rollout_id}; nothing is taught without it. Give the student a template "
                    "that keeps whole traces."
                )
            yield trace


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder; the first one of a process loads for seconds.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder} has no tokenizer that can be read: {error}. Copy the model again."
        ) from error


def tokenise(
    rows: Sequence[Mapping[str, Any]], tokenizer: "PreTrainedTokenizerBase"
) -> list[Trace | InputError]:
    """Tokens of rows, trained from where prompt and whole conversation part ways, as TRL trains them.

    A control token that a text spells is its letters here too, as it was for the teacher. What the tokenizer
    cannot write as letters is the error of its row.

    Raises:
        GateError: the tokenizer has no chat template.
    """
    check_template(tokenizer)
    rendered = [_rendered(row, tokenizer) for row in rows]
    parts = [
        part
        for one in rendered
        if not isinstance(one, InputError)
        for text in (one.prompt, one.whole)
        for part in one.safe.parts(text)
    ]
    encoded = iter(_encoded(parts, tokenizer))
    return [one if isinstance(one, InputError) else _trace(one, encoded) for one in rendered]


def check_template(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Refuse a tokenizer without a chat template.

    Raises:
        GateError: it has none.
    """
    if not tokenizer.chat_template:
        raise GateError(
            f"{tokenizer.name_or_path} has no chat template, so nothing says how it is asked. Put one into "
            "its folder as chat_template.jinja, or take a base that has one."
        )


def _encoded(parts: list[str], tokenizer: "PreTrainedTokenizerBase") -> list[list[int]]:
    if not parts:
        return []
    return tokenizer(parts, add_special_tokens=False, return_attention_mask=False)["input_ids"]


@dataclass(frozen=True)
class _Rendered:
    rollout_id: str
    safe: Any
    prompt: str
    whole: str


def _rendered(row: Mapping[str, Any], tokenizer: "PreTrainedTokenizerBase") -> _Rendered | InputError:
    try:
        safe = shield(tokenizer, [*row["prompt"], *row["completion"]], shown=(OPEN, CLOSE))
    except InputError as error:
        return error
    asked = safe.messages[: len(row["prompt"])]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(safe.messages, tokenize=False)
    return _Rendered(row["rollout_id"], safe, prompt, whole)


def _trace(rendered: _Rendered, encoded: Iterator[list[int]]) -> Trace | InputError:
    ids = []
    taken = [
        (text, list(islice(encoded, len(rendered.safe.parts(text)))))
        for text in (rendered.prompt, rendered.whole)
    ]
    try:
        ids = [rendered.safe.joined(text, parts) for text, parts in taken]
    except InputError as error:
        return error
    prompt, whole = ids
    # A template may render the prompt alone differently, so the shared beginning counts, not its length.
    pairs = enumerate(zip(prompt, whole, strict=False))
    start = next((i for i, (a, b) in pairs if a != b), min(len(prompt), len(whole)))
    return Trace(rendered.rollout_id, whole, start)


def lost(row: Mapping[str, Any], trace: Trace, tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """What of a row is not among its trained tokens, in order; empty when all of it is."""
    trained = trace.input_ids[trace.n_prompt :]
    text = _canonical(
        tokenizer.decode(trained, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )
    reasoning, answer = split(row["completion"][-1]["content"])
    parts = [("answer", answer)]
    if reasoning is not None:
        parts = [("thought", reasoning), ("end of the thought", CLOSE), *parts]
    missing, position = [], 0
    for name, part in parts:
        wanted = _canonical(part or "")
        found = text.find(wanted, position)
        if found < 0:
            missing.append(name)
        else:
            position = found + len(wanted)
    if tokenizer.eos_token_id not in trained or tokenizer.eos_token not in text[position:]:
        missing.append("end token")
    return missing


def _canonical(text: str) -> str:
    return unicodedata.normalize("NFC", text)  # some tokenizers compose characters; nothing is lost by that
