"""Whether prompts fit into the teacher's context, told before an engine starts."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from r1data.errors import InputError

TEMPLATE_TOKENS = 16
"""Tokens that a chat template may add to each message: role, separators, a default system prompt."""


def check_fits(
    prompts: Iterable[tuple[str, Sequence[str]]], tokenizer_file: Path, *, context_tokens: int
) -> None:
    """Make sure that every prompt leaves room for at least one token of completion.

    A text has at most as many tokens as UTF-8 bytes in a byte-level tokenizer, so short prompts are not
    tokenised.

    Args:
        prompts: of each, its origin (file and row) and the texts of all chat messages that the model is
        shown, the
            teacher's system prompt and few-shots included.
        tokenizer_file: `tokenizer.json` of the model.
        context_tokens: tokens of prompt and completion together.

    Raises:
        InputError: a prompt is too long; the message names its origin.
    """
    tokenizer = None
    for origin, texts in prompts:
        added = TEMPLATE_TOKENS * len(texts)
        if sum(len(text.encode()) for text in texts) + added < context_tokens:
            continue
        if tokenizer is None:
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(tokenizer_file))
        n_tokens = sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
        if n_tokens + added >= context_tokens:
            raise InputError(
                f"{origin}: the prompt has {n_tokens} tokens with few-shots, the context {context_tokens}."
                " Shorten it, leave its row out, or raise `context_tokens`."
            )
