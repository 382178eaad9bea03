"""Which script a language is written in, and what of a text is no language at all: LaTeX, code, addresses.

Patterns here run in two engines, Polars' (Rust) and `regex`, so they hold to what both read alike.
"""

SCRIPTS = (
    "Latin", "Han", "Cyrillic", "Hiragana", "Katakana", "Hangul", "Arabic",
    "Hebrew", "Greek", "Devanagari", "Bengali", "Thai", "Armenian", "Georgian",
    "Gujarati", "Gurmukhi", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala",
    "Khmer", "Lao", "Myanmar", "Tibetan", "Ethiopic", "Mongolian", "Bopomofo",
)  # fmt: skip
"""Unicode scripts that are named in facts; a letter of any other one is `Other`."""

_CODES = {
    "Latin": """
        af az bs ca cs cy da de en eo es et eu fi fr ga gl hr hu id is it la lb lg lt lv mi ms mt nb
        nl nn no pl pt ro sk sl sn so sq st sv sw tl tn tr ts vi xh yo zu""",
    "Cyrillic": "be bg kk ky mk mn ru sr tg uk",
    "Han": "zh",
    "Han Hiragana Katakana": "ja",
    "Hangul": "ko",
    "Arabic": "ar fa ps ur",
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
    "Sinhala": "si",
    "Khmer": "km",
    "Lao": "lo",
    "Myanmar": "my",
    "Tibetan": "bo",
    "Ethiopic": "am ti",
}
SCRIPTS_OF: dict[str, tuple[str, ...]] = {
    code: tuple(scripts.split()) for scripts, codes in _CODES.items() for code in codes.split()
}
"""The scripts of a language by ISO 639-1 code."""

NOT_LANGUAGE = "|".join(
    (
        r"```(?s:.*?)```|```(?s:.*)",  # fenced code; a fence that is never closed runs to the end
        r"`[^`\n]+`",
        r"\$\$(?s:.*?)\$\$|\\\[(?s:.*?)\\\]|\\\((?s:.*?)\\\)",
        r"\\begin\{[^{}\n]*\}(?s:.*?)\\end\{[^{}\n]*\}",
        r"\$[^\s$](?:[^$\n]*[^\s$])?\$",  # no blank inside the dollars: "$5 or $6" is money
        r"\\[A-Za-z]+",
        r"https?://[^\s<>]+|www\.[^\s<>]+",
        r"</?think>",
    )
)
"""LaTeX, code, addresses and thought tags, as one pattern."""


def letters(*scripts: str) -> str:
    """A pattern for one letter of any of these scripts."""
    return rf"[\p{{L}}&&[{_classes(scripts)}]]"


def other_letters(*scripts: str) -> str:
    """A pattern for one letter of any other script; letters common to all, such as 𝑥, are left aside."""
    return rf"[\p{{L}}--[\p{{Common}}{_classes(scripts)}]]"


def _classes(scripts: tuple[str, ...]) -> str:
    return "".join(rf"\p{{{script}}}" for script in scripts)
