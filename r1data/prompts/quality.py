r"""References that cannot decide anything: empty, a proof, a choice judged as a number, copies that disagree.

    >>> doubt("Prove that $n^2 \\ge 0$.", "见证明", "math")
    ('proof', '见证明')

These are rules on the text of tonight's rows; whether a verifier accepts a reference as its own answer is
tested by the verifier itself (`r1data.prompts.intake.with_quality`).

What this does not find: a wrong reference without a copy that says otherwise; copies in other words; copies
of which a source that takes turns (`n_per_night`) gives only one tonight.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import orjson
import polars as pl

from r1data.text import prompt_text
from r1data.verify import own_completion, verifier, verify

QUALITIES = {
    "empty": "there is no reference, and the verifier needs one",
    "proof": "a proof is asked for or given, which has no answer to compare",
    "choice_as_number": "the task offers options and its verifier compares mathematics, but the reference is "
    "a letter that is not asked for, or a number that no option is",
    "contradictory": "copies of the task have references that differ by their verifier",
    "unparseable": "the verifier cannot read the reference",
    "bad_reference": "the verifier does not accept the reference as its own answer",
    "unverifiable": "the tests do not tell right programs from wrong ones",
    "timeout": "the verifier ran out of time on the reference",
    "crash": "the verifier failed on the reference",
    "starved": "the machine had no time to test the reference",
}
"""Why a reference cannot be used: the closed vocabulary of `prompt_references.quality`."""

DOUBTS = {"prompt_id": pl.String, "quality": pl.String, "evidence": pl.String}
COPY = ("prompt_id", "text", "reference", "verifier", "verifier_args")
"""Columns of a task that may be a copy of another one."""

NO_ANSWER = re.compile(
    r"(?:详?参?见|答案)?(?:证明|解析|解答)(?:过程)?(?:略|见.{0,8})?|略|证毕|得证"
    r"|(?:see|refer to)\s+(?:the\s+)?(?:proof|solution|explanation|above|below)|proofs?|proven?d?|q\.?e\.?d"
    r"|proof\s+(?:omitted|required|needed|completed?)|(?:the\s+)?(?:statement|claim|inequality)\s+is\s+proven?d?",
    re.IGNORECASE,
)
PROOF_BEGINS = re.compile(r"(?:proof|证明|証明)\s*[.:：]", re.IGNORECASE)
PROOF_ENDS = re.compile(r"(?:q\.\s?e\.\s?d\.?|\bQED|\\blacksquare|证毕|得证)[\s.$。)]*$", re.IGNORECASE)
PROVE = re.compile(
    r"(?:(?:^|[.!?:;,\n]|\b(?:please|to|then|and|hence|or)\b)[\s*_$)\d(a-z]{0,6})"
    r"\b(?:prove|show|disprove)\s+(?:or\s+\w+\s+)?that\b"
    r"|证明|求证|証明せよ|証明しなさい|を示せ|докажите|demostrar? que|demuestr[ae]"
    r"|(?:dé)?montr(?:er|ez|ons) que|(?:beweise|zeige)n?(?:\s+sie)?,?\s+dass",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"[?？]|\b(?:find|compute|determine|calculate|evaluate|solve|what|how\s+(?:many|much|long|far|old)|express|simplify|state|"
    r"answer|trouver|calcul|найд|вычисл|hall[ae]|determin|bestimm|berechne)|求(?!证)|计算|多少|几[个何]|判断|写出|求め",
    re.IGNORECASE,
)
"""What asks for an answer: a task that proves something on its way to one has an answer to compare."""

IN_BRACKETS = re.compile(r"(?<![\w)])\(([A-H])\)|（([A-H])）")
BEFORE_SIGN = re.compile(
    r"(?:^|(?<=[\s$;,，；。?？]))(?:\\(?:text|textbf|mathrm|mathbf)\{)?([A-H])\s?[.):：、．]"
)
LETTER_CHARS = 64
"""A longer reference is neither a letter nor a number."""
LETTER = re.compile(r"\W*(?:\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{)?\W*([A-H])\W*")
NUMBER = re.compile(
    r"[-−+$\s]*(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s*/\s*\d+)?[\s%$.]*|[-−$\s]*\\[dt]?frac\s*\{?\d+\}?\s*\{?\d+\}?[$\s]*"
)
MARKUP = re.compile(r"\\(?:left|right|displaystyle|limits)(?![a-zA-Z])|\\[()\[\],;:! ]|[$]")
BLANKS = re.compile(r"\s+")
DRAWN = re.compile(r"\S[ \t]{3,}\S")
DIAGRAM = re.compile(r"\[asy\].*?(?:\[/asy\]|$)", re.DOTALL)
ASKS_FOR_LETTER = re.compile(
    r"\bletters?\b|\bas\s+\(?A\b|\bA\W{1,4}B\W{1,6}(?:(?:or|and)\W{1,3})?C\b\W{0,3}[.)]|\b(?:enter|answer|give|choose|select)\b[^.\n]{0,40}\b(?:option|choice)\b|字母|选项|填[^。]{0,6}序号",
    re.IGNORECASE,
)


def doubt(text: str, reference: str | None, name: str) -> tuple[str, str] | None:
    """What speaks against a reference, and the evidence; None when nothing does.

    Args:
        text: the task.
        reference: its known-good answer.
        name: its verifier.
    """
    if not (reference or "").strip():
        return ("empty", "no reference") if verifier(name).needs_reference else None
    assert reference is not None
    if name in ("math", "exact") and _is_proof(reference):
        return "proof", reference
    if name in ("math", "exact") and _asks_for_proof(text):
        return "proof", f"the task asks for a proof, and for nothing else: {reference}"
    found = _choice_as_number(text, reference) if name == "math" else None
    return ("choice_as_number", found) if found else None


def doubts(questions: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """What speaks against the references of tonight's questions, of each prompt the first that was found.

    Args:
        questions: rows of `r1data.prompts.QUESTIONS`, copies included. Copies of one prompt, and prompts that
            differ in nothing but markup and blanks, are compared by their references.
        earlier: columns COPY: tasks of earlier nights that are compared with tonight's.

    Returns:
        Columns DOUBTS, at most one row per prompt. A prompt of which some copy has a reference is not empty.
    """
    text = pl.Series("text", [prompt_text(messages) for messages in questions["messages"]], dtype=pl.String)
    rows = questions.with_columns(text).select(COPY)
    known = rows.filter(pl.col("reference").is_not_null())
    found = dict[str, tuple[str, str]]()
    of_known = rows.join(known, on="prompt_id", how="anti")
    for row in pl.concat([known, of_known]).iter_rows(named=True):
        said = doubt(row["text"], row["reference"], row["verifier"])
        if said:
            found.setdefault(row["prompt_id"], said)
    for prompt_id, evidence in _contradictions(known, earlier):
        found.setdefault(prompt_id, ("contradictory", evidence))
    return pl.DataFrame([(name, *said) for name, said in found.items()], DOUBTS, orient="row")


def agree(name: str, one: str, other: str, args: dict[str, Any]) -> bool | None:
    r"""Whether two references are one answer by their verifier, such as `\frac13` and `1/3`.

    Returns:
        None when the verifier cannot tell, or compares no answers but runs tests.
    """
    if one == other:
        return True
    if verifier(name).probes:
        return None
    said = [
        verify(name, own_completion(name, b, args), a, **args).verdict
        for a, b in ((one, other), (other, one))
    ]
    return True if "right" in said else False if said == ["wrong", "wrong"] else None


def _is_proof(reference: str) -> bool:
    bare = reference.strip().strip("$*_.。()（） \n")
    return bool(NO_ANSWER.fullmatch(bare) or PROOF_BEGINS.match(bare) or PROOF_ENDS.search(reference))


def _asks_for_proof(text: str) -> bool:
    return bool(PROVE.search(text)) and not ASKS.search(text)


@dataclass(frozen=True)
class _Copy:
    """A task among its copies."""

    form: str
    prompt_id: str
    reference: str
    judged_by: tuple[str, str]
    tonight: bool


def _contradictions(known: pl.DataFrame, earlier: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Prompts of tonight with copies that disagree, and what each says. Another reference of the same prompt
    on an earlier night is no contradiction but corrected by tonight's.
    """
    others = earlier.join(known, on="prompt_id", how="anti").filter(pl.col("reference").is_not_null())
    copies = [*_copies(known, tonight=True), *_copies(others, tonight=False)]
    copies.sort(key=lambda copy: (copy.form, copy.judged_by, copy.prompt_id))
    for (_, (name, args)), group in groupby(copies, key=lambda copy: (copy.form, copy.judged_by)):
        distinct = list({(copy.prompt_id, copy.reference): copy for copy in group}.values())
        told = list({copy.reference: copy for copy in distinct}.values())
        differ = [
            (one, other)
            for one, other in pairwise(told)
            if agree(name, one.reference, other.reference, orjson.loads(args)) is False
        ]
        if differ:
            one, other = differ[0]
            evidence = f"{one.reference} ({one.prompt_id}) and {other.reference} ({other.prompt_id})"
            yield from {copy.prompt_id: evidence for copy in distinct if copy.tonight}.items()


