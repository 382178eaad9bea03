"""Numba kernels: a text in memory -> code points as they are compared -> words, numbers and signs.

Markup is read for what it sets: `\\frac{1}{2}` and `1/2`, `\\text{cm}` and `cm`, `10,\\!000` and `10000` give
the same tokens. Numbers that are spelled out in English are numbers: `two hundred and five`, `3 million`.

Numba's cache does not notice edits here, since kernels of another file are compiled with it: after one,
`make clean`.
"""

import numpy as np
from numba import njit

from r1data.curate.decontaminate.words import (
    ALIAS,
    DROPPED,
    FRACTION,
    GROUP,
    NUMBER,
    PERCENT_WORD,
    SIGN,
    WORD,
)
from r1data.curate.dedup.primitives import ONE, U64, ZERO, copy, mixed

SEED = U64(0x9E3779B97F4A7C15)
STEP = U64(0x100000001B3)
"""Prime of the FNV hash."""
EXACT_DIGITS = 17
"""Longest number that is compared by value; a longer one is compared by its digits."""
BACKSLASH, PERCENT, DOT, COMMA, HYPHEN, OPENING, CLOSING = 0x5C, 0x25, 0x2E, 0x2C, 0x2D, 0x7B, 0x7D
SIGNS = (0x2A, 0x2B, HYPHEN, 0x3C, 0x3E)
LONGEST_GROUP = 40
"""Code points of `\\begin{…}`, at most."""


@njit(inline="always")
def _kind(code: int, kinds: np.ndarray) -> int:
    return kinds[code] if code < len(kinds) else 3


@njit
def fold(address: np.uint64, n_bytes: int, written: np.ndarray, codes: np.ndarray, places: np.ndarray) -> int:
    """Code points as they are compared, and which character of the text each is from; returns how many."""
    buffer = np.empty(n_bytes + 8, np.uint8)
    copy(U64(buffer.ctypes.data), address, n_bytes)
    at = n = character = 0
    while at < n_bytes:
        byte = np.int64(buffer[at])
        if byte < 0x80:
            code = byte
            at += 1
        elif byte < 0xE0:
            code = ((byte & 0x1F) << 6) | (np.int64(buffer[at + 1]) & 0x3F)
            at += 2
        elif byte < 0xF0:
            code = ((byte & 0x0F) << 12) | ((np.int64(buffer[at + 1]) & 0x3F) << 6)
            code |= np.int64(buffer[at + 2]) & 0x3F
            at += 3
        else:
            code = ((byte & 0x07) << 18) | ((np.int64(buffer[at + 1]) & 0x3F) << 12)
            code |= ((np.int64(buffer[at + 2]) & 0x3F) << 6) | (np.int64(buffer[at + 3]) & 0x3F)
            at += 4
        if code < len(written):
            parts = written[code]
            while parts != ZERO:
                codes[n] = np.int32(parts & U64(0x1FFFFF))
                places[n] = character
                n += 1
                parts >>= U64(21)
        else:
            codes[n] = code
            places[n] = character
            n += 1
        character += 1
    return n


@njit
def _thousands(codes: np.ndarray, n: int, at: int, kinds: np.ndarray) -> int:
    """Where the three digits behind a thousands separator begin; 0 when there is no such thing at `at`.

    Separators are `,` and what LaTeX writes for it: `{,}`, `\\,`, `,\\!`.
    """
    here = at
    if (
        here < n
        and codes[here] == OPENING
        and here + 2 < n
        and codes[here + 1] == COMMA
        and codes[here + 2] == CLOSING
    ):
        here += 3
    elif here + 1 < n and codes[here] == BACKSLASH and codes[here + 1] == COMMA:
        here += 2
    elif here < n and codes[here] == COMMA:
        here += 1
        if here + 1 < n and codes[here] == BACKSLASH and codes[here + 1] == 0x21:
            here += 2
    else:
        return 0
    if here + 3 > n:
        return 0
    for ahead in range(3):
        if _kind(codes[here + ahead], kinds) != 2:
            return 0
    if here + 3 < n and _kind(codes[here + 3], kinds) == 2:
        return 0
    return here


@njit
def number_hash(mantissa: int, decimals: int) -> np.uint64:
    """Hash of `mantissa / 10 ** decimals`; the same for all ways to write a value."""
    while decimals > 0 and mantissa % 10 == 0:
        mantissa //= 10
        decimals -= 1
    return mixed(U64(mantissa) * SEED + U64(decimals) + SEED)


@njit
def _number(codes: np.ndarray, n: int, at: int, kinds: np.ndarray) -> tuple[int, int, int, np.uint64]:
    """A number that begins at `at`: its end, mantissa, decimals (-1: too long for a value), hash."""
    mantissa, n_digits, n_decimals, digits = np.int64(0), 0, 0, SEED
    point = grouped = False
    while at < n:
        if _kind(codes[at], kinds) == 2:
            if n_digits < EXACT_DIGITS:
                mantissa = mantissa * 10 + (np.int64(codes[at]) - 48)
            digits = (digits ^ U64(codes[at])) * STEP
            n_digits += 1
            n_decimals += point
            at += 1
            continue
        group = _thousands(codes, n, at, kinds) if not point and (grouped or 0 < n_digits <= 3) else 0
        if group > 0:
            at, grouped = group, True
        elif not point and codes[at] == DOT and at + 1 < n and _kind(codes[at + 1], kinds) == 2:
            digits = (digits ^ U64(DOT)) * STEP
            at, point = at + 1, True
        else:
            break
    if n_digits > EXACT_DIGITS:
        return at, 0, -1, mixed(digits)
    return at, mantissa, n_decimals, number_hash(mantissa, n_decimals)


