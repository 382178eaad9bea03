"""The completion is one thought, opened and closed once, followed by an answer, without tokens of a template.

>>> verify("<think>1 + 1 = 2.</think>2<|im_end|>", None, {}).reason
'leaked_tokens'
"""

import re
from typing import Any

from r1data import text
from r1data.verify.verdict import Verdict, right, wrong

VERSION = "format-3"

TAG = re.compile(r"<\s?/?\s?think(?:ing)?\s?>", re.IGNORECASE)
"""A thought tag however it is written; only `<think>` and `</think>` are right."""
SPECIAL = re.compile(r"<\|[\w▁ ./-]{1,40}\|>|<｜[^<>｜\n]{1,40}｜>|<(?:start|end)_of_turn>")
"""A special token of a chat template; tokenizers read it as one even where it is quoted."""
IN_PROSE = re.compile(r"\[/?INST\]|<</?SYS>>|</s>|<(?:bos|eos|pad)>")
"""Tokens that programs, too, may hold; outside of code they are leaked."""
CODE = re.compile(r"```(?s:.*?)```|`[^`\n]+`")


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Judge the form alone; needs no reference and no arguments. What is out of place is extracted."""
    found = text.thought(completion)
    reasoning, answer = text.split(completion)
    if found.start is not None and found.end is None:
        return wrong("unclosed_thought")
    tags = TAG.findall(completion)
    if tags and (tags != [text.OPEN, text.CLOSE] or not completion.lstrip().startswith(text.OPEN)):
        return wrong("stray_tags", tags[-1])
    if not answer:
        return wrong("no_answer")
    if token := _leaked(completion):
        return wrong("leaked_tokens", token)
    if not reasoning:  # last, because some prompts need no thought
        return wrong("no_thought" if found.start is None else "empty_thought")
    return right("well_formed")


def _leaked(completion: str) -> str | None:
    """The first token of a chat template; None without one. `</s>` after an `<s>` is HTML."""
    if match := SPECIAL.search(completion):
        return match[0]
    if not (match := IN_PROSE.search(CODE.sub(" ", completion))):
        return None
    return None if match[0] == "</s>" and "<s>" in completion else match[0]
