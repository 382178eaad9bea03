"""Who taught a student this: the traces of its export that a text has most in common with.

    nearest("<think>\\n3 + 4 = 7.\\n</think>\\n\\n7", rows)[0].passage == "3 + 4 = 7."

What this does not show: causes. A trace that is like an answer may have taught it nothing, and what taught it
may say the same in other words; influence is what leaving the trace out would change.
"""

import heapq
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa

from r1data.curate.dedup.memory import addresses
from r1data.curate.dedup.sign import USUAL
from r1data.errors import ConfigError, InputError
from r1data.generate.models import STUDENT
from r1data.ids import rollout_id
from r1data.lake import Lake
from r1data.text import nearest as nearest_name
from r1data.text import prompt_text
from r1data.train.exports import exports_in
from r1data.train.exports.make import export_folder
from r1data.train.student import current_row

N_WORDS = (USUAL.n_words, 3, 1)
"""Words of a shingle: those of near-duplicate removal, and fewer where a text has no such shingle in common
with any trace.
"""
BATCH_ROWS = 256
"""Rows of the export that are in memory at once."""
LOW = np.uint64(0xFFFF)
_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3000-\U0010ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\x00-\x20{_UNSPACED}]+")
"""Words as near-duplicate removal finds them, `r1data.curate.dedup.words`."""


@dataclass(frozen=True)
class Near:
    """A training trace, and what a text has in common with it."""

    rollout_id: str
    prompt: str
    """The contents of its messages."""
    containment: float
    """Share of the text's shingles that the trace has, 0 … 1; what the trace has besides does not count."""
    jaccard: float
    """Shingles of both, of the shingles of either, 0 … 1: as near-duplicate removal counts, at 5 words."""
    n_words: int
    """Words of a shingle."""
    passage: str
    """The longest run of words that both have, as the text has it."""


_SCHEMA = pl.Schema(
    {"rollout_id": pl.String, "prompt": pl.String, "containment": pl.Float64, "jaccard": pl.Float64}
    | {"n_words": pl.Int64, "passage": pl.String}
)


def taught(lake: Lake, student: str, text: str, *, k: int = 5) -> pl.DataFrame:
    """The traces that the current student of a name trained on and that are nearest to a text, and whose they
    are.

    Args:
        lake: where the student's row, prompts and teachers are.
        student: its file in recipes/students.
        text: what it wrote, thought included.
        k: traces, at most.

    Returns:
        Fields of `Near`, and teacher, terms, licence, night: null where the lake no longer has the rollout.

    Raises:
        ConfigError: the student was never trained, learnt from no traces, or its export is gone.
        InputError: the text has no words.
    """
    rows = _rows_of(_current(lake, student))
    found = pl.DataFrame([asdict(near) for near in nearest(text, rows, k=k)], schema=_SCHEMA)
    rollouts = lake.scan("rollouts").filter(pl.col("rollout_id").is_in(found["rollout_id"].to_list()))
    teachers = lake.scan("teachers").select("teacher_id", "terms", teacher="name")
    licences = lake.scan("prompts").select("prompt_id", "licence")
    known = (
        rollouts.select("rollout_id", "prompt_id", "teacher_id", "night")
        .join(teachers, on="teacher_id", how="left")
        .join(licences, on="prompt_id", how="left")
        .select("rollout_id", "teacher", "terms", "licence", "night")
    )
    return found.join(known.collect(), on="rollout_id", how="left", maintain_order="left")


def completion_of(lake: Lake, student: str, attempt: str) -> str:
    """What was written in an attempt.

    Args:
        lake: where attempts are.
        student: whose attempts at benchmark items are looked at, those of its current weights. They are
            stored once, and may name another student whose weights are equal.
        attempt: the first digits of a rollout's id, of table `rollouts` or made of a row of `evaluations` as
            `ids.rollout_id(item_id, student_id, index)`; or an item's id and, behind a colon, the index.

    Raises:
        ConfigError: the student was never trained.
        InputError: there is no such attempt.
    """
    if not attempt.strip():
        raise InputError("The id of the attempt is empty. Give that of a rollout, or ITEM_ID:INDEX.")
    rollouts = lake.scan("rollouts").filter(pl.col("rollout_id").str.starts_with(attempt))
    for completion in rollouts.sort("rollout_id").head(1).select("completion").collect()["completion"]:
        return str(completion)
    item, _, index = attempt.partition(":")
    revision = _current(lake, student)["revision"]
    order = (pl.col("run_key").is_null(), "item_id", "index")  # asked as a student first, as a teacher last
    made = lake.scan("evaluations").filter(pl.col("revision") == revision).sort(*order)
    for row in made.select("item_id", "student_id", "index", "completion").collect().iter_rows(named=True):
        own_id = rollout_id(row["item_id"], row["student_id"], row["index"])
        named = row["item_id"].startswith(item) and str(row["index"]) == (index or "0")
        if named or own_id.startswith(attempt):
            return str(row["completion"])
    raise InputError(
        f'There is no attempt {attempt} of student {student}. `r1data sql "select item_id, index from '
        f"evaluations where revision = '{revision}'\"` lists those at benchmark items: give ITEM_ID:INDEX."
    )


