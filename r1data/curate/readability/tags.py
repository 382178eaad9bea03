"""Thought tags and tokens of chat templates where none should be.

`r1data.verify.format_` rejects those that it knows; here all are counted, and with them what was cut off.
"""

import re
from collections.abc import Iterator

from r1data.text import CLOSE, OPEN
from r1data.verify.format_ import CODE, IN_PROSE, SPECIAL, TAG

CUT = re.compile(r"</?thin(?:k(?:ing?)?)?(?![\w>-])|<(?:/(?:t(?:hi?)?)?)?\Z", re.IGNORECASE)
"""A thought tag without its end: anywhere from `<thin` on, at the end of a text from `</` on."""
CUT_TOKEN = re.compile(r"<\|[a-z][a-z0-9_]{2,39}(?![\w ./|-])|<｜[^<>｜\n]{1,40}\Z|<\|[a-z_]{0,40}\Z")
"""A special token without its end."""
TURN = re.compile(r"^### ?(?:Human|Assistant|User) ?:", re.MULTILINE)
"""A turn of a conversation that the completion should not hold."""
_IN_PROSE = ("INST]", "SYS>>", "</s>", "<bos>", "<eos>", "<pad>")


def stray_tags(completion: str) -> Iterator[re.Match[str]]:
    """Thought tags but for the first opening and the first closing one, however written, and cut ones."""
    if "<" not in completion:
        return
    expected = [OPEN, CLOSE]
    for match in TAG.finditer(completion):
        if match[0] in expected:
            expected.remove(match[0])
        else:
            yield match
    yield from CUT.finditer(completion)


def leaked(completion: str) -> Iterator[re.Match[str]]:
    """Tokens of chat templates, whole or cut off; those that programs, too, may hold are not looked for in
    code.
    """
    if "<|" in completion or "<｜" in completion or "_of_turn>" in completion:
        yield from SPECIAL.finditer(completion)
        yield from CUT_TOKEN.finditer(completion)
    if "###" in completion:
        yield from TURN.finditer(completion)
    if any(mark in completion for mark in _IN_PROSE):
        prose = CODE.sub(lambda match: " " * len(match[0]), completion)
        yield from (
            match for match in IN_PROSE.finditer(prose) if match[0] != "</s>" or "<s>" not in completion
        )
