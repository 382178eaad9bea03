"""Words of a text in memory, as Numba's kernels find them, 64 bytes at a time.

Words are runs of bytes above 0x20; each code point of a script that is written without spaces is a word:
Thai to Tibetan (U+0E00 … U+0FFF), Burmese (U+1000 … U+109F), Khmer (U+1780 … U+17FF), and everything from
U+3000 on, where CJK begins.

As for `primitives`, Numba's cache does not notice edits here: after one, `make clean`.
"""

import numpy as np
from numba import njit

from r1data.curate.dedup.primitives import (
    ONE,
    U64,
    WIDTH,
    ZERO,
    blank_bytes,
    lead_bytes,
    load,
    lowest,
)

ALL = U64(0xFFFFFFFFFFFFFFFF)
LOW = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(16)], np.uint64)
HIGH = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(16)], np.uint64)
"""Masks of what a word of n bytes has of its first eight bytes, and of the next eight."""
# Odd constants of xxHash.
WORD_1, WORD_2 = U64(0x9E3779B185EBCA87), U64(0xC2B2AE3D27D4EB4F)


@njit(inline="always")
def _word(start: np.uint64, n_bytes: np.uint64) -> np.uint64:
    """Hash of a word, its bytes followed by 16 readable ones.

    No byte of a word is 0, so the bytes of a short one, followed by zeros, tell its length too. Nearly all
    words are short, and of these none takes another way: a processor would guess it wrong too often.
    """
    if n_bytes < U64(16):
        x = ((load(start) & LOW[n_bytes]) ^ WORD_2) * WORD_1
        x ^= (load(start + U64(8)) & HIGH[n_bytes]) * WORD_2
        return x ^ (x >> U64(32))
    x = n_bytes * WORD_1
    at = ZERO
    while at + U64(8) < n_bytes:
        x = (x ^ load(start + at)) * WORD_2
        x ^= x >> U64(29)
        at += U64(8)
    x = (x ^ load(start + n_bytes - U64(8))) * WORD_1
    return x ^ (x >> U64(32))


@njit(inline="always")
def _stands_alone(x: np.uint64) -> bool:
    """Whether the code point whose first bytes are the lowest of x is a word of its own."""
    first, second, third = x & U64(0xFF), (x >> U64(8)) & U64(0xFF), (x >> U64(16)) & U64(0xFF)
    if first == U64(0xE0):
        return second >= U64(0xB8)
    if first == U64(0xE1):
        burmese = second <= U64(0x81) or (second == U64(0x82) and third <= U64(0x9F))
        return burmese or second == U64(0x9E) or second == U64(0x9F)
    return True


@njit(inline="always")
def _mixed_block(
    block: np.uint64,
    base: np.uint64,
    end: np.uint64,
    blanks: np.uint64,
    leads: np.uint64,
    start: np.uint64,
    count: int,
    words: np.ndarray,
) -> tuple[np.uint64, int, np.uint64]:
    """Words of a block with code points that may stand alone.

    Args:
        block, base, end: its address, its place in the text, and the text's end.
        blanks, leads: masks of its bytes.
        start: place + 1 where the open word began; 0 when none is open.
        count: words so far.

    Returns:
        start, count, and how many bytes were read: more than the block when a code point ends behind it.
    """
    stops = blanks | leads
    text, at = block - base, ZERO
    while at < U64(WIDTH):
        rest = stops >> at
        if start != ZERO:
            if rest == ZERO:
                return start, count, U64(WIDTH)
            at += lowest(rest)
        if (leads >> at) & ONE:
            left = end - base - at
            x = load(block + at)
            if left < U64(8):
                x &= ALL >> (U64(64) - U64(8) * left)
            if not _stands_alone(x):
                if start == ZERO:
                    start = base + at + ONE
                stops &= ~(ONE << at)
                continue
            if start != ZERO:
                words[count] = _word(text + start - ONE, base + at - start + ONE)
                count += 1
                start = ZERO
            n_bytes = U64(4) if (x & U64(0xF8)) == U64(0xF0) else U64(3)
            words[count] = _word(block + at, min(n_bytes, left))
            count += 1
            at += n_bytes
        elif (blanks >> at) & ONE:
            if start != ZERO:
                words[count] = _word(text + start - ONE, base + at - start + ONE)
                count += 1
                start = ZERO
            run = ~(blanks >> at)
            at += lowest(run) if run != ZERO else U64(WIDTH)
        else:
            start = base + at + ONE
    return start, count, at if at > U64(WIDTH) else U64(WIDTH)


@njit(inline="always")
def split_words(text: np.uint64, n_bytes: int, words: np.ndarray) -> int:
    """Hashes of the words of a text that is followed by `WIDTH` and 32 more readable bytes; returns how many.

    A block without special code points costs one step per word.
    """
    count, start, base, end = 0, ZERO, ZERO, U64(n_bytes)
    while base <= end:
        block = text + base
        blanks, leads = blank_bytes(block), lead_bytes(block)
        if base + U64(WIDTH) > end:
            behind = ALL << (end - base)
            blanks, leads = blanks | behind, leads & ~behind
        if leads != ZERO:
            start, count, read = _mixed_block(block, base, end, blanks, leads, start, count, words)
            base += read
            continue
        inside = ~blanks
        after_one = (inside << ONE) | (ONE if start != ZERO else ZERO)  # bytes that follow one of a word
        starts, ends = inside & ~after_one, blanks & after_one
        while ends != ZERO:
            if start == ZERO:
                start = base + lowest(starts) + ONE
                starts &= starts - ONE
            place = base + lowest(ends)
            ends &= ends - ONE
            words[count] = _word(text + start - ONE, place - start + ONE)
            count += 1
            start = ZERO
        if starts != ZERO:
            start = base + lowest(starts) + ONE
        base += U64(WIDTH)
    return count
