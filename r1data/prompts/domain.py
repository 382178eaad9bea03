r"""The domain of a prompt, told from its text, for sources that do not state it (`domain = "auto"`).

    >>> domain_of("Write a Python function that adds two numbers.")
    'code'

The rules are tried in the order code, instruction, logic, stem, math; the first that holds decides, else it
is general, or math if a question with several numbers is asked. A verifier that only one domain has decides
before any of them.

What this does not tell: tasks of science asked without a unit or a word of their field; riddles that need no
more than common sense, which are general.
"""

import re

END_CHARS = 4_000
"""Of each end of a text."""
BY_VERIFIER = {"code": "code", "logic": "logic", "instruction": "instruction"}
"""Domains of verifiers that judge one domain alone."""

CODE = re.compile(
    r"\b(?:write|implement|complete|design|create|give)\b[^.\n]{0,60}\b(?:function|program|class"
    r"|script|method|code|algorithm"
    r"|query|regex)\b|\b(?:python|javascript|c\+\+|java|sql|rust|golang)\b(?![^.\n]{0,20}\bsnake)"
    r"|^\s*(?:def|class|import|#include)\s+\w|```|\bstd(?:in|out)\b|standard (?:input|output)"
    r"|\b(?:input|output)\b\s*(?::|\n|format)[\s\S]*\b(?:test cases?|constraints|integers?|line)\b"
    r"|编写[^。]{0,20}(?:函数|程序|代码)",
    re.IGNORECASE | re.MULTILINE,
)
INSTRUCTION = re.compile(
    r"\b(?:at least|at most|exactly|less than|fewer than|more than|no more than|around|about)\s+\w+\s+"
    r"(?:words?|sentences?|paragraphs?|bullet points?|placeholders?|sections?)\b"
    r"|\b(?:all|entire|your|whole|in)\b[^.\n]{0,40}\b(?:lower\s?case|upper\s?case|capital letters"
    r"|capitali[sz]ed)\b"
    r"|\b(?:do not|don't|without|avoid|refrain)\b[^.\n]{0,40}\b(?:commas?|keywords?|the words?"
    r"|capital letters)\b"
    r"|\bwrap (?:your|the) (?:entire|whole)|\bfinish your\b|\bend your\b|\bjson format\b"
    r"|\bdouble angular brackets\b"
    r"|\bhighlight\b[^.\n]{0,40}\bsections?\b|\byour (?:entire )?(?:response|answer"
    r"|reply) (?:should|must) "
    r"(?:contain|include|be in|have|end|start|not)\b",
    re.IGNORECASE,
)
LOGIC = re.compile(
    r"\bknights?\b[^.]{0,120}\bknaves?\b|\bknaves?\b|\btruth[- ]?tellers?\b|\btells? the truth\b"
    r"|\bliars?\b|\b(?:always|never|sometimes) lies?\b"
    r"|\bif and only if\b[\s\S]*\b(?:said|claimed)\b|\bdeductively (?:valid|invalid)\b"
    r"|\bpremises?\b|\bsyllogism"
    r"|\bstatements are logically consistent\b|\bwhich of (?:the"
    r"|these) (?:following )?(?:statements|conclusions) (?:must|can) be true\b"
    r"|\bthe following paragraphs each describe\b|\b(?:zebra|sudoku|futoshiki) puzzle\b|说谎|骗子|真话"
    r"|\b(?:not|and|or) \(?(?:true|false)\b|\b(?:true|false) (?:and|or)\b",
    re.IGNORECASE,
)
STEM = re.compile(
    r"\b(?:molecul\w+|chemi\w+|enzym\w+|protein\w*|dna|rna|genes?|genom\w+|cells?|species"
    r"|photosynthesis|reaction|reagent|"
    r"compound|catalyst|titrat\w+|molar\w*|moles?|pka|oxid\w+|isotop\w+|quantum|photons?|electrons?"
    r"|protons?|neutrons?|"
    r"wavelengths?|voltage|resistor\w*|capacit\w+|magnetic|electric field|thermodynamic\w*|entropy"
    r"|enthalpy|viscosity|"
    r"newtons?|joules?|kelvin|pascals?|hertz|friction|gravitational|acceleration of gravity"
    r"|planets?|galax\w+|orbital|"
    r"organism\w*|bacteri\w+|virus\w*|neurons?|semiconductor)\b|化学|物理|生物|电场|磁场|分子|原子|细胞",
    re.IGNORECASE,
)
MATH = re.compile(
    r"\\(?:frac|sqrt|sum|int|angle|triangle|cdot|times|le|ge|pi|log|sin|cos|left|boxed|overline"
    r"|mathbb|begin)"
    r"|\$[^$\n]{1,200}\$|\b(?:how many|how much|what is the (?:value|sum|product|total|area|average"
    r"|probability|remainder"
    r"|difference|ratio|perimeter|number|least|smallest|largest)|solve|compute|evaluate|calculate"
    r"|simplify|find the)\b"
    r"|\b(?:integer|polynomial|equation|triangle|percent|probability|divisible|remainder|prime"
    r"|radius|fraction)s?\b"
    r"|\bhow (?:old|far|long|tall|fast|high|big)\b|\d\s*[-+*/×÷=]\s*\d|多少|几|求|计算|平均|"
    r"\b(?:cuánt[oa]s?|calcula|сколько|вычислите)\b|কত|何(?:個|人|本|円|時間|枚|ドル|匹|歳|分|冊|回|キロ)|いくら|いくつ"
    r"|どれ(?:だけ|くらい)",
    re.IGNORECASE,
)
ASKED = re.compile(r"[?？]|\bwhat is\b|\bfind\b", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
DIAGRAM = re.compile(r"\[asy\].*?(?:\[/asy\]|$)", re.DOTALL)


def domain_of(text: str, verifier: str = "") -> str:
    """One of math, code, stem, logic, instruction, general.

    Args:
        text: the whole prompt; of a long one its beginning and end count.
        verifier: name of the verifier, if it is known.
    """
    if verifier in BY_VERIFIER:
        return BY_VERIFIER[verifier]
    rules = (("code", CODE), ("instruction", INSTRUCTION), ("logic", LOGIC), ("stem", STEM), ("math", MATH))
    if len(text) > 2 * END_CHARS:  # the rules would take quadratic time; what is asked stands at an end
        text = f"{text[:END_CHARS]}\n{text[-END_CHARS:]}"
    text = DIAGRAM.sub(" ", text)
    found = [name for name, rule in rules if rule.search(text)]
    if found[:2] == ["stem", "math"]:  # word problems speak of cells and planets, too
        terms = {match[0].lower() for match in STEM.finditer(text)}
        return "stem" if len(terms) > 1 else "math"
    if found:
        return found[0]
    return "math" if ASKED.search(text) and len(NUMBER.findall(text)) > 1 else "general"
