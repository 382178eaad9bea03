"""What every code point counts as, as tables that the kernels look up."""

from functools import cache

import numpy as np
import polars as pl

from r1data.curate.language.scripts import UNSPACED, classes

BLANK, SYMBOL, LETTER, DIGIT, ALONE = 0, 1, 2, 3, 4
"""Kinds of code points; words are runs of LETTER and DIGIT, and each ALONE is a word."""

_SURROGATES = range(0xD800, 0xE000)
_N_CODES = 0x110000


@cache
def tables() -> tuple[np.ndarray, np.ndarray]:
    """Kind (uint8) and lower case (uint32; the first code point of several) of every code point."""
    codes = np.delete(np.arange(_N_CODES, dtype=np.uint32), list(_SURROGATES))
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    characters = pl.Series(list(text))
    kinds, lower = np.full(_N_CODES, SYMBOL, np.uint8), np.arange(_N_CODES, dtype=np.uint32)
    for kind, pattern in (
        (BLANK, r"^[\s\p{Cc}\p{Cf}]$"),
        (LETTER, r"^\w$"),
        (ALONE, f"^[{classes(*UNSPACED)}]$"),
        (DIGIT, r"^\d$"),
    ):
        kinds[codes[characters.str.contains(pattern).to_numpy()]] = kind
    cased = characters.to_frame("one").filter(pl.col("one").str.to_lowercase() != pl.col("one"))
    folded = cased["one"].str.to_lowercase().str.head(1).to_list()
    lower[[ord(one) for one in cased["one"]]] = [ord(one) for one in folded]
    return kinds, lower
