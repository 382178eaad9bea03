"""Which scripts a language is written in.

Patterns here run in two engines, Polars' (Rust) and `regex`, so they hold to what both read alike.
"""

SCRIPTS = (
    "Latin", "Han", "Cyrillic", "Hiragana", "Katakana", "Hangul", "Arabic",
    "Hebrew", "Greek", "Devanagari", "Bengali", "Thai", "Armenian", "Georgian",
    "Gujarati", "Gurmukhi", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala",
    "Khmer", "Lao", "Myanmar", "Tibetan", "Ethiopic", "Mongolian", "Bopomofo", "Oriya", "Thaana",
)  # fmt: skip
"""Unicode scripts that are named in facts; a letter of any other one is `Other`."""

UNSPACED = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan")
"""Scripts without blanks between words: every letter counts as a word."""

_CODES = {
    "Latin": """
        af az br bs ca ceb co cs cy da de en eo es et eu fi fil fo fr fy ga gd gl gn gv ha haw hr ht hu ia id
        ig io is it jv kw la lb lg li ln lt lv mg mi ms mt nb nl nn no nso oc om pl pt qu rm rn ro rw sc sk sl
        sm sn so sq ss st su sv sw tk tl tn to tr ts ve vi vo wa wo xh yo zu""",
    "Cyrillic": "ab av ba be bg ce cv kk kv ky mk mn os ru tg tt uk",
    "Cyrillic Latin": "sh sr uz",
    "Latin Arabic": "ku",
    "Han": "zh yue",
    "Han Hiragana Katakana": "ja",
    "Hangul": "ko",
    "Arabic": "ar ckb fa ks ps sd ug ur",
    "Hebrew": "he yi",
    "Greek": "el",
    "Devanagari": "hi mr ne sa",
    "Bengali": "as bn",
    "Thai": "th",
    "Armenian": "hy",
    "Georgian": "ka",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Oriya": "or",
    "Sinhala": "si",
    "Khmer": "km",
    "Lao": "lo",
    "Myanmar": "my",
    "Thaana": "dv",
    "Tibetan": "bo dz",
    "Ethiopic": "am ti",
}
SCRIPTS_OF: dict[str, tuple[str, ...]] = {
    code: tuple(scripts.split()) for scripts, codes in _CODES.items() for code in codes.split()
}
"""The scripts of a language by ISO 639-1 code (ISO 639-3 where there is none)."""

LANGUAGE_OF: dict[str, str] = {
    scripts[0]: codes[0]
    for (scripts, codes) in ((names.split(), codes.split()) for names, codes in _CODES.items())
    if len(scripts) == 1 and scripts[0] not in ("Latin", "Cyrillic", "Arabic", "Devanagari")
} | {"Hiragana": "ja", "Katakana": "ja", "Bopomofo": "zh"}
"""The language that a script tells, or that is by far the commonest in it; scripts of many tell none."""


def letters(*scripts: str) -> str:
    """A pattern for one letter of any of these scripts."""
    return rf"[\p{{L}}&&[{classes(*scripts)}]]"


def other_letters(*scripts: str) -> str:
    """A pattern for one letter of any other script; letters common to all, such as 𝑥, are left aside."""
    return rf"[\p{{L}}--[\p{{Common}}{classes(*scripts)}]]"


def classes(*scripts: str) -> str:
    """What stands in brackets for any character of these scripts."""
    return "".join(rf"\p{{{script}}}" for script in scripts)
