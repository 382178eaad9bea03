"""R1-Zero's template: a base model that was never taught to chat is asked in plain text (table 1 of
https://arxiv.org/abs/2501.12948).

It wants `<think> … </think> <answer> … </answer>`. Verifiers find an answer with or without its tags, and
know no form but the thought's; so GRPO gives them `as_trace(completion)`.

    >>> as_trace("<think> 1 + 1 = 2. </think> <answer> 2 </answer>")
    '<think>\\n1 + 1 = 2.\\n</think>\\n\\n2'
    >>> as_trace("<think> 1 + 1 = 2. </think> 2")
    '2'
"""

import re

from r1data.text import joined, split

TEMPLATE = (
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
    "assistant first thinks about the reasoning process in the mind and then provides the user with the "
    "answer. The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> "
    "tags, respectively, i.e., <think> reasoning process here </think> <answer> answer here </answer>. "
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}Assistant: {{ message['content'] }}{{ eos_token }}"
    "{% else %}User: {{ message['content'] }}. {% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
"""A chat template (Jinja), with which the student is also saved, so it is evaluated as it was trained."""
_TAG = re.compile(r"</?(?:think|answer)>")
_WHOLE = re.compile(r"\s*<think>(.+?)</think>\s*<answer>(.+?)</answer>\s*", re.DOTALL)


def as_trace(completion: str) -> str:
    """A completion of this form as a thought and an answer.

    Of any other one the answer alone, which may be right and is not well-formed; an open thought stays as
    it is.
    """
    found = _WHOLE.fullmatch(completion)
    if found and len(_TAG.findall(completion)) == 4:
        return joined(*found.groups())
    _, answer = split(completion)
    return completion if answer is None else _TAG.sub("", answer).strip()
