"""Which number of a question is which number of its computation, if that is clear.

>>> bind("Ann has 8 pens and buys 5. How many has she?", "13", "8 + 5").with_numbers([9, 4])
('Ann has 9 pens and buys 4. How many has she?', '13')
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from random import Random

from r1data.prompts.arithmetic import (
    Link,
    Number,
    Operation,
    Tree,
    added,
    decimal,
    parse,
    replaced,
    same_kind,
    values,
    written,
)

STEP = re.compile(r"<<([^<>=]+)=([^<>=]+)>>")
CLEAR = re.compile(r"(?<![\w.,/:-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w/:]|[.,]\d)")
"""A number that stands alone; parts of fractions, times, ordinals and ranges stay as they are."""
ANY = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
ANSWER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:/\d+)?")
YEARS = range(1900, 2100)
SMALL = 12
"""A number up to this that is used twice may be two numbers, one of which no word of ours says."""
MONTHS = (
    "(?:January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
)
CLOCK = re.compile(rf"\s*(?i:[ap]\.?m\b|o['’]?clock)|\s+(?:of\s+)?{MONTHS}\b")
"""Behind a number: it is a time or a date, of which not every number is one."""
DATE = re.compile(rf"\b{MONTHS}\.?\s+$")
UNITS = (
    "ounces|pounds|grams|kilograms|inches|feet|yards|meters|centimeters|millimeters|seconds|minutes|hours|days"
    "|weeks|months|years|cents|cups|pints|quarts|gallons|tablespoons|teaspoons|liters|milliliters"
)
UNIT = re.compile(
    rf"\bthere (?:are|is) [\d.,]+ (?:{UNITS}) (?:in|to|per) (?:an?|one|1|each|every)\b", re.IGNORECASE
)
"""A text that says what a unit is; no other number is true."""
LEAST, MOST = 0.6, 1.6
"""Bounds of a new number, as multiples of the old."""
PERCENT = r"\s*(?:%|per ?cent)"
CAPS = {
    PERCENT: 99,
    r"[\s-]*hours?\b": 24,
    r"[\s-]*(?:minutes?|seconds?)\b": 60,
    r"[\s-]*days?\b": 7,
    r"[\s-]*months?\b": 12,
}
"""What a number up to this many stays below, by the text behind it."""
WORDS = {
    2: r"two|twice|double|doubled|half|halves|halved|both|couple|pair|pairs|second|bi\w+",
    3: r"three|thrice|triple|tripled|thirds?",
    4: r"four|fourths?|quarters?|quadruple\w*|seasons?",
    5: r"five|fifths?|weekdays?|nickels?|workdays?",
    6: r"six|sixths?|half a dozen",
    7: r"seven|sevenths?|weeks?|weekly",
    8: r"eight|eighths?",
    9: r"nine|ninths?",
    10: r"ten|tenths?|dimes?|decades?",
    12: r"twelve|dozens?|years?|yearly|annual\w*|months?|foot|feet|inch\w*",
    16: r"ounces?|pounds?",
    20: r"twenty|score",
    24: r"day|days|daily|hours?",
    25: r"quarters?|twenty-five",
    30: r"months?|thirty|monthly|half an hour|half hour",
    36: r"yards?",
    50: r"half|fifty",
    52: r"years?|weeks?|weekly|yearly",
    60: r"hours?|minutes?|hourly|seconds?|sixty",
    100: r"cents?|percent|percentage|hundred|centur\w+|meters?|centimeters?|dollars?|pennies|penny",
    365: r"years?|days?|daily",
    1000: r"thousand|kg|kilo\w+|km|grams?|meters?|liters?|ml|milli\w+",
    Fraction(1, 2): r"half",
    Fraction(1, 4): r"quarters?|fourths?",
    Fraction(3, 2): r"and a half",
}
"""Words that say a number; such a number of a computation may come from them."""


class Unclear(Exception):
    """Why a row cannot be used, one word."""


@dataclass(frozen=True)
class Place:
    """A number of the question whose value may change."""

    start: int
    end: int
    value: Fraction
    n_decimals: int
    commas: bool
    cap: int | None
    """What it stays at or below."""

    def draw(self, draw: Random) -> Fraction:
        """Another number of its kind, size and roundness; small numbers stay plural."""
        if self.value <= 1:
            return self.value
        scale = 10**self.n_decimals
        old = int(self.value * scale)
        n_zeros = len(str(old)) - len(str(old).rstrip("0"))
        step = 10 ** (n_zeros if self.n_decimals else max(n_zeros - 1, 0))
        low = max(int(old * LEAST) // step, 1 if self.n_decimals else 2)
        high = int(old * MOST) // step + 1
        if self.cap:
            high = min(high, self.cap * scale // step)
        return Fraction(draw.randint(low, max(low, high)) * step, scale)

    def written(self, value: Fraction) -> str:
        """A value as the question writes this number."""
        return decimal(value, self.n_decimals, commas=self.commas)


@dataclass(frozen=True)
class Problem:
    """A question whose numbers are bound to its computation."""

    text: str
    numbers: tuple[Place, ...]
    steps: tuple[Tree, ...]
    """Each may use the numbers and the steps before it; the last gives the answer."""

    def computed(self, inputs: Sequence[Fraction]) -> tuple[tuple[Fraction, ...], ...]:
        """Every value of every step."""
        found: list[tuple[Fraction, ...]] = []
        for step in self.steps:
            found.append(values(step, tuple(inputs), tuple(one[-1] for one in found)))
        return tuple(found)

    def with_numbers(self, inputs: Sequence[Fraction | int]) -> tuple[str, str] | None:
        """The question with these numbers and its answer; None if they or the results of the steps are in
        another order of size, by which a question may decide (`the cheaper one`), or if a value on the way
        changes its kind.
        """
        new, given = tuple(map(Fraction, inputs)), tuple(number.value for number in self.numbers)
        try:
            changed = self.computed(new)
        except ZeroDivisionError:
            return None
        before = self.computed(given)
        if _order(given, before) != _order(new, changed):
            return None
        old, fresh = (tuple(value for step in steps for value in step) for steps in (before, changed))
        if not all(map(same_kind, old, fresh)):
            return None
        text = self.text
        for place, value in sorted(zip(self.numbers, new, strict=True), key=lambda pair: -pair[0].start):
            text = text[: place.start] + place.written(value) + text[place.end :]
        return text, written(changed[-1][-1])


def _order(inputs: Sequence[Fraction], steps: Sequence[tuple[Fraction, ...]]) -> list[int]:
    """Which of two values is larger, of every two inputs and results: 1, 0 or -1."""
    known = [*inputs, *(step[-1] for step in steps)]
    return [(one > other) - (one < other) for one, other in combinations(known, 2)]


def bind(text: str, reference: str, equation: str) -> Problem:
    """Bind the numbers of a question to those of its computation.

    Args:
        text: the question.
        reference: its answer, or a solution that ends in `#### answer`.
        equation: one expression, or a solution with annotations such as `<<48/2=24>>`.

    Raises:
        Unclear: the row cannot be used.
    """
    trees = _steps(equation)
    places, fixed = _places(text)
    steps: list[Tree] = []
    results: list[Fraction] = []
    used = Counter[int]()

    def link(value: Fraction) -> Tree:
        return _link(value, text, places, fixed, results, used)

    for tree, stated in trees:
        try:
            result = values(tree)[-1]
        except ZeroDivisionError:
            raise Unclear("unreadable") from None
        if stated is not None and stated != result:
            raise Unclear("wrong_step")
        steps.append(replaced(tree, link))
        # A unit, such as the 30 days of a month, multiplies or divides; what is added comes from elsewhere.
        if any(value > SMALL and value != 100 and value not in fixed for value in added(steps[-1])):
            raise Unclear("unknown_constant")
        results.append(result)
    if not results or results[-1] != _answer(reference):
        raise Unclear("wrong_answer")
    if len(used) < len(places):
        raise Unclear("unused_number")
    if any(n > 1 and places[number].value <= SMALL for number, n in used.items()):
        raise Unclear("ambiguous")
    return Problem(text, tuple(places), tuple(steps))


def _steps(equation: str) -> list[tuple[Tree, Fraction | None]]:
    found = STEP.findall(equation)
    if not found and ("<<" in equation or not ANY.search(equation)):
        raise Unclear("no_computation")
    try:
        trees = [(parse(one), values(parse(result))[-1]) for one, result in found] or [
            (parse(equation), None)
        ]
    except (ValueError, ZeroDivisionError):
        raise Unclear("no_computation" if not found else "unreadable") from None
    if not any(isinstance(tree, Operation) for tree, _ in trees):
        raise Unclear("no_computation")
    return trees


def _places(text: str) -> tuple[list[Place], set[Fraction]]:
    """Numbers that may change, and those that stay."""
    places, inside = [], set[int]()
    if UNIT.search(text):
        raise Unclear("unit")
    for found in CLEAR.finditer(text):
        whole, _, decimals = found[0].replace(",", "").partition(".")
        value = Fraction(f"{whole}.{decimals or 0}")
        if not decimals and "," not in found[0] and int(whole) in YEARS:
            raise Unclear("year")
        if CLOCK.match(text, found.end()) or DATE.search(text[: found.start()]):
            raise Unclear("calendar")
        behind = (cap for words, cap in CAPS.items() if re.match(words, text[found.end() :], re.IGNORECASE))
        cap = next((cap for cap in behind if value <= cap), None)
        places.append(Place(*found.span(), value, len(decimals), "," in found[0], cap))
        inside.update(range(*found.span()))
    if not places:
        raise Unclear("no_numbers")
    if len({place.value for place in places}) < len(places):
        raise Unclear("repeated_number")
    rest = [found[0].replace(",", "") for found in ANY.finditer(text) if found.start() not in inside]
    return places, {Fraction(number) for number in rest}


def _link(
    value: Fraction,
    text: str,
    places: list[Place],
    fixed: set[Fraction],
    results: list[Fraction],
    used: Counter[int],
) -> Tree:
    """What a number of the computation stands for: a number of the question, a step before, or itself."""
    asked = [number for number, place in enumerate(places) if place.value == value]
    shares = [
        n for n, place in enumerate(places) if place.cap == CAPS[PERCENT] and place.value / 100 == value
    ]
    before = [number for number, result in enumerate(results) if result == value]
    # A percentage is also what is left of another one, which no step need say.
    stated = [place.value for place in places if place.cap == CAPS[PERCENT]]
    percentages = stated + results if stated else []
    others = sum(other in (100 * value, 100 - value, 100 - 100 * value) for other in percentages)
    said = value in fixed or _said(value, text)
    if len(asked) + len(shares) + len(before) + said > 1 or ((asked or shares) and others > len(shares)):
        raise Unclear("ambiguous")
    if asked or shares:
        used[(asked or shares)[0]] += 1
    if asked:
        return Link("input", asked[0])
    if shares:
        return Operation("/", Link("input", shares[0]), Number(Fraction(100)))
    if before:
        return Link("step", before[0])
    if said or value in (0, 1):
        return Number(value)
    raise Unclear("unknown_constant")


def _said(value: Fraction, text: str) -> bool:
    words = WORDS.get(value)
    if value == 100 and re.search(r"[%$¢]", text):
        return True
    return bool(words and re.search(rf"\b(?:{words})\b", text, re.IGNORECASE))


def _answer(reference: str) -> Fraction | None:
    last = reference.rpartition("####")[2].replace(",", "").replace("$", "").strip()
    try:
        return Fraction(last) if ANSWER.fullmatch(last) else None
    except (ValueError, ZeroDivisionError):
        return None