def _current(lake: Lake, student: str) -> dict[str, Any]:
    """The student's row of table `students`."""
    students = lake.scan("students")
    row = current_row(students, student)
    if row is None:
        names = students.select(pl.col("student").unique()).collect()["student"].to_list()
        raise ConfigError(
            f"There is no trained student {nearest_name(student, names)} `r1data train {student}` trains it."
        )
    return row


def _rows_of(row: dict[str, Any]) -> Path:
    """The file of the traces that the student of a row trained on."""
    student = row["student"]
    export = next((one for one in exports_in(export_folder()) if one.rows_digest == row["rows_digest"]), None)
    if export is None:
        raise ConfigError(
            f"The export that student {student} trained on, of rows digest {row['rows_digest']}, is not in "
            f"{export_folder()} any more. `r1data train {student}` exports its mix again."
        )
    if export.form == "dpo":
        raise ConfigError(
            f"Student {student} is a reward model, which writes nothing. Ask of whoever wrote it."
        )
    if export.form != "trl":
        base = row["base"].removeprefix(STUDENT)
        further = f", `r1data taught {base}`" if base != row["base"] else ""
        raise ConfigError(
            f"Student {student} learnt from prompts and rewards, so there is no trace that taught it. Ask of "
            f"its base, {row['base']}{further}."
        )
    return export.rows


def nearest(text: str, rows: Path, *, k: int = 5) -> list[Near]:
    """Find the traces that have most of a text's shingles; of equals, those that have least besides.

    Shingles are runs of five words. A short answer, such as a sum, may have no such run, or none that a trace
    has; then runs of three words are compared, and at last single words. `Near.n_words` says which: what is
    alike in single words says little.

    Args:
        text: what a student wrote, thought included.
        rows: JSONL file of an export of form trl, read in batches, once for each length of shingles.
        k: traces, at most.

    Returns:
        The nearest first; equals in the order of the file. Empty when no trace has a word of it.

    Raises:
        InputError: the text has no words.
    """
    said = _WORD.findall(text)
    if not said:
        raise InputError(
            "The answer is empty, so nothing can be like it. Give the text that the student wrote."
        )
    for n_words in N_WORDS:
        found = _nearest(text, rows, k, n_words) if len(said) >= n_words else []
        if found:
            break
    return [
        Near(
            rollout_id=row["rollout_id"],
            prompt=prompt_text(row["prompt"]),
            containment=n_shared / n,
            jaccard=jaccard,
            n_words=n_words,
            passage=_shared_run(text, _completion(row)),
        )
        for n_shared, n, jaccard, row in found
    ]


def _nearest(text: str, rows: Path, k: int, n_words: int) -> list[tuple[int, int, float, dict[str, Any]]]:
    """Shingles that are shared, those of the text, Jaccard and the row, of the k nearest."""
    mine = np.unique(next(_shingles([text], n_words)))
    maybe = np.zeros(LOW + 1, np.bool_)  # nearly all shingles of a trace are told from these by one look
    maybe[mine & LOW] = True
    best: list[tuple[int, float, int, dict[str, Any]]] = []
    place = 0
    for batch in _batches(rows):
        for row, theirs in zip(batch, _shingles([_completion(row) for row in batch], n_words), strict=True):
            place -= 1
            n_shared = len(np.intersect1d(mine, theirs[maybe[theirs & LOW]]))
            if not n_shared or (len(best) == k and n_shared < best[0][0]):
                continue
            n_together = len(mine) + len(np.unique(theirs)) - n_shared
            found = (n_shared, n_shared / n_together, place, row)
            if len(best) < k:
                heapq.heappush(best, found)
            else:
                heapq.heappushpop(best, found)
    return [(n_shared, len(mine), jaccard, row) for n_shared, jaccard, _, row in sorted(best, reverse=True)]


def _batches(rows: Path) -> Iterator[list[dict[str, Any]]]:
    with rows.open("rb") as lines:
        while batch := [orjson.loads(line) for line in islice(lines, BATCH_ROWS)]:
            yield batch


def _completion(row: dict[str, Any]) -> str:
    return prompt_text(row["completion"])


def _shingles(texts: list[str], n_words: int) -> Iterator[np.ndarray]:
    from r1data.curate.dedup import kernels

    held = pa.array(texts, pa.large_string())  # the addresses point into it
    places, lengths = addresses(held)
    for row in range(len(texts)):
        yield kernels.shingles_of(places, lengths, n_words, USUAL.table, row)


def _shared_run(text: str, trace: str) -> str:
    """The longest run of words of `text` that `trace` has, as it stands in `text`."""
    words = list(_WORD.finditer(text))
    # A letter for every distinct word, so that Python's search for strings finds runs of words.
    letters: dict[str, str] = {}
    mine, theirs = (
        "".join(letters.setdefault(word, chr(len(letters))) for word in said)
        for said in ([word[0] for word in words], _WORD.findall(trace))
    )
    start = length = 0
    for at in range(len(mine)):
        while at + length < len(mine) and mine[at : at + length + 1] in theirs:
            start, length = at, length + 1
    return text[words[start].start() : words[start + length - 1].end()] if length else ""
