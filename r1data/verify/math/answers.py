r"""The answer of a completion: what follows the thought, and in it what is stated as the answer.

    >>> extract("<think>3 + 4 = 7.</think>So it is \\boxed{7}.")
    '7'

In this order: the `answer` of a JSON-shaped reply, also a broken or cut one; the last balanced box; the last
`<answer>…</answer>`; what a phrase announces; the last formula or number. A completion whose thought is open
has no answer. Everything here takes time linear in the text.
"""

import re
from collections import deque

from r1data import text
from r1data.verify.answer import bare

BOX = re.compile(r"(?<![a-zA-Z\\])\\?f?box(?:ed)?\s*(?=\{)")
"""A box; without its backslash too, which many programs take for an escape, but not `\\mbox`."""
BRACE = re.compile(r"\\[{}]|[{}]")
TAG = re.compile(r"</?answer>")
JSON = re.compile(r"(?:^|\n|```(?:json)?)\s*\{\s*\"[\w ]+\"\s*:")
JSON_ANSWER = re.compile(
    r"\"(?:final[_ ]?)?answer\"\s*:\s*"
    r"(?:\"(?P<string>(?:[^\"\\]|\\.)*)|\[(?P<array>[^\[\]]*)\]|(?P<bare>[^\s,}\"\[]+))",
    re.IGNORECASE | re.DOTALL,
)
ESCAPED = re.compile(r"\\(\\|\"|n(?![a-z]))")
PHRASES = ("answer", "####", "a:", "答案")
SHORT_PHRASES = ("####", "A: ")
ANNOUNCED = re.compile(
    r"answers?[*_]*(?:\s+(?:is|are)\b)?[*_]*\s*[:：]|answers?\s+(?:is|are)\s|####|a:|答案[*_]*[是为]?\s*[:：]?",
    re.IGNORECASE,
)
"""What announces an answer: "Answer:", "**Answer**:", "The answer is", GSM8K's `####` and `A:`, `答案`."""
LINE_START = re.compile(r"(?:[^\n]*\n)?\s*")
BLANK = re.compile(r"[*_:\s]*")
BLANK_INSIDE = re.compile(r"\s|[\u3400-\u9fff]")
FORMULA = re.compile(r"(?<!\\)\$\$?|\\[()\[\]]")
CLOSING = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
WORDS = re.compile(
    r"(?<![\\a-zA-Z])(?!(?:sqrt|(?:a|arc)?(?:sin|cos|tan)h?|cot|sec|csc|log|exp)(?![a-zA-Z]))"
    r"(?:[^\W\d_]{3,}|(?:an|as|at|by|he|if|in|is|it|of|on|or|so|to|we)(?![a-zA-Z]))|[\u3400-\u9fff]",
    re.IGNORECASE,
)
"""Words that are no LaTeX commands, functions or products such as `xy`; a Chinese character is one."""
TEXT = re.compile(r"\\(?:text\w*|mathrm|mbox|operatorname|begin|end)\s*\{[^{}]*\}")
NUMBER = re.compile(r"(?<![\w.,])[-−]?\.?\d[\d,]*(?:\.\d+)?(?:/\d+)?\s?%?")
LEADING = re.compile(
    r"[$€£¥\s]*([-−]?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?)"
    r"(?=[.,;]?(?:\s+(?!(?:and|or)\b)[A-Za-z]{2,}|\s*$|\s*[\u3400-\u9fff]))"
)
AND = re.compile(r"\b(?:and|or)\b|[和或]")
CHOICE = re.compile(r"\(?([A-J])(?:\)|(?=[.:,]\s|\.?$))")
MAX_BOXES, MAX_PHRASES, MAX_TAIL, MAX_CHOICE = 16, 64, 4_000, 40
"""Boxes and phrases that are looked at, from the end; characters of sentences, and of choices with values."""


def extract(completion: str) -> str | None:
    """The answer of a completion; None when there is none."""
    answer = after_thought(completion)
    return stated(answer) if answer else None


def after_thought(completion: str) -> str | None:
    """What follows the thought; None when nothing does or the thought is open."""
    start = text.thought(completion).answer_start
    return None if start is None else completion[start:].strip() or None


def wanted(reference: str) -> str | None:
    """The answer in a reference: its box, what follows GSM8K's `####`, else all of it.

    None when there is none, or its braces are not balanced.
    """
    if "box" in reference and (box := _last_box(reference)) is not None:
        return box or None
    answer = reference.rpartition("####")[2].strip()
    return answer if answer and is_balanced(answer) else None


def is_balanced(answer: str) -> bool:
    """Whether every brace is closed, so that it may be LaTeX."""
    if "{" not in answer and "}" not in answer:
        return True
    return not sum({"{": 1, "}": -1}.get(brace[0], 0) for brace in BRACE.finditer(answer))


def stated(answer: str) -> str | None:
    """The answer in what follows a thought."""
    if '"' in answer and (reply := _last(JSON, answer)):
        return _json(answer, reply.start())
    if "box" in answer and (box := _last_box(answer)) is not None:
        return box or None
    if "answer>" in answer:
        answer = _tagged(answer)
    return _plain(answer.replace(text.CLOSE, ""))