@njit(inline="always")
def _found(table: np.ndarray, hash_: np.uint64) -> int:
    """Slot of a hash in `table`, or -1."""
    at = np.int64(hash_ >> U64(20)) & (len(table) - 1)
    while table[at] != ZERO:
        if table[at] == hash_:
            return at
        at = (at + 1) & (len(table) - 1)
    return -1


@njit(inline="always")
def _put(
    out: tuple, count: int, hash_: np.uint64, flag: int, begin: int, end: int, mantissa: int, decimals: int
) -> int:
    hashes, flags, spans, numbers = out
    hashes[count], flags[count] = hash_, flag
    spans[count, 0], spans[count, 1] = begin, end
    numbers[count, 0], numbers[count, 1] = mantissa, decimals
    return count + 1


@njit
def _letters(
    codes: np.ndarray, n: int, at: int, kinds: np.ndarray, words: tuple, out: tuple, count: int
) -> tuple[int, int]:
    """Read a word or a command of LaTeX: the place behind it, and how many tokens there are."""
    names, meanings, values = words
    begin, command = at, codes[at] == BACKSLASH
    at += command
    hash_ = SEED
    while at < n and _kind(codes[at], kinds) == 1:
        hash_ = (hash_ ^ U64(codes[at])) * STEP
        at += 1
    hash_ = mixed(hash_)
    place = _found(names, hash_ ^ ONE if command else hash_)
    meaning = meanings[place] if place >= 0 else np.int64(-1)
    if meaning < 0:
        return at, _put(out, count, hash_, WORD, begin, at, 0, 0)
    if meaning < DROPPED:
        return at, _put(out, count, U64(meaning), SIGN, begin, at, 0, 0)
    if meaning == ALIAS:
        return at, _put(out, count, U64(values[place]), WORD, begin, at, 0, 0)
    if meaning == GROUP:
        while at < n and at < begin + LONGEST_GROUP and codes[at] != CLOSING:
            at += 1
    elif meaning == FRACTION:
        for _ in range(2):  # `\\frac13` is 1 and 3
            if at < n and _kind(codes[at], kinds) == 2:
                digit = np.int64(codes[at]) - 48
                count = _put(out, count, number_hash(digit, 0), NUMBER, at, at + 1, digit, 0)
                at += 1
    elif meaning != DROPPED:
        count = _put(out, count, hash_, meaning, begin, at, values[place], 0)
    return at, count


@njit
def _other(codes: np.ndarray, at: int, names: tuple, out: tuple, count: int) -> int:
    """Read a character that is neither letter nor digit; returns how many tokens there are."""
    code = codes[at]
    if code == PERCENT:
        return _put(out, count, U64(PERCENT_WORD), WORD, at, at + 1, 0, 0)
    if code in SIGNS:
        return _put(out, count, U64(code), SIGN, at, at + 1, 0, 0)
    place = _found(names[0], mixed((SEED ^ U64(code)) * STEP)) if code > 0x7F else -1
    if place >= 0:
        return _put(out, count, U64(names[2][place]), WORD, at, at + 1, 0, 0)
    return count


@njit(inline="always")
def _follows_word(codes: np.ndarray, at: int, kinds: np.ndarray) -> bool:
    return at > 1 and _kind(codes[at - 1], kinds) == 1 and _kind(codes[at - 2], kinds) == 1


@njit
def scan(codes: np.ndarray, n: int, kinds: np.ndarray, words: tuple, out: tuple) -> int:
    """Tokens of a text, one after the other; returns how many.

    Args:
        codes, n: as `fold` gives them; kinds: of `fold.tables`.
        words: what words and commands mean, of `words.table`: hash, meaning, value.
        out: written: hashes; flags (WORD, NUMBER, SIGN or a kind of number word); spans [begin and end in
            `codes`]; numbers [mantissa and decimals].
    """
    count = at = 0
    while at < n:
        code = codes[at]
        kind = _kind(code, kinds)
        following = _kind(codes[at + 1], kinds) if at + 1 < n else 0
        if kind == 1 or (code == BACKSLASH and following == 1):
            at, count = _letters(codes, n, at, kinds, words, out, count)
        elif kind == 2 or (code == DOT and following == 2 and (at == 0 or _kind(codes[at - 1], kinds) == 0)):
            end, mantissa, decimals, hash_ = _number(codes, n, at, kinds)
            count = _put(out, count, hash_, NUMBER, at, end, mantissa, decimals)
            at = end
        elif kind >= 3:
            flag, decimals = (NUMBER, -2) if kind == 4 else (WORD, 0)
            count = _put(out, count, mixed(U64(code) * SEED), flag, at, at + 1, 0, decimals)
            at += 1
        elif code == BACKSLASH:
            at += 1 if following == 0 and at + 1 < n and codes[at + 1] == PERCENT else 2
        else:
            joins = code == HYPHEN and following == 1 and _follows_word(codes, at, kinds)
            count = count if joins else _other(codes, at, words, out, count)
            at += 1
    return count
