"""Plain values as JSON and back, exactly: what leaves the sandbox is data, never an object with behaviour.

    (1, {2: float("nan")})  ->  {"tuple": [1, {"dict": [[2, {"float": "nan"}]]}]}

The side that encodes may be hostile: `decode` builds builtin values out of whatever it is given, or raises
ValueError. A value of a subclass becomes one of its builtin base, read by the methods of that base, so an
object that says it equals everything arrives as the number or text that it is, or not at all.
"""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 100
"""Containers inside containers, at most."""
MAX_NODES = 2_000_000
"""Values in one value, at most."""
SAFE_INT = 1 << 53
MAX_FRACTION_BITS = 1 << 16
"""Parts of a fraction, at most: reducing larger ones would keep the side that decodes busy."""
_MRO = type.__dict__["__mro__"]
_SEQUENCES = {"tuple": tuple, "set": set, "frozenset": frozenset, "deque": deque}
_PAIRS: dict[str, Callable[[list[tuple[Any, Any]]], dict]] = {
    "dict": dict,
    "OrderedDict": OrderedDict,
    "Counter": lambda pairs: Counter(dict(pairs)),
    "defaultdict": lambda pairs: defaultdict(None, pairs),
}
_TEXTS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "Decimal": (Decimal, Decimal.__str__, Decimal),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
    "time": (time, time.isoformat, time.fromisoformat),
}


class NotPlainError(ValueError):
    """A value that no builtin value stands for, or one too deep or too large."""


def encode(value: Any) -> Any:
    """The value as JSON types; NotPlainError for one that is no plain value."""
    return _Encoder().encode(value, 0)


class _Encoder:
    """Counts what it meets, so that a value that holds itself ends."""

    def __init__(self) -> None:
        self.left = MAX_NODES

    def encode(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise NotPlainError("the value is too deep" if depth > MAX_DEPTH else "the value is too large")
        for kind in _MRO.__get__(type(value)):
            if encoder := _ENCODERS.get(kind):
                return encoder(self, value, depth + 1)
        raise NotPlainError(f"{type(value).__name__} is no plain value")

    def items(self, values: Any, depth: int) -> list[Any]:
        return [self.encode(value, depth) for value in values]


def _int(_: _Encoder, value: int, depth: int) -> Any:
    number = int.__add__(value, 0)
    return number if -SAFE_INT < number < SAFE_INT else {"int": int.__format__(number, "x")}


def _float(_: _Encoder, value: float, depth: int) -> Any:
    text = float.__repr__(value)
    return {"float": text} if "n" in text or text == "-0.0" else float.__add__(value, 0.0)


def _str(_: _Encoder, value: str, depth: int) -> Any:
    text = str.__getitem__(value, slice(None))
    try:
        str.encode(text)
    except UnicodeEncodeError:  # lone surrogates; a pair of them would come back as one character
        return {"str": str.encode(text, "utf-32-le", "surrogatepass").hex()}
    return text


def _sequence(name: str, kind: type) -> Callable[[_Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {name: encoder.items(kind.__iter__(value), depth)}


def _pairs(kind: type) -> Callable[[_Encoder, Any, int], Any]:
    items = kind.items
    return lambda encoder, value, depth: {
        kind.__name__: [encoder.items(pair, depth) for pair in items(value)]
    }


def _text(name: str, written: Callable[[Any], str]) -> Callable[[_Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {name: encoder.encode(written(value), depth)}


_ENCODERS: dict[type, Callable[[_Encoder, Any, int], Any]] = {
    type(None): lambda encoder, value, depth: None,
    bool: lambda encoder, value, depth: value is True,
    int: _int,
    float: _float,
    str: _str,
    list: lambda encoder, value, depth: encoder.items(list.__iter__(value), depth),
    bytes: lambda encoder, value, depth: {"bytes": bytes.hex(value)},
    bytearray: lambda encoder, value, depth: {"bytearray": bytearray.hex(value)},
    complex: lambda encoder, value, depth: {
        "complex": encoder.items(
            [complex.real.__get__(value), complex.imag.__get__(value)],
            depth,
        )
    },
    Fraction: lambda encoder, value, depth: {
        "Fraction": encoder.items([Fraction.numerator.fget(value), Fraction.denominator.fget(value)], depth)
    },
    timedelta: lambda encoder, value, depth: {
        "timedelta": encoder.items([getattr(timedelta, part).__get__(value) for part in _DELTA], depth)
    },
    **{kind: _sequence(name, kind) for name, kind in _SEQUENCES.items()},
    **{kind: _pairs(kind) for kind in (dict, Counter, defaultdict, OrderedDict)},
    **{kind: _text(name, written) for name, (kind, written, _) in _TEXTS.items()},
}
_PARTS = {"complex": complex, "Fraction": Fraction, "timedelta": timedelta}
_DELTA = ("days", "seconds", "microseconds")


def decode(data: Any) -> Any:
    """The value that `encode` gave as JSON types; ValueError for anything that it would not give."""
    try:
        return _decode(data, 0)
    except (TypeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"no plain value: {error}") from None


def _decode(data: Any, depth: int) -> Any:
    if depth > 2 * MAX_DEPTH + 4:
        raise ValueError("the value is too deep")
    if isinstance(data, list):
        return [_decode(item, depth + 1) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) != 1:
        raise ValueError("a tagged value has one tag")
    [(name, inner)] = data.items()
    if name in _SEQUENCES:
        return _SEQUENCES[name](_decode(_list(inner), depth + 1))
    if name in _PAIRS:
        return _PAIRS[name]([tuple(_decode(_list(pair, 2), depth + 1)) for pair in _list(inner)])
    return _decode_one(name, inner, depth)


def _decode_one(name: str, inner: Any, depth: int) -> Any:
    """A value that is no container."""
    if name in _PARTS:
        parts = _decode(_list(inner), depth + 1)
        wanted = float if name == "complex" else int
        if not all(type(part) is wanted for part in parts):
            raise ValueError(f"parts of a {name} are numbers")
        if name == "Fraction" and any(part.bit_length() > MAX_FRACTION_BITS for part in parts):
            raise ValueError("the fraction is too large")
        return _PARTS[name](*parts)
    if not isinstance(inner, str):
        raise ValueError(f"a {name} is written as text")
    if name == "Decimal" and "s" in inner.lower():
        raise ValueError("comparing a signalling NaN raises")
    if name in _TEXTS:
        return _TEXTS[name][2](inner)
    if name == "int":
        return int(inner, 16)
    if name == "float":
        return float(inner)
    if name == "str":
        return bytes.fromhex(inner).decode("utf-32-le", "surrogatepass")
    if name in ("bytes", "bytearray"):
        return (bytes if name == "bytes" else bytearray).fromhex(inner)
    raise ValueError(f"no plain value is tagged {name[:40]!r}")


def _list(data: Any, length: int | None = None) -> list[Any]:
    if not isinstance(data, list) or length not in (None, len(data)):
        raise ValueError("a container holds a list")
    return data
