"""What words and commands of LaTeX mean to the comparison: number words, markup, signs, other names."""

from functools import cache

import numpy as np

WORD, NUMBER, SIGN = 1, 2, 3
"""Kinds of """
DROPPED, GROUP, FRACTION, UNIT, TEEN, TENS, HUNDRED, SCALE, AND, ALIAS = range(1000, 1010)
"""What a command of LaTeX or a word stands for; meanings below 1000 are signs: code points."""
PERCENT_WORD = 1
"""Hash of `%` and `percent`."""
MARKUP = (
    "text textbf textit textrm texttt textsf mathrm mathbf mathit mathsf mathbb mathcal mathfrak "
    "operatorname mbox hbox boldsymbol bf it rm displaystyle textstyle left right big bigg middle bigl "
    "bigr biggl biggr quad qquad hspace vspace phantom hphantom vphantom overline underline bar hat vec "
    "tilde widehat overrightarrow boxed fbox circ degree ldots cdots dots dotsb dotsc vdots ddots "
    "limits nolimits not neq ne equiv approx sim cong in notin to rightarrow leftarrow implies iff cup "
    "cap subset subseteq setminus mid vert lvert rvert lfloor rfloor lceil rceil langle rangle colon "
    "prime star ast hline item par noindent newline medskip bigskip centering forall div exists land "
    "lor wedge vee oplus otimes perp parallel emptyset because therefore"
)
FRACTIONS = "frac dfrac tfrac cfrac"
GROUPS = "begin end"
COMMAND_SIGNS = {
    "cdot": "*", "times": "*", "le": "<", "leq": "<", "leqslant": "<", "lt": "<", "ge": ">", "geq": ">",
    "geqslant": ">", "gt": ">",
}  # fmt: skip
UNITS = "zero one two three four five six seven eight nine"
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ALIASES = {
    "π": "pi", "θ": "theta", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon",
    "λ": "lambda", "μ": "mu", "σ": "sigma", "τ": "tau", "φ": "phi", "ϕ": "phi", "ω": "omega", "ρ": "rho",
    "varepsilon": "epsilon", "varphi": "phi", "√": "sqrt", "∞": "infty", "infinity": "infty",
    "∠": "angle", "△": "triangle",
}  # fmt: skip
"""Other names of what LaTeX calls so; those with a backslash in LaTeX, too."""
PERCENT = "percent"
_MASK = (1 << 64) - 1


def word_hash(word: str) -> int:
    """The hash that `tokens.scan` gives a word."""
    x = 0x9E3779B97F4A7C15
    for letter in word:
        x = (x ^ ord(letter)) * 0x100000001B3 & _MASK
    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD & _MASK
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53 & _MASK
    return x ^ (x >> 33)


@cache
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An open-addressing table: hashes (uint64, 0 for a free slot; of commands, xor 1), meanings and values
    (int64).
    """
    rows: dict[int, tuple[int, int]] = {}

    def command(names: str, meaning: int) -> None:
        rows.update({word_hash(name) ^ 1: (meaning, 0) for name in names.split()})

    def number_words(words: str, meaning: int, first: int, step: int = 1) -> None:
        rows.update({word_hash(word): (meaning, first + step * i) for i, word in enumerate(words.split())})

    command(MARKUP, DROPPED)
    command(FRACTIONS, FRACTION)
    command(GROUPS, GROUP)
    for name, sign in COMMAND_SIGNS.items():
        command(name, ord(sign))
    number_words(UNITS, UNIT, 0)
    number_words(TEENS, TEEN, 10)
    number_words(TENS_WORDS, TENS, 20, 10)
    rows.update({word_hash(name): (DROPPED, 0) for name in FRACTIONS.split()})
    rows[word_hash("hundred")] = (HUNDRED, 100)
    rows[word_hash("and")] = (AND, 0)
    rows.update({word_hash(word): (SCALE, value) for word, value in SCALES.items()})
    rows[word_hash(PERCENT)] = (ALIAS, PERCENT_WORD)
    for word, name in ALIASES.items():
        for hash_ in (word_hash(word), word_hash(word) ^ 1):
            rows[hash_] = (ALIAS, int(np.uint64(word_hash(name)).astype(np.int64)))
    return _laid_out(rows)


def _laid_out(rows: dict[int, tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = 1 << (4 * len(rows)).bit_length()
    names, meanings, values = np.zeros(size, np.uint64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    for hash_, (meaning, value) in rows.items():
        at = hash_ >> 20 & size - 1
        while names[at]:
            at = (at + 1) & (size - 1)
        names[at], meanings[at], values[at] = hash_, meaning, value
    return names, meanings, values
