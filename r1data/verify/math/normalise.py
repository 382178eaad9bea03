r"""One way to write what can be written in many: LaTeX, plain text, full-width and Chinese characters.

    >>> tidy(r"\dfrac{1}{2} \cdot 35{,}280\,")
    '\\frac{1}{2} * 35,280'

Everything here takes time linear in the text.
"""

import re
import unicodedata

from r1data.verify.answer import bare

SPACE = dict.fromkeys((",", ";", ":", " ", ">", "quad", "qquad", "thinspace", "hspace", "\n"), " ")
NOTHING_NAMES = r"! $ ( ) [ ] left right displaystyle textstyle limits rm bf bold boxed fbox underline"
SIZES = {f"{size}{side}": "" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")}
NOTHING = SIZES | dict.fromkeys(NOTHING_NAMES.split(), "")
SAME = {
    **dict.fromkeys(("dfrac", "tfrac", "cfrac"), r"\frac"),
    **dict.fromkeys(("textbf", "textit", "textrm", "mbox", "mathrm", "mathbf", "bm"), r"\text"),
    **dict.fromkeys(("operatorname", "mathit", "mathsf", "textsf", "texttt", "emph"), r"\text"),
    **dict.fromkeys(("cdot", "times", "ast"), "*"),
    **dict.fromkeys(("dbinom", "tbinom"), r"\binom"),
    **dict.fromkeys(("leq", "leqslant"), r"\le "),
    **dict.fromkeys(("geq", "geqslant"), r"\ge "),
    **dict.fromkeys(("circ", "degree"), "°"),
    **dict.fromkeys(("ldots", "dots", "cdots", "dotsc"), "..."),
    **dict.fromkeys(("lparen", "langle"), "("),
    **dict.fromkeys(("rparen", "rangle"), ")"),
    "lbrace": r"\{",
    "rbrace": r"\}",
    **dict.fromkeys(("lvert", "rvert", "vert", "mid"), "|"),
    **dict.fromkeys(("bmatrix", "Bmatrix"), "pmatrix"),
    "div": "/",
    "neq": r"\ne ",
    "lt": "<",
    "gt": ">",
    "%": "%",
    "&": "&",
    "#": "#",
    "_": "_",
    "varnothing": r"\emptyset ",
    "implies": r"\implies ",
}
COMMANDS = SPACE | NOTHING | SAME
COMMAND = re.compile(r"\\([a-zA-Z]+|.)", re.DOTALL)
CHARACTERS = str.maketrans(
    {
        **{digit: f"^{n}" for n, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
        **{digit: f"_{n}" for n, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **dict.fromkeys("−–—‐‑", "-"),
        **dict.fromkeys("×·⋅∙＊", "*"),
        **dict.fromkeys("÷⁄", "/"),
        **dict.fromkeys("。．", "."),
        **dict.fromkeys("、，", ","),
        **dict.fromkeys("“”‘’", '"'),
        **dict.fromkeys("º˚", "°"),
        "≤": r"\le ",
        "⩽": r"\le ",
        "≥": r"\ge ",
        "⩾": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∈": r"\in ",
        "∞": r"\infty ",
        "π": r"\pi ",
        "√": r"\sqrt ",
        "±": r"\pm ",
        "∓": r"\mp ",
        "∅": r"\emptyset ",
        "θ": r"\theta ",
        "⅓": " 1/3",
        "⅔": " 2/3",
        "½": " 1/2",
        "¼": " 1/4",
        "¾": " 3/4",
    }
)
MONEY = re.compile(r"[$€£¥]|\b(?:Rs\.?|USD|US|EUR|GBP)(?=\s*\d)")
DEGREES = re.compile(r"\^\s*(?:\{\s*°\s*\}|°)")
HUNDREDTHS = re.compile(r"百分之\s*(\d+(?:\.\d+)?)")
PERCENT = re.compile(r"\\text\s*\{\s*(?:percent|per cent|%)\s*\}|\bper\s?cent\b")
BASE = re.compile(r"_\s*\{?\s*\\text\s*\{\s*(\d+|two|eight|ten|sixteen)\s*\}\s*\}?")
BASES = {"two": "2", "eight": "8", "ten": "10", "sixteen": "16"}
BLANKS = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
"""Blanks but those between digits: `2 1/3` is no `21/3`."""
GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d,/]| /)")
TO = re.compile(r"(?<=\d)\s*(?:\\text\s*\{\s*to\s*\}|\bto\b)\s*(?=\d)")
LETTERS = re.compile(r"\\text\s*\{\s*([A-Z](?:\s*,\s*[A-Z])+)\s*\}")
NUMBERED = re.compile(r"\\text\s*\{([^{}]*\d[^{}]*)\}")
PARTS = re.compile(r"([一二三四五六七八九十\d]+)分之([一二三四五六七八九十\d]+)")
CHINESE_DIGITS = {digit: str(value) for value, digit in enumerate("零一二三四五六七八九")} | {"十": "10"}
JOINED = re.compile(r"\\text\s*\{([^{}]*?\w)\s+(and|or)\s*\}")
LEADING = re.compile(r"(?:=|\\approx(?![a-z]))\s*")
THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:,\d{3})+)(?![\d,])")


