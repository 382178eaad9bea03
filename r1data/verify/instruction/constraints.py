"""The 25 constraints of IFEval: each says whether an answer keeps it, given the data set's arguments.

They judge as the public checker does, its leniences included: a keyword counts inside longer words, at least
so many sections are enough, and a line that begins with a hyphen is a bullet. Every one takes time linear in
the answer.

Source: Zhou et al., 2023, "Instruction-Following Evaluation for Large Language Models", arXiv:2311.07911.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from r1data.verify.instruction import counting
from r1data.verify.instruction.tongue import is_in

AT_LEAST, LESS_THAN = "at least", "less than"
OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
POSTSCRIPTS = {"P.P.S": re.compile(r"p\.\s?p\.\s?s"), "P.S.": re.compile(r"p\.\s?s\.")}
FENCE = re.compile(r"```(?:json)?", re.IGNORECASE)
HIGHLIGHTS = (re.compile(r"\*([^\n*]*)\*"), re.compile(r"\*\*([^\n*]*)\*\*"))


class Relation(str):
    """`at least` or `less than`."""


@dataclass(frozen=True)
class Constraint:
    """What an answer must keep."""

    check: Callable[..., bool | None]
    """Takes the answer and the arguments by name; None when nothing tells whether it is kept."""
    wants: dict[str, type] = field(default_factory=dict)
    """Names of its arguments, each with its type."""

    def arguments(self, given: dict[str, Any]) -> dict[str, Any]:
        """Its arguments out of those given; nulls and others are ignored.

        Raises:
            ValueError: one is missing or of another kind.
        """
        return {name: _read(given.get(name), kind) for name, kind in self.wants.items()}


def _read(value: Any, kind: type) -> Any:
    if kind is Relation and value in (AT_LEAST, LESS_THAN):
        return value
    if kind is int and isinstance(value, int | float) and value == int(value) >= 0:
        return int(value)
    if kind is str and isinstance(value, str) and value.strip():
        return value.strip()
    if kind is list and isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return value
    raise ValueError(f"not a {kind.__name__}: {value!r}")


def _holds(n: int, relation: str, wanted: int) -> bool:
    return n < wanted if relation == LESS_THAN else n >= wanted


def _existence(answer: str, keywords: list[str]) -> bool:
    lower = answer.lower()
    return all(keyword.lower() in lower for keyword in keywords)


def _frequency(answer: str, keyword: str, frequency: int, relation: str) -> bool:
    return _holds(answer.lower().count(keyword.lower()), relation, frequency)


def _forbidden(answer: str, forbidden_words: list[str]) -> bool:
    words = "|".join(re.escape(word) for word in forbidden_words)
    return not re.search(rf"(?<!\w)(?:{words})(?!\w)", answer, re.IGNORECASE)


def _letters(answer: str, letter: str, let_frequency: int, let_relation: str) -> bool:
    return _holds(answer.lower().count(letter.lower()), let_relation, let_frequency)


def _sentences(answer: str, num_sentences: int, relation: str) -> bool:
    return _holds(counting.n_sentences(answer), relation, num_sentences)


def _words(answer: str, num_words: int, relation: str) -> bool:
    return _holds(counting.n_words(answer), relation, num_words)


def _paragraphs(answer: str, num_paragraphs: int) -> bool:
    parts = [part.strip() for part in answer.split("***")]
    return all(parts[1:-1]) and sum(map(bool, parts)) == num_paragraphs


def _nth_paragraph(answer: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    parts = counting.paragraphs(answer)
    n = sum(bool(part.strip()) for part in parts)
    if n != num_paragraphs or not 1 <= nth_paragraph <= n:
        return False
    return counting.first_word(parts[nth_paragraph - 1]) == first_word.lower()


def _placeholders(answer: str, num_placeholders: int) -> bool:
    n = 0
    for line in answer.splitlines():
        start = line.find("[")
        while start >= 0 and (end := line.find("]", start)) >= 0:
            n, start = n + 1, line.find("[", end)
    return n >= num_placeholders


def _postscript(answer: str, postscript_marker: str) -> bool:
    pattern = POSTSCRIPTS.get(postscript_marker)
    lower = answer.lower()
    return bool(pattern.search(lower)) if pattern else postscript_marker.lower() in lower


def _bullets(answer: str, num_bullets: int) -> bool:
    lines = (line.strip() for line in answer.splitlines())
    return num_bullets == sum(line[:1] == "-" or (line[:1] == "*" and line[1:2] != "*") for line in lines)


def _option(answer: str) -> bool:
    return any(option in answer for option in OPTIONS)


def _highlights(answer: str, num_highlights: int) -> bool:
    found = (text for pattern in HIGHLIGHTS for text in pattern.findall(answer))
    return sum(bool(text.strip()) for text in found) >= num_highlights


def _sections(answer: str, section_spliter: str, num_sections: int) -> bool:
    return len(re.findall(re.escape(section_spliter) + r"\s?\d", answer)) >= num_sections


def _json(answer: str) -> bool:
    start = FENCE.match(answer)
    try:
        json.loads(answer[start.end() if start else 0 :].removesuffix("```"))
    except (ValueError, RecursionError):
        return False
    return True


def _title(answer: str) -> bool:
    for line in answer.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end and line[start:end].strip("<> \t"):
            return True
    return False


def _two(answer: str) -> bool:
    parts = [part.strip() for part in answer.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def _repeat(answer: str, prompt_to_repeat: str) -> bool:
    return answer.lower().startswith(prompt_to_repeat.lower())


def _end(answer: str, end_phrase: str) -> bool:
    return answer.strip('"').lower().endswith(end_phrase.lower())


def _quotation(answer: str) -> bool:
    return len(answer) > 1 and answer[0] == answer[-1] == '"'


def _capitals(answer: str) -> bool | None:
    return answer.isupper() and is_in(answer, "en")


def _small(answer: str) -> bool | None:
    return answer.islower() and is_in(answer, "en")


def _capital_words(answer: str, capital_frequency: int, capital_relation: str) -> bool:
    return _holds(counting.n_capital_words(answer), capital_relation, capital_frequency)


def _language(answer: str, language: str) -> bool | None:
    return is_in(answer, language)


def _no_comma(answer: str) -> bool:
    return "," not in answer


CONSTRAINTS = {
    "keywords:existence": Constraint(_existence, {"keywords": list}),
    "keywords:frequency": Constraint(_frequency, {"keyword": str, "frequency": int, "relation": Relation}),
    "keywords:forbidden_words": Constraint(_forbidden, {"forbidden_words": list}),
    "keywords:letter_frequency": Constraint(
        _letters, {"letter": str, "let_frequency": int, "let_relation": Relation}
    ),
    "language:response_language": Constraint(_language, {"language": str}),
    "length_constraints:number_sentences": Constraint(
        _sentences, {"num_sentences": int, "relation": Relation}
    ),
    "length_constraints:number_paragraphs": Constraint(_paragraphs, {"num_paragraphs": int}),
    "length_constraints:number_words": Constraint(_words, {"num_words": int, "relation": Relation}),
    "length_constraints:nth_paragraph_first_word": Constraint(
        _nth_paragraph, {"num_paragraphs": int, "nth_paragraph": int, "first_word": str}
    ),
    "detectable_content:number_placeholders": Constraint(_placeholders, {"num_placeholders": int}),
    "detectable_content:postscript": Constraint(_postscript, {"postscript_marker": str}),
    "detectable_format:number_bullet_lists": Constraint(_bullets, {"num_bullets": int}),
    "detectable_format:constrained_response": Constraint(_option),
    "detectable_format:number_highlighted_sections": Constraint(_highlights, {"num_highlights": int}),
    "detectable_format:multiple_sections": Constraint(
        _sections, {"section_spliter": str, "num_sections": int}
    ),
    "detectable_format:json_format": Constraint(_json),
    "detectable_format:title": Constraint(_title),
    "combination:two_responses": Constraint(_two),
    "combination:repeat_prompt": Constraint(_repeat, {"prompt_to_repeat": str}),
    "startend:end_checker": Constraint(_end, {"end_phrase": str}),
    "startend:quotation": Constraint(_quotation),
    "change_case:capital_word_frequency": Constraint(
        _capital_words, {"capital_frequency": int, "capital_relation": Relation}
    ),
    "change_case:english_capital": Constraint(_capitals),
    "change_case:english_lowercase": Constraint(_small),
    "punctuation:no_comma": Constraint(_no_comma),
}
"""Constraints by the id that the public data set uses."""
