"""Parameters of mixes: declared in a file's header, given by `--set` or a student's recipe.

-- $keep = 2: traces of one prompt, at most.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from r1data.errors import ConfigError
from r1data.text import nearest
from r1data.train.draw import ORDERS

Value = bool | int | float | str | dict[str, float]
MOST = 100
"""The largest weight: a slip of the hand must not fill a disk."""
_LINE = re.compile(r"-- \$")
_DECLARED = re.compile(r"-- \$([a-z][a-z0-9_]*) = (\S+): (\S.*)")


@dataclass(frozen=True)
class Parameter:
    """What may be said of a mix without editing it."""

    default: Value
    """What holds when nothing is given; its type is that of every value."""
    doc: str
    """One sentence."""


DRAWING = {
    "seed": Parameter(0, "what chance hangs on: the draws of weights, caps and proportion, and their order."),
    "weights": Parameter(
        {}, "how often rows of a source count, as a map: 0.5 takes half, 2 takes each twice."
    ),
    "caps": Parameter({}, "rows of a source at most, copies among them, as a map."),
    "reasoning_per_general": Parameter(
        0, "reasoning rows for each general one; of the kind that is too many a part is drawn; 0 takes all."
    ),
    "order": Parameter("night", f"of the rows: {', '.join(ORDERS)}."),
}
"""Parameters that every mix has; `draw.draw` does what they say."""


def declared(file: str, text: str) -> dict[str, Parameter]:
    """The parameters of a mix: those of its header, then those of DRAWING.

    Raises:
        ConfigError: a line of the header declares one badly.
    """
    found: dict[str, Parameter] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not _LINE.match(line):
            continue
        parts = _DECLARED.fullmatch(line.strip())
        if not parts:
            raise ConfigError(
                f"{file}, line {number} declares no parameter. Write -- $name = default: what it means."
            )
        name, default, doc = parts.groups()
        if name == "recipe":
            raise ConfigError(f"{file}, line {number}: $recipe is always given. Leave the line out.")
        if name in found:
            raise ConfigError(f"{file}, line {number} declares ${name} again. Leave one of them out.")
        value = _literal(default)
        if name in DRAWING:
            value = _checked(name, _typed(f"{file}, line {number}: ${name}", DRAWING[name].default, value))
        found[name] = Parameter(value, doc)
    return found | {name: one for name, one in DRAWING.items() if name not in found}


def values(
    file: str, parameters: Mapping[str, Parameter], given: Mapping[str, Any], *, recipe: str
) -> dict[str, Any]:
    """Every parameter's value, and `recipe`.

    Args:
        file: the mix, for messages.
        parameters: what the mix has.
        given: what a user said; texts are read as the parameter's type.
        recipe: whose nights the mix reads.

    Raises:
        ConfigError: one is unknown (names the nearest) or cannot have that value.
    """
    found: dict[str, Any] = {name: one.default for name, one in parameters.items()}
    for name, value in given.items():
        if name not in parameters:
            raise ConfigError(f"{file} has no parameter {nearest(name, parameters)}")
        found[name] = _checked(name, _typed(f"${name}", parameters[name].default, value))
    return found | {"recipe": recipe}


def _literal(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _typed(what: str, default: Value, value: Any) -> Value:
    """A value of the default's type.

    Raises:
        ConfigError: it is of another.
    """
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise ConfigError(f"{what} is a text, such as {default}; it cannot be {value!r}.")
    read = _literal(value) if isinstance(value, str) else value
    if isinstance(default, dict):
        numbers = isinstance(read, dict) and all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in read.values()
        )
        if numbers:
            return dict(read)
        raise ConfigError(f'{what} is a map of numbers, such as {{"gsm8k": 2}}; it cannot be {value!r}.')
    fits = {
        bool: isinstance(read, bool),
        int: isinstance(read, int) and not isinstance(read, bool),
        float: isinstance(read, int | float) and not isinstance(read, bool),
    }
    if not fits[type(default)]:
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
        raise ConfigError(
            f"{what} is {kind}, such as {orjson.dumps(default).decode()}; it cannot be {value!r}."
        )
    return type(default)(read)


def _checked(name: str, value: Value) -> Value:
    """A value that the draw can use.

    Raises:
        ConfigError: it cannot.
    """
    if name == "order" and value not in ORDERS:
        raise ConfigError(f"$order is not {nearest(str(value), ORDERS)}")
    if name == "reasoning_per_general" and isinstance(value, int) and value < 0:
        raise ConfigError("$reasoning_per_general is 0 (take all) or more, such as 3.")
    if isinstance(value, dict) and name in ("weights", "caps"):
        for source, number in value.items():
            if name == "weights" and not 0 <= number <= MOST:
                raise ConfigError(f"$weights of {source} is {number}; it must be from 0 to {MOST}.")
            if name == "caps" and not (number >= 0 and float(number).is_integer()):
                raise ConfigError(f"$caps of {source} is {number}; it must be a whole number from 0.")
        if name == "caps":
            return {source: int(number) for source, number in value.items()}
    return value
