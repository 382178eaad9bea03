from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.verify.sandbox.inside import plain

KEYS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
SCALARS = (
    KEYS
    | st.text(st.characters(codec=None))
    | st.complex_numbers()
    | st.fractions()
    | st.decimals()
    | st.datetimes().map(lambda moment: moment.replace(fold=0))  # `==` takes no notice of it
    | st.dates()
    | st.times().map(lambda moment: moment.replace(fold=0))
    | st.timedeltas()
    | st.binary().map(bytearray)
)


def containers(inner):
    hashable = st.lists(KEYS, max_size=4)
    return (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, max_size=4).map(deque)
        | hashable.map(set)
        | hashable.map(frozenset)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4).map(OrderedDict)
        | st.dictionaries(KEYS, inner, max_size=4).map(lambda pairs: defaultdict(None, pairs))
        | hashable.map(Counter)
    )


def told(value):
    """Type and value at every place; unlike `==`, it tells 1 from True, -0.0 from 0.0, and knows NaN."""
    if isinstance(value, dict):
        return type(value), [(told(key), told(inner)) for key, inner in value.items()]
    if isinstance(value, list | tuple | deque):
        return type(value), [told(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(repr, value))
    return type(value), repr(value)


@settings(max_examples=150)
@given(st.recursive(SCALARS, containers, max_leaves=12))
def test_a_plain_value_comes_back_as_it_was(value):
    if "sNaN" in repr(value):
        return  # refused: comparing it raises
    data = plain.encode(value)
    assert told(plain.decode(orjson.loads(orjson.dumps(data)))) == told(value)


TAGS = st.sampled_from([*plain._SEQUENCES, *plain._PAIRS, *plain._PARTS, "int", "float", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*plain._SEQUENCES, *plain._PAIRS, *plain._PARTS, "int", "x"]), inner, max_size=2
        )
    ),
    max_leaves=10,
)


@settings(max_examples=150)
@given(JSON)
def test_whatever_a_program_sends_becomes_builtin_values_or_a_value_error(data):
    try:
        value = plain.decode(data)
    except ValueError:
        return
    assert type(value).__module__ in ("builtins", "collections", "datetime", "decimal", "fractions")
    assert isinstance(value == value, bool)


class Everything(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__

    def __add__(self, other):
        return 42

    def __format__(self, form):
        return "2a"


class Lines(list):
    def __iter__(self):
        return iter([42])


@pytest.mark.parametrize(
    ("value", "becomes"), [(Everything(7), 7), (Lines([7]), [7]), ({"x": Everything(1)}, {"x": 1})]
)
def test_a_subclass_arrives_as_the_builtin_that_it_is(value, becomes):
    assert told(plain.decode(plain.encode(value))) == told(becomes)


@pytest.mark.parametrize(
    "value", [object(), print, type, (x for x in ()), Ellipsis, memoryview(b"x"), range(3)]
)
def test_what_no_builtin_value_stands_for_is_refused(value):
    with pytest.raises(plain.NotPlainError):
        plain.encode(value)


def test_a_value_that_holds_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(plain.NotPlainError):
        plain.encode(value)


KINDS = (date, datetime, time, timedelta, Decimal, Fraction)


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_kind_refuses_what_is_no_text(kind):
    with pytest.raises(ValueError):
        plain.decode({kind.__name__: {"x": 1}})
