"""From a teacher and a prompt to the tokens that the model continues.

>>> render(teacher, [{"role": "user", "content": "What is 2 + 2?"}], "sum")[-1]["content"]
'What is 2 + 2?'
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from r1data.errors import InputError
from r1data.generate.engine import Request
from r1data.generate.shield import shield
from r1data.recipe import FewShot, Teacher

Message = dict[str, str]


def render(
    teacher: Teacher, messages: Iterable[Mapping[str, str]], family: str | None
) -> tuple[Message, ...]:
    """The chat messages as the model sees them: system prompt, few-shots as turns, the prompt's own messages.

    System messages of the prompt join the teacher's at the front: chat templates take one, and take it first.
    """
    own = [{"role": message["role"], "content": message["content"]} for message in messages]
    system = [teacher.system_prompt] if teacher.system_prompt else []
    system += [message["content"] for message in own if message["role"] == "system"]
    front = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    shots = [turn for shot in teacher.shots(family) for turn in _turns(shot, teacher.thought_marks)]
    return (*front, *shots, *(message for message in own if message["role"] != "system"))


@dataclass(frozen=True)
class Rendered:
    """A request as the model receives it."""

    ids: list[int]
    """Token ids."""
    opening: str
    """What of them belongs to the completion's text, in front of what the model writes: the thought that the
    template opened, and the prefill.
    """


def chat_ids(tokenizer: Any, request: Request, template: str | None = None) -> Rendered:
    """Token ids of a request: chat template, opened assistant turn, prefill.

    Control tokens of the model that a message spells are its letters, never a turn (`shield`).
    Many templates of reasoning models end with an opened thought, which the model then never writes itself.
    A prefill that opens the thought takes the place of the template's opening, so the mark comes once. A
    template that closes an empty thought, as some do when thinking is switched off, has opened none; one that
    opens a thought although thinking is switched off has it closed.

    What this does not see: whether the template shows every message as it is; some leave out thoughts of
    earlier turns.

    Args:
        tokenizer: a Hugging Face tokenizer.
        request: what to render.
        template: Jinja text that replaces the tokenizer's own.

    Raises:
        InputError: a message spells a control token that the tokenizer can write only as itself; the
            template refuses the messages; or the tokens do not decode to the text that was meant, so
            that the model would see another prompt.
    """
    from jinja2 import TemplateError

    safe = shield(tokenizer, request.messages, template=template, shown=request.thought_marks)
    switch = {} if request.thinking is None else {"enable_thinking": request.thinking}
    try:
        text = tokenizer.apply_chat_template(
            safe.messages,
            chat_template=template,
            add_generation_prompt=True,
            tokenize=False,
            **switch,
        )
    except TemplateError as error:
        raise InputError(f"the chat template refuses its messages: {error}") from error
    text, opening = _opened(text, request)
    ids = safe.ids(text)
    decoded = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    meant = safe.plain(text)
    if _comparable(decoded, tokenizer) != _comparable(meant, tokenizer):
        raise InputError(f"the tokenizer does not give its prompt back, which starts {meant[:80]!r}")
    return Rendered(ids, opening)


def _opened(text: str, request: Request) -> tuple[str, str]:
    """The prompt with its prefill, and what of its end belongs to the completion."""
    mark, prefill = request.thought_marks[0], request.prefill or ""
    opening = ""
    if text.rstrip().endswith(mark):
        opening = text[text.rindex(mark) :]
    if opening and request.thinking is False and not prefill:
        return f"{text.rstrip()}\n\n{request.thought_marks[1]}\n\n", ""
    if opening and prefill.lstrip().startswith(mark):
        text, opening = text.removesuffix(opening), ""
    return text + prefill, opening + prefill


def _comparable(text: str, tokenizer: Any) -> str:
    """The text without what tokenizers change by design: some normalise to NFC, some put a blank in front,
    and some tokens take in the blanks beside them.
    """
    for token in tokenizer.added_tokens_decoder.values():
        if token.lstrip and token.content in text:
            text = re.sub(rf"\s+{re.escape(token.content)}", lambda found: found[0].lstrip(), text)
        if token.rstrip and token.content in text:
            text = re.sub(rf"{re.escape(token.content)}\s+", lambda found: found[0].rstrip(), text)
    return unicodedata.normalize("NFC", text).lstrip()


def _turns(shot: FewShot, marks: tuple[str, str]) -> tuple[Message, Message]:
    opening, closing = marks
    thought = "" if shot.reasoning is None else f"{opening}\n{shot.reasoning}\n{closing}\n\n"
    return {"role": "user", "content": shot.prompt}, {"role": "assistant", "content": thought + shot.answer}
