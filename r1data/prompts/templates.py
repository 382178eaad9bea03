"""Small families of tasks whose answers are computed: the smallest models solve part of them.

    >>> add1(Random(0))
    ('What is 7 + 7?', '14')

Every possible prompt has one fixed use (`r1data.prompts.question.use`), so what a student is judged by is
never among what it learns from, whatever the recipe asks for.
"""

from collections.abc import Callable, Iterator
from datetime import date
from random import Random

from r1data.errors import ConfigError
from r1data.prompts.question import Question, Use, use, user
from r1data.prompts.worked import WORKED
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.text import nearest

NAMES = ("Tom", "Anna", "Sam", "Lily", "Ben", "Mia", "Jack", "Eva")
THINGS = ("apples", "pens", "books", "coins", "balls", "cards")
WORDS = (
    "red blue green cat dog apple house tree river stone milk bread sun moon star bird fish horse chair "
    "table door window garden flower mountain water fire paper pencil music bridge road train boat lamp "
    "clock shirt cloud snow king"
)


def add1(draw: Random) -> tuple[str, str]:
    """Sum of two one-digit numbers."""
    a, b = draw.randint(1, 9), draw.randint(1, 9)
    return f"What is {a} + {b}?", str(a + b)


def mul1(draw: Random) -> tuple[str, str]:
    """Product of two one-digit numbers."""
    a, b = draw.randint(2, 9), draw.randint(2, 9)
    return f"What is {a} * {b}?", str(a * b)


def sub2(draw: Random) -> tuple[str, str]:
    """Difference of two two-digit numbers, never negative."""
    b, a = sorted((draw.randint(10, 99), draw.randint(10, 99)))
    return f"What is {a} - {b}?", str(a - b)


def add3(draw: Random) -> tuple[str, str]:
    """Sum of three numbers up to 30."""
    a, b, c = (draw.randint(2, 30) for _ in range(3))
    return f"What is {a} + {b} + {c}?", str(a + b + c)


def max4(draw: Random) -> tuple[str, str]:
    """Largest of four two-digit numbers."""
    numbers = draw.sample(range(10, 99), 4)
    return f"What is the largest number in the list {', '.join(map(str, numbers))}?", str(max(numbers))


def last(draw: Random) -> tuple[str, str]:
    """Last of four words."""
    words = draw.sample(WORDS.split(), 4)
    return f"What is the last word in this list: {', '.join(words)}?", words[-1]


def word1(draw: Random) -> tuple[str, str]:
    """A story with one addition or subtraction."""
    a, b, name, things = draw.randint(3, 40), draw.randint(2, 30), draw.choice(NAMES), draw.choice(THINGS)
    if draw.random() < 0.5:
        return f"{name} has {a} {things} and buys {b} more. How many {things} does {name} have now?", str(
            a + b
        )
    more, less = max(a, b) + 1, min(a, b)
    return f"{name} has {more} {things} and gives away {less}. How many {things} are left?", str(more - less)


def word2(draw: Random) -> tuple[str, str]:
    """A story with a product and a sum."""
    a, b, c = draw.randint(2, 6), draw.randint(2, 6), draw.randint(1, 5)
    name, things = draw.choice(NAMES), draw.choice(THINGS)
    boxes = f"{a} boxes with {b} {things} in each box and {c} extra {things}"
    return f"{name} has {boxes}. How many {things} does {name} have in total?", str(a * b + c)


FAMILIES: dict[str, Callable[[Random], tuple[str, str]]] = {
    family.__name__: family for family in (add1, mul1, sub2, add3, max4, last, word1, word2)
}
"""Families by name; each draws a prompt and its reference. To add one, write a function and name it here."""
DRAWN = FAMILIES | {name: family.draw for name, family in WORKED.items()}
"""The same with those of `r1data.prompts.worked`, which a recipe has only if it names them."""

VERIFIER = {"last": "exact"}
"""Verifiers of the families that have no number as their answer; the others use `math`."""
DOMAIN = {"last": "general"}
DRAWS_PER_ITEM = 200
"""Draws after which a small family counts as exhausted."""


def templates(
    config: PromptSource | BenchmarkSource, *, night: date | None, start: date
) -> Iterator[Question]:
    """Give `n_per_family` distinct items of each family, drawn by the date; fewer where a family has no more.

    Small families, such as one-digit sums, repeat over nights.

    Raises:
        ConfigError: a family is not known.
    """
    for family in config.families:
        if family not in DRAWN:
            raise ConfigError(f"`families` of `{config.name}`: no family {nearest(family, DRAWN)}")
    wanted: Use = "night" if night else "heldout"
    for family in config.families or FAMILIES:
        seed = f"{family} {night or 'heldout'}"
        for prompt, reference in _draw(family, Random(seed), config.n_per_family, wanted):
            yield Question(
                messages=user(prompt),
                reference=reference,
                verifier=VERIFIER.get(family, "math"),
                origin=f"templates {seed}",
                domain=DOMAIN.get(family, "math"),
                family=family,
                language="en",
                licence=config.licence,
            )


def _draw(family: str, draw: Random, n: int, wanted: Use) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for _ in range(n * DRAWS_PER_ITEM):
        prompt, reference = DRAWN[family](draw)
        if prompt not in seen and use(prompt) == wanted:
            seen.add(prompt)
            yield prompt, reference
        if len(seen) == n:
            return
