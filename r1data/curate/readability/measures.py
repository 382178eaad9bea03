"""The measures of one trace, each with where in the text it comes from."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from r1data import text
from r1data.curate.readability import tags
from r1data.curate.readability.characters import BLANK, DIGIT, SYMBOL, tables
from r1data.curate.readability.loops import Loop, Tokens, anywhere, at_end

N_WORDS = 4
"""Words of a run that counts as repeated."""
EVIDENCE_CHARS, EVIDENCE_ROWS = 200, 5
"""Characters of a piece of evidence, and pieces of one measure, at most."""
LEVEL = 1
"""The fastest of zstd's usual levels."""

_BREAK = re.compile(r"\n\s*\n")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


@dataclass
class Evidence:
    """What was found where; at most EVIDENCE_ROWS of each measure."""

    completion: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)

    def add(self, measure: str, offset: int, length: int) -> None:
        """Note a place of the completion."""
        self.told[measure] = self.told.get(measure, 0) + 1
        if self.told[measure] <= EVIDENCE_ROWS:
            held = self.completion[offset : offset + min(length, EVIDENCE_CHARS)]
            self.rows.append({"measure": measure, "offset": offset, "length": length, "text": held})


def measures(completion: str, prompt: str) -> dict[str, Any]:
    """The columns of READABILITY behind its key."""
    found, evidence = text.thought(completion), Evidence(completion)
    last = len(completion) if found.end is None else found.end
    first = last if found.start is None else found.start
    thought = completion[first:last]
    answer_start = len(completion) if found.answer_start is None else found.answer_start
    columns = {
        **_form(completion, evidence),
        **_parts(thought, first, completion[answer_start:], answer_start, evidence),
        **_words(completion, prompt, (first, last), answer_start, evidence),
        "compression_ratio": compression_ratio(completion),
    }
    return columns | {"evidence": evidence.rows}


def compression_ratio(completion: str) -> float:
    """Bytes of a text by its bytes under zstd; 1 of an empty one."""
    data = completion.encode()
    if not data:
        return 1.0
    return len(data) / pa.Codec("zstd", compression_level=LEVEL).compress(data).size


def _form(completion: str, evidence: Evidence) -> dict[str, Any]:
    stray = sorted(match.span() for match in tags.stray_tags(completion))
    leaked = sorted(match.span() for match in tags.leaked(completion))
    for measure, spans in (("n_tag_errors", stray), ("n_leaked_tags", leaked)):
        for start, end in spans:
            evidence.add(measure, start, end - start)
    opened, closed = completion.find(text.OPEN), completion.find(text.CLOSE)
    missing = (opened < 0) + (closed < 0)
    text_before = opened > 0 and bool(completion[:opened].strip())
    return {
        "n_tag_errors": len(stray) + missing + text_before + (0 <= closed < opened),
        "n_leaked_tags": len(leaked),
    }


def _parts(thought: str, first: int, answer: str, answer_start: int, evidence: Evidence) -> dict[str, Any]:
    longest, place, at = 0, 0, 0
    for stop in [*(match.span() for match in _BREAK.finditer(thought)), (len(thought), len(thought))]:
        if stop[0] - at > longest:
            piece = thought[at : stop[0]]
            if (size := len(piece.strip())) > longest:
                longest, place = size, first + at + len(piece) - len(piece.lstrip())
        at = stop[1]
    if longest:
        evidence.add("longest_paragraph_chars", place, longest)
    fences = _fences(thought)
    for block, start in enumerate(fences[::2]):
        end = fences[2 * block + 1] if 2 * block + 1 < len(fences) else len(thought)
        evidence.add("n_code_blocks", first + start, end - start)
    thought_chars, summary_chars = len(thought.strip()), len(answer.strip())
    if not thought_chars:
        evidence.add("thought_chars", first, 0)
    if not summary_chars:
        evidence.add("summary_chars", answer_start, 0)
    return {
        "longest_paragraph_chars": longest,
        "n_code_blocks": (len(fences) + 1) // 2,  # the last one may be left open
        "thought_chars": thought_chars,
        "summary_chars": summary_chars,
    }


def _fences(thought: str) -> list[int]:
    if "```" not in thought and "~~~" not in thought:
        return []
    return [match.start() for match in _FENCE.finditer(thought)]


def _words(
    completion: str, prompt: str, thought: tuple[int, int], answer_start: int, evidence: Evidence
) -> dict[str, Any]:
    from r1data.curate.readability import kernels

    kinds, lower = tables()
    codes = _codes(completion)
    for match in text.TAG.finditer(completion):
        codes[match.start() : match.end()] = 0  # no word, and no blank that a loop may begin with
    held = Tokens(*kernels.tokens(codes, kinds, lower))
    words = held.kinds != SYMBOL
    starts, ends, hashes = held.starts[words], held.ends[words], held.hashes[words]
    runs = kernels.runs_of(hashes, N_WORDS)
    n_repeated, place = kernels.repeated(runs, held.kinds[words] == DIGIT, N_WORDS)
    if n_repeated:
        start = int(starts[place])
        evidence.add("repetition", start, int(ends[place + N_WORDS - 1]) - start)
    of_codes, folded = kernels.looked_up(codes, kinds, lower)
    ends_at = [_trimmed(of_codes, last) for last in {thought[1], len(codes)}]
    loops = [at_end(folded, of_codes, held, last) for last in ends_at if last]
    suffix, inner = max(loops, key=lambda loop: loop.length, default=Loop()), anywhere(held)
    for measure, loop in (("loop_chars", suffix), ("inner_loop_chars", inner)):
        if loop.length:
            evidence.add(measure, loop.offset, loop.length)
    within = slice(*np.searchsorted(starts, thought))
    own, behind = hashes[within], hashes[np.searchsorted(starts, answer_start) :]
    of_prompt = kernels.tokens(_codes(prompt), kinds, lower)
    asked = kernels.runs_of(of_prompt[2][of_prompt[3] != SYMBOL], N_WORDS)
    thinking = kernels.runs_of(own, N_WORDS)
    n_shared, at, length = kernels.shared(thinking, asked)
    if n_shared:
        at += within.start
        start = int(starts[at])
        evidence.add("restated_share", start, int(ends[at + length + N_WORDS - 2]) - start)
    return {
        "repetition": n_repeated / max(1, len(runs)),
        "loop_chars": suffix.length,
        "inner_loop_chars": inner.length,
        "restated_share": n_shared / max(1, len(thinking)),
        "thought_is_answer": len(own) > 0 and np.array_equal(own, behind),
    }


def _codes(of: str) -> np.ndarray:
    return np.frombuffer(bytearray(of.encode("utf-32-le")), np.uint32)


def _trimmed(kinds: np.ndarray, last: int) -> int:
    """Where a text ends that had blanks at its end."""
    while last and kinds[last - 1] == BLANK:
        last -= 1
    return last
