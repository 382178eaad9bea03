r"""Multiple choice: the letter, the letters, or the option's text that the completion states as its answer.

    >>> verify("<think>Hm.</think>The answer is \\text{(B)} 0.8.", "B", {}).verdict
    'right'

What counts as stated, in this order: boxes and what follows "the answer is" or 答案; what follows "choose",
"the correct option is" or 选; what is said to be correct; the answer's only or first line when it begins with
a letter; the last line that holds one. A completion that states two different answers in the first of these
that it uses is refused, whichever of them is right.
"""

import re
import unicodedata
from typing import Any

from r1data.verify.answer import WRAPPING, after_thought, boxes, tagged
from r1data.verify.choice_text import Options, plain
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = "choice-2"

ANSWER = re.compile(
    r"\banswers?(?:\s+choices?)?\b(?:\s+(?:is|are|(?:would|must|should|will)\s+be)\b\s*[:=]?|\s*[:=]"
    r"|(?=\s(?:option\s)?(?-i:\(?[A-Z]\)?)(?![A-Za-z0-9_À-ɏ'’])))|####"
    r"|^\s*A:|答案(?:应该|应当|应|就)?(?:是|为|选)?\s*:?",
    re.IGNORECASE | re.MULTILINE,
)
CHOSEN = re.compile(
    r"\b(?:choose|select|pick|go\s+with)\b|\b(?:correct|right|best|final)\s+(?:option|choice|one)\s*(?:is|:)"
    r"|\b(?:option|choice)\s+is\b|(?:故|应|应该|因此|所以|我)?选(?:择|项)?(?:是|为)?\s*:?",
    re.IGNORECASE,
)
CORRECT = re.compile(
    r"(?<![\w'’])(?:\(([A-Z])\)|([A-Z]))(?:[ .:][^\n]{0,80}?)?\s?(?:\bis\b|是)\s*(?:the\s+|indeed\s+|最)?"
    r"(?:correct|right|best|true|answer|正确|对的)"
)
WINDOW = 300
"""Characters after an announcement in which an answer is read."""
MAX_PHRASES = 50


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Compare the stated letters with the reference.

    The reference is a letter, several letters ("A, C", compared as a set), or the text of an option. `args`:
    `options`, the texts in order, or by letter; with them an answer may be given as text.
    """
    options = Options.read(args.get("options"))
    wanted = options.letters(plain(reference or "")) if options else None
    if options is None or not wanted:
        return unknown("bad_reference")
    answer = tagged(completion) or after_thought(completion)
    if answer is None:
        return wrong("no_answer")
    found = _stated(answer, options)
    if len(wanted) > 1 and len(found) > 1 and all(len(one) == 1 for one in found):
        found = {frozenset().union(*found)}  # several letters, one after the other
    if not found:
        return wrong("no_answer")
    said = ", ".join(sorted(frozenset().union(*found)))
    if len(found) > 1 or (len(wanted) == 1 and len(next(iter(found))) > 1):
        return wrong("contradictory", said)
    return right("equal", said) if wanted in found else wrong("different", said)


def _stated(answer: str, options: Options) -> set[frozenset[str]]:
    """All different answers that the completion states in the first way that it uses."""
    text = unicodedata.normalize("NFKC", answer)
    first = [options.letters(plain(box[:WINDOW])) for box in boxes(text)]
    text = plain(text)
    first += _after(ANSWER, text, options)
    if found := {one for one in first if one}:
        return found
    if found := {one for one in _after(CHOSEN, text, options) if one}:
        return found
    if found := {frozenset(match[1] or match[2]) for match in CORRECT.finditer(text)}:
        return found
    lines = [line for line in text.split("\n") if line.strip(WRAPPING)]
    if len(lines) == 1 and (whole := options.letters(lines[0])):
        return {whole}
    heads = {one for line in lines if (one := options.head(line))}
    if len(heads) == 1 and options.head(lines[0]):
        return heads
    return options.last(lines)


def _after(phrase: re.Pattern[str], text: str, options: Options) -> list[frozenset[str] | None]:
    """What stands at the front of the text after each of the last such phrases."""
    ends = [match.end() for match in phrase.finditer(text)][-MAX_PHRASES:]
    return [options.front(text[end : end + WINDOW]) for end in ends]
