"""From a teacher and a prompt to the tokens that the model continues.

>>> render(teacher, [{"role": "user", "content": "What is 2 + 2?"}], "sum")[-1]["content"]
'What is 2 + 2?'
"""

from collections.abc import Iterable, Mapping
from typing import Any

from r1data.errors import InputError
from r1data.generate.engine import Request
from r1data.ids import canonical_text
from r1data.recipe import FewShot, Teacher
from r1data.text import CLOSE, OPEN

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
    shots = [turn for shot in teacher.shots(family) for turn in _turns(shot)]
    return (*front, *shots, *(message for message in own if message["role"] != "system"))


def chat_ids(tokenizer: Any, request: Request, template: str | None = None) -> list[int]:
    """Token ids of a request: chat template, opened assistant turn, prefill.

    Args:
        tokenizer: a Hugging Face tokenizer.
        request: what to render.
        template: Jinja text that replaces the tokenizer's own.

    Raises:
        InputError: the tokens do not decode to the text that was meant: the model would see another prompt.
    """
    switch = {} if request.thinking is None else {"enable_thinking": request.thinking}
    text = tokenizer.apply_chat_template(
        list(request.messages), chat_template=template, add_generation_prompt=True, tokenize=False, **switch
    )
    text += request.prefill or ""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    decoded = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    if canonical_text(decoded) != canonical_text(
        text
    ):  # some tokenizers normalise to NFC or put a blank in front
        raise InputError(
            f"{request.rollout_id}: the tokenizer does not give its prompt back; it starts {text[:80]!r}."
        )
    return ids


def _turns(shot: FewShot) -> tuple[Message, Message]:
    thought = f"{OPEN}\n{shot.reasoning}\n{CLOSE}\n\n{shot.answer}"
    return {"role": "user", "content": shot.prompt}, {"role": "assistant", "content": thought}