def several(answer: str) -> str | None:
    """All boxes of the last paragraph with a box, as one list; None when there are not several."""
    end = answer.rfind("box")
    start = answer.rfind("\n\n", 0, max(end, 0)) + 1
    boxes = [box for box in _boxes(answer[start:]) if box]
    return ", ".join(boxes) if len(boxes) > 1 else None


def _last_box(answer: str) -> str | None:
    """Content of the last balanced box; None without one."""
    end = len(answer)
    for _ in range(MAX_BOXES):
        end = answer.rfind("box", 0, end)
        if end < 0:
            return None
        match = BOX.search(answer, max(end - 2, 0), end + MAX_TAIL)
        if match and match.start() <= end and (box := _content(answer, match.end())) is not None:
            return box
    return None


def _boxes(answer: str) -> list[str]:
    """Contents of the last balanced boxes that hold no box, in order."""
    starts = [match.end() for match in BOX.finditer(answer)][-MAX_BOXES:]
    boxes = [_content(answer, start) for start in starts]
    return [box for box in boxes if box is not None and not BOX.search(box)]


def _content(answer: str, start: int) -> str | None:
    """What stands between the brace at `start` and the one that closes it; None when none does."""
    depth = 0
    for brace in BRACE.finditer(answer, start):
        if brace[0] == "{":
            depth += 1
        elif brace[0] == "}":
            depth -= 1
            if depth == 0:
                return answer[start + 1 : brace.start()].strip()
    return None


def _json(answer: str, start: int) -> str | None:
    """The last value named answer; JSON or not, because quotes and LaTeX in it are often not escaped.

    A reply that was cut before it, or lacks it, may still hold a box or an announced answer.
    """
    match = _last(JSON_ANSWER, answer, start)
    if match is None:
        box = _last_box(answer)
        return (_announced(answer) if box is None else box) or None
    if match["string"] is None:
        return match["bare"] or match["array"].replace('"', "").strip() or None
    found = ESCAPED.sub(lambda escape: " " if escape[1] == "n" else escape[1], match["string"])
    if "box" in found and (box := _last_box(found)) is not None:
        found = box
    return found.strip() and _plain(found)


def _announced(answer: str) -> str | None:
    """The rest of the line after the last phrase that announces an answer; None without one."""
    last = answer.rfind("\n") + 1
    if answer.startswith(SHORT_PHRASES, last) and (line := answer[last:].lstrip("#A: \t").rstrip()):
        return line
    lower = answer.lower()
    if len(lower) != len(answer):
        lower = answer
    phrases, end = [phrase for phrase in PHRASES if phrase in lower], len(answer)
    for _ in range(MAX_PHRASES if phrases else 0):
        start = max([lower.rfind(phrase, 0, end) for phrase in phrases])
        if start < 0:
            return None
        match, end = ANNOUNCED.match(answer, start), start
        if match is None or (match[0][1:] == ":" and not _starts_line(answer, start)):
            continue
        begin = BLANK.match(answer, match.end()).end()
        stop = answer.find("\n", begin)
        if line := answer[begin : stop if stop >= 0 else None].strip():
            return line
    return None


def _starts_line(answer: str, start: int) -> bool:
    return answer[start] == "A" and LINE_START.fullmatch(answer[max(0, start - 9) : start]) is not None


def _last(pattern: re.Pattern[str], answer: str, start: int = 0) -> re.Match[str] | None:
    last = deque(pattern.finditer(answer, start), maxlen=1)
    return last[0] if last else None


def _tagged(answer: str) -> str:
    """What stands in the last tag with anything in it, else all without tags."""
    parts = TAG.split(answer)
    tags = TAG.findall(answer)
    for index in range(len(tags) - 1, -1, -1):
        if tags[index] == "<answer>" and parts[index + 1].strip():
            return parts[index + 1].strip()
    return TAG.sub(" ", answer)


def _plain(answer: str) -> str | None:
    """What is announced, or the last formula or number of sentences."""
    told = _announced(answer)
    tail = bare(told or answer)
    if told:
        if leading := LEADING.match(tail):
            return leading[1]
        if choice := CHOICE.match(tail):
            return tail if len(tail) <= MAX_CHOICE else choice[1]
        if AND.search(tail) and not WORDS.search(TEXT.sub(" ", AND.sub(" ", tail))):
            return tail
    tail = tail[-MAX_TAIL:]
    formula, number = _last_formula(tail), _last(NUMBER, tail)
    if formula and (number is None or number.start() < formula[1]):
        return formula[0]
    # One token, such as `2ed` in base 16, is no sentence.
    if number and BLANK_INSIDE.search(tail) and WORDS.search(TEXT.sub("", tail)):
        return number[0].strip().rstrip(",")
    return tail or None


def _last_formula(tail: str) -> tuple[str, int] | None:
    """The last formula and its end; between two amounts of money stand words, and that is none."""
    found, opened = None, None
    for match in FORMULA.finditer(tail):
        if opened is not None and CLOSING.get(opened[0]) == match[0]:
            inner = tail[opened.end() : match.start()].strip()
            if inner and not (match[0] == "$" and WORDS.search(TEXT.sub("", inner))):
                found, opened = (inner, match.end()), None
            else:
                opened = match if match[0] == "$" else None
        elif match[0] in CLOSING:
            opened = match
    return found