def tidy(answer: str) -> str:
    """An answer in one notation: `\\frac`, `*`, `°`, `%`, half-width digits, no money or dollar signs.

    Blanks stay, because `2 1/3` is no `21/3`; so do `\\text{…}` and thousands separators.
    """
    if not answer.isascii():
        answer = unicodedata.normalize("NFKC", answer.translate(CHARACTERS)).translate(CHARACTERS)
        answer = PARTS.sub(_parts, HUNDREDTHS.sub(r"\1%", answer))
    answer = bare(answer)
    if "\\" in answer:
        answer = COMMAND.sub(_command, answer.replace(r"\boxed", "").replace("\\$", "$"))
    if "%" not in answer and "per" in answer:
        answer = PERCENT.sub("%", answer)
    if "{,}" in answer:
        answer = answer.replace("{,}", ",")
    if "°" in answer:
        answer = DEGREES.sub("°", answer)
    if "_" in answer:
        answer = BASE.sub(lambda match: "_" + "{" + BASES.get(match[1], match[1]) + "}", answer)
    answer = MONEY.sub("", answer.replace("**", "^").replace("~", " "))
    if "\\text" in answer:
        answer = NUMBERED.sub(r"\1", LETTERS.sub(r"\1", answer))
    if "to" in answer:
        answer = TO.sub(":", answer)
    if "and" in answer or "or" in answer:
        answer = JOINED.sub(r"\\text{\1} \2 ", answer)
    return _shorn(_unled(bare(" ".join(answer.split()))))


def key(answer: str) -> str:
    """Tidy text as it is compared: without blanks, braces around one character, and thousands separators.

    >>> key("\\\\frac{1}{2}") == key("\\\\frac12")
    True
    """
    answer = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", answer)
    answer = re.sub(r"\{\s*([A-Za-z0-9])\s*\}", r"\1", answer)
    answer = BLANKS.sub("", thousands(answer)).removeprefix("+").replace(r"+\infty", r"\infty")
    return answer.replace(r"\{\}", r"\emptyset")


def thousands(answer: str) -> str:
    """Text without the commas and blanks of `1,234,567`; the commas of `1,234` in parentheses stay."""
    if " " in answer:
        answer = GROUPS.sub(lambda match: match[0].replace(" ", ""), answer)
    if "," not in answer or answer[0] in "([{\\":
        return answer
    return THOUSANDS.sub(lambda match: match[1] + match[2].replace(",", ""), answer)


def _parts(match: re.Match[str]) -> str:
    """`三分之一` and `3分之1` as 1/3."""
    bottom, top = (CHINESE_DIGITS.get(part, part) for part in match.groups())
    return f"{top}/{bottom}"


def _command(match: re.Match[str]) -> str:
    name = match[1]
    if name == "\\":
        return "\\\\"
    return COMMANDS.get(name, match[0])


def _unled(answer: str) -> str:
    """Without an equals or approximately-equals sign in front."""
    match = LEADING.match(answer)
    return answer[match.end() :] if match else answer


def _shorn(answer: str) -> str:
    """Without braces around the whole, and without a `\\text` around what holds a digit."""
    if answer.startswith("\\text") and answer.endswith("}") and any(map(str.isdigit, answer)):
        start = answer.find("{")
        answer = answer[start:] if start > 0 and _closes_last(answer[start:]) else answer
    while answer.startswith("{") and answer.endswith("}") and _closes_last(answer):
        answer = answer[1:-1].strip()
    return answer


def _closes_last(answer: str) -> bool:
    depth = 0
    for match in re.finditer(r"[{}]", answer):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start() == len(answer) - 1
    return False