def _copies(rows: pl.DataFrame, *, tonight: bool) -> Iterable[_Copy]:
    for row in rows.iter_rows(named=True):
        judged_by = (row["verifier"], row["verifier_args"])
        yield _Copy(copy_form(row["text"]), row["prompt_id"], row["reference"], judged_by, tonight)


def copy_form(text: str) -> str:
    """A task without what sets it: dollar signs, spacing commands, its last sign, and blanks unless it is
    drawn with them.
    """
    plain = MARKUP.sub("", unicodedata.normalize("NFKC", text)).replace("\\dfrac", "\\frac")
    plain = plain.replace("\\tfrac", "\\frac").rstrip(".。:?？ \n")
    return plain if DRAWN.search(text) else BLANKS.sub("", plain)


def options(text: str) -> dict[str, str]:
    """The options that a task lists, by letter: (A) … (B) … (C) …, or A. … B. … C. …; empty without three."""
    text = DIAGRAM.sub(" ", text)
    for marks in (IN_BRACKETS, BEFORE_SIGN):
        found, wanted = list[re.Match[str]](), "ABCDEFGH"
        for mark in marks.finditer(text):
            if next(letter for letter in mark.groups() if letter) == wanted[len(found) : len(found) + 1]:
                found.append(mark)
        if len(found) >= 3:
            ends = [*(mark.start() for mark in found[1:]), len(text)]
            return {
                letter: text[mark.end() : end].strip().strip("{}$\\,;. \n")
                for letter, mark, end in zip(wanted, found, ends, strict=False)
            }
    return {}


def _choice_as_number(text: str, reference: str) -> str | None:
    """The evidence that a task of choice is judged as mathematics; None when it is not, or may not be."""
    if len(reference) > LETTER_CHARS:
        return None
    letter, number = LETTER.fullmatch(reference), NUMBER.fullmatch(reference)
    if not letter and not number:
        return None
    offered = options(text)
    if letter and letter[1] in offered:
        return None if ASKS_FOR_LETTER.search(text) else f"{reference}, an option; `choice` reads it"
    if not number or not offered or not all(re.search(r"\d", option) for option in offered.values()):
        return None
    digits = "".join(re.findall(r"[\d.]+", reference)).strip(".")
    for option in offered.values():
        if (
            digits in re.findall(r"\d+(?:\.\d+)?", option.replace(",", ""))
            or agree("math", reference, option, {}) is not False
        ):
            return None
    return f"{reference} is none of {', '.join(offered.values())}"
