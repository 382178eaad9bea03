"""Knights and knaves: who of the named people is which, as the completion finally says.

    >>> solution = "Zoey is a knight, and Riley is a knave."
    >>> verify("<think>…</think>Zoey is a knight, Riley is not.", solution, {}).reason
    'equal'

Read are sentences, numbered lists, tables, JSON, boxes and Markdown, in English and Chinese. The answer is
the last part of the completion that names everybody: the boxes, else what follows the last word that
announces a conclusion, else the last paragraph, else everything. What people say of each other, and what is
only supposed, is no answer. Nothing is given for a part of the people.

Source of the puzzles: Xie et al., 2024, "On Memorization of Large Language Models in Logical Reasoning",
arXiv:2410.23123; Xie et al., 2025, "Logic-RL", arXiv:2502.14768.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from r1data.verify.answer import after_thought, boxes, tagged
from r1data.verify.logic_claims import Puzzle
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = "logic-1"

ANNOUNCES = re.compile(
    r"\banswer|\bconclu|\bsolution|\bsummary|\btherefore|\bthus\b|\bhence\b|\bfinal|\bso,|答案|结论|因此|所以|综上",
    re.IGNORECASE,
)
PAIRS = (
    ("knight", "knave"),
    ("pioneer", "laggard"),
    ("saint", "sinner"),
    ("hero", "villain"),
    ("angel", "devil"),
    ("altruist", "egoist"),
    ("sage", "fool"),
)
"""Words for a truth-teller and a liar that references use, besides those that `roles` gives."""
PERSON = re.compile(r"([^\W\d_][\w'’-]*)\s+is\s+an?\s+", re.IGNORECASE)
STATES = re.compile(r"\banswer\s*(?:is\b|:)|答案", re.IGNORECASE)
"""After such words only one solution may stand."""
MAX_PARTS = 8
"""So many announcements are looked behind, from the last one on."""
MAX_NAMES = 100


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Right when everybody is called what they are, and nobody both.

    The reference is the solution as a sentence ("Zoey is a knight, and Riley is a knave."), or a JSON list of
    booleans, true for a knight. `args`: `names`, in the order of the booleans; `solution`, the booleans, if
    they are not the reference; `roles`, the words for a truth-teller and a liar, unless they are in PAIRS.
    """
    puzzle = _puzzle(reference, args)
    if puzzle is None:
        return unknown("bad_reference")
    answer = tagged(completion) or after_thought(completion)
    if answer is None:
        return wrong("no_answer")
    best: dict[str, bool] = {}
    for part in _parts(answer):
        said, is_consistent = puzzle.read(part)
        if len(said) < len(best) or not said:
            continue
        best = said
        if len(said) == len(puzzle.solution):
            extracted = puzzle.sentence(said)
            if not is_consistent or not _is_one(answer, puzzle):
                return wrong("contradictory", extracted)
            return right("equal", extracted) if said == puzzle.solution else wrong("different", extracted)
    return wrong("incomplete", puzzle.sentence(best)) if best else wrong("no_answer")


def _is_one(answer: str, puzzle: Puzzle) -> bool:
    """Whether nobody is called both after any words that state the answer."""
    starts = [match.end() for match in STATES.finditer(answer)][-MAX_PARTS:]
    return all(puzzle.read(answer[start:])[1] for start in starts)


def written(reference: str, args: dict[str, Any]) -> str:
    """The solution as a sentence."""
    puzzle = _puzzle(reference, args)
    return puzzle.sentence(puzzle.solution) if puzzle else reference


def _parts(answer: str) -> Iterator[str]:
    """Where the final answer may be, the likeliest part first."""
    if found := boxes(answer):
        yield "\n".join(found[-MAX_NAMES:])
        yield found[-1]
    starts = [match.end() for match in ANNOUNCES.finditer(answer)]
    for start in reversed(starts[-MAX_PARTS:]):
        yield answer[start:]
    yield re.split(r"\n\s*\n", answer)[-1]
    yield answer


def _puzzle(reference: str | None, args: dict[str, Any]) -> Puzzle | None:
    """What is to be said; None when reference and arguments do not tell."""
    names, roles = args.get("names"), args.get("roles") or _roles(reference or "")
    if not _are_words(roles) or len(roles) != 2 or not (names is None or _are_words(names)):
        return None
    booleans = args["solution"] if "solution" in args else _booleans(reference or "")
    if booleans is not None:
        fit = isinstance(booleans, list) and all(isinstance(one, bool) for one in booleans)
        if not fit or not names or len(names) != len(booleans):
            return None
        return Puzzle(dict(zip(names, booleans, strict=True)), tuple(roles))
    names = names or list(dict.fromkeys(PERSON.findall(reference or "")))
    if not names or len(names) > MAX_NAMES:
        return None
    said, is_consistent = Puzzle(dict.fromkeys(names, True), tuple(roles)).read(reference or "")
    return Puzzle(said, tuple(roles)) if is_consistent and len(said) == len(set(names)) else None


def _roles(reference: str) -> tuple[str, str]:
    """The pair of words that a reference uses."""
    words = {match[0] for match in re.finditer(r"[a-z]+", reference.lower())}
    return next((pair for pair in PAIRS if words & set(pair)), PAIRS[0])


def _are_words(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and 0 < len(value) <= MAX_NAMES
        and all(isinstance(one, str) and one.strip() for one in value)
    )


def _booleans(reference: str) -> list[Any] | None:
    if not reference.lstrip().startswith("["):
        return None
    try:
        return json.loads(reference.lower())
    except (ValueError, RecursionError):
        return None
