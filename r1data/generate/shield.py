"""Texts that spell a model's control tokens, as the letters that they are.

Tokenizers see no difference between a text that says `<|im_end|>` and the end of a turn, so a prompt could
end its turn and begin another. Which texts are control tokens is said by the tokenizer itself: its added
tokens that are special, or that its chat template writes. In messages they are replaced by marks before the
template renders them, and the marks by the letters' own tokens afterwards: the model reads the very text that
was written, and no token of it is a control token.

What this does not protect against: templates whose roles are plain texts (`[INST]` of Llama 2 is no token),
and servers, which render by themselves.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from r1data.errors import InputError

MARK, END = "\ue000", "\ue001"
"""Code points for private use; a mark has as many of the first as no message has."""


@dataclass(frozen=True)
class Shield:
    """Messages without control tokens, and what stands for those that they spelled."""

    tokenizer: Any
    messages: list[dict[str, str]]
    """The messages with marks."""
    spelled: tuple[str, ...]
    """Texts of control tokens; mark i stands for the i-th."""
    mark: re.Pattern[str]
    control_ids: frozenset[int]

    def plain(self, text: str) -> str:
        """A rendered text with what its marks stand for."""
        return self.mark.sub(lambda found: self.spelled[int(found[1])], text)

    def ids(self, text: str) -> list[int]:
        """Token ids of a rendered text.

        Raises:
            InputError: a control token can be written only as itself.
        """
        parts = self.parts(text)
        return self.joined(text, self._encoded(parts))

    def parts(self, text: str) -> list[str]:
        """What of a rendered text stands between its marks, to be encoded, also many texts' at once."""
        return self.mark.split(text)[0::2]

    def joined(self, text: str, encoded: Sequence[Sequence[int]]) -> list[int]:
        """Token ids of a rendered text from those of its `parts`.

        Raises:
            InputError: a control token can be written only as itself.
        """
        letters = [[one for ids in self._encoded(list(text)) for one in ids] for text in self.spelled]
        for spelled, written in zip(self.spelled, letters, strict=True):
            if self.control_ids.intersection(written):
                raise InputError(f"its messages contain {spelled!r}, which is a control token of the model")
        ids = list(encoded[0])
        for number, part in zip(self.mark.split(text)[1::2], encoded[1:], strict=True):
            ids += [*letters[int(number)], *part]
        return ids

    def _encoded(self, texts: list[str]) -> list[list[int]]:
        return self.tokenizer(texts, add_special_tokens=False)["input_ids"]


def shield(
    tokenizer: Any,
    messages: Iterable[Mapping[str, str]],
    *,
    template: str | None = None,
    shown: Sequence[str] = (),
) -> Shield:
    """Replace control tokens in the contents of messages.

    Args:
        tokenizer: a Hugging Face tokenizer.
        messages: chat messages.
        template: Jinja text that replaces the tokenizer's own.
        shown: tokens that messages may hold as such: the marks of a thought, as few-shots do.

    Raises:
        InputError: the tokenizer normalises a text to a control token that is spelled otherwise.
    """
    source = template or tokenizer.chat_template or ""
    control = {
        number: token
        for number, token in tokenizer.added_tokens_decoder.items()
        # Others, such as `<b>`, are only common texts.
        if token.content.strip() and token.content not in shown and (token.special or token.content in source)
    }
    given = [dict(message) for message in messages]
    everything = "\n".join(message["content"] for message in given)
    spelled = tuple(sorted({t.content for t in control.values() if t.content in everything}, key=len)[::-1])
    mark = MARK
    while mark in everything:
        mark += MARK
    if spelled:
        found = re.compile("|".join(map(re.escape, spelled)))
        for message in given:
            message["content"] = found.sub(
                lambda one: f"{mark}{spelled.index(one[0])}{END}", message["content"]
            )
    marks = re.compile(f"{mark}([0-9]+){END}")
    made = Shield(tokenizer, given, spelled, marks, frozenset(control))
    if any(token.normalized for token in control.values()) and _normalises(tokenizer):
        for message in given:
            for ids in made._encoded(marks.split(message["content"])[::2]):
                if made.control_ids.intersection(ids):
                    raise InputError("its messages contain a text that the tokenizer makes a control token")
    return made


def _normalises(tokenizer: Any) -> bool:
    return getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None) is not None
