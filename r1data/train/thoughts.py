"""How long a student thinks, and how often it turns back: what R1's paper plots beside the reward (figure 3
and supplement of https://arxiv.org/abs/2501.12948).
"""

import re

REFLECTIONS = (
    *("wait", "hmm", "mistake", "however", "but", "retry", "error", "verify", "wrong", "evaluate", "check"),
    *("recheck", "double-check", "alternatively", "actually", "reconsider", "re-examine"),
)
"""English words by which a thought turns back."""
REFLECTIONS_ZH = ("等等", "不对", "重新", "检查", "验证", "但是", "然而", "再想")
"""Chinese ones, found without spaces around them."""
_WORD = re.compile(rf"\b(?:{'|'.join(map(re.escape, REFLECTIONS))})\b|{'|'.join(REFLECTIONS_ZH)}", re.I)


def reflections(text: str) -> int:
    """Words of a thought by which it turns back.

    >>> reflections("Wait, 7 + 5 is 12, but I should check: 等等")
    4
    """
    return len(_WORD.findall(text))
