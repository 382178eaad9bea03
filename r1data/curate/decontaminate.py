"""Decontamination: mark prompts and traces that hold a benchmark item.

A text is a hit when it equals an item but for blanks, case and dollar signs, or when it shares a run of n
words with the item (n-gram, as DeepSeek-R1 and GPT-3 did) and all numbers of the item occur in it in their
order. The same template with other numbers is another problem. Chinese and Japanese characters and kana count
as one word each. An item of fewer than n words must be contained whole, signs included. A run that many items
share, such as "put your final answer within a box", says nothing.

What this does not see: rephrased and translated items.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from r1data import ids, text
from r1data.schema.facts import CONTAMINATION

ALGORITHM = "contamination-1"

COMMON_ITEMS = 5
"""A run of words that as many different items share is boilerplate, not evidence."""
SHORTEST_RUN_WORDS = 4
"""Shorter items are found only as the whole of a text."""
BATCH_ROWS = 2_000
EVIDENCE_CHARS = 200

WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}]+|\d+(?:[.,]\d+)*"
UNITS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SPELLED = {word: str(number) for number, word in enumerate(UNITS.split(), 1)} | {
    word: str(10 * number) for number, word in enumerate(TENS.split(), 2)
}
NUMBER = re.compile(rf"{text.NUMBER.pattern}|\b(?:{'|'.join(SPELLED)})\b")
ODD = np.uint64(
    0x9E3779B97F4A7C15
)  # multiplier of the rolling hash; a collision only costs a look at the texts


class _Item(NamedTuple):
    benchmark: str
    item_id: str
    squeezed: str
    words: list[str]
    numbers: list[str]


class _Hit(NamedTuple):
    item: _Item
    method: str
    evidence: str


def version(benchmarks: pl.LazyFrame, *, ngram_words: int) -> str:
    """Name the comparison: algorithm, run length and the items; a new benchmark makes every fact stale."""
    items = benchmarks.select("benchmark", "item_id").unique().sort(pl.all()).collect()
    return f"{ALGORITHM}+{ngram_words}+{ids.digest(items.rows())[:12]}"


def contamination(
    subjects: pl.LazyFrame, benchmarks: pl.LazyFrame, *, version: str, ngram_words: int = 10
) -> pl.LazyFrame:
    """Compare prompts and traces with all benchmark items.

    Args:
        subjects: subject (prompt or trace), subject_id, night, text.
        benchmarks: benchmark, item_id, messages.
        version: what `version` gives for the same benchmarks and `ngram_words`.
        ngram_words: least run of words that makes a hit.

    Returns:
        Schema CONTAMINATION, one row per subject, in order; of several items the one with most in common.
    """
    wanted = subjects.select("subject", "subject_id", "night", "text")
    index: list[_Index] = []

    def compare(batch: pl.DataFrame) -> pl.DataFrame:
        if not index:
            index.append(_Index(benchmarks.collect(), ngram_words))
        parts = [_facts(part, index[0], version) for part in batch.iter_slices(BATCH_ROWS)]
        return pl.concat([CONTAMINATION.empty(), *parts])

    return wanted.map_batches(compare, schema=CONTAMINATION.schema, streamable=True)


def _facts(batch: pl.DataFrame, index: "_Index", version: str) -> pl.DataFrame:
    hits = index.hits(batch["text"])
    found: list[dict[str, Any]] = []
    for number in range(batch.height):
        hit = hits.get(number)
        found.append(
            {
                "contaminated": hit is not None,
                "benchmark": hit and hit.item.benchmark,
                "item_id": hit and hit.item.item_id,
                "method": hit and hit.method,
                "evidence": hit and hit.evidence[:EVIDENCE_CHARS],
            }
        )
    schema = {name: CONTAMINATION.schema[name] for name in found[0]} if found else {}
    facts = batch.drop("text").with_columns(version=pl.lit(version))
    return facts.hstack(pl.DataFrame(found, schema=schema)).select(CONTAMINATION.schema.names())


class _Index:
    """Benchmark items by their whole text and by the hashes of their runs of words."""

    def __init__(self, benchmarks: pl.DataFrame, ngram_words: int) -> None:
        rows = benchmarks.unique(["benchmark", "item_id"]).sort("item_id", "benchmark")
        texts = pl.Series([text.prompt_text(messages) for messages in rows["messages"]], dtype=pl.String)
        words, squeezed = _words(texts), _squeezed(texts)
        self.items = [
            _Item(row["benchmark"], row["item_id"], squeezed[i], words[i].to_list(), _numbers(texts[i]))
            for i, row in enumerate(rows.iter_rows(named=True))
        ]
        self.whole = {item.squeezed: item for item in reversed(self.items)}
        self.ngram_words = ngram_words
        self.runs: dict[int, dict[int, list[int]]] = {}
        """Items by run length and hash."""
        lengths = np.array([min(len(item.words), ngram_words) for item in self.items])
        for length in np.unique(lengths[lengths >= SHORTEST_RUN_WORDS]).tolist():
            self.runs[length] = self._runs_of(words, np.flatnonzero(lengths == length), length)

    def _runs_of(self, words: pl.Series, members: np.ndarray, length: int) -> dict[int, list[int]]:
        hashes, rows = _run_hashes(words.gather(members), length)
        shared = pl.DataFrame({"hash": hashes, "row": members[rows]}).unique().sort("row")
        names = shared.with_columns(
            item=pl.Series([self.items[row].item_id for row in shared["row"]], dtype=pl.String)
        )
        kept = names.filter(pl.col("item").n_unique().over("hash") < COMMON_ITEMS)
        grouped = kept.group_by("hash", maintain_order=True).agg("row")
        return dict(zip(grouped["hash"].to_list(), grouped["row"].to_list(), strict=True))

    def hits(self, texts: pl.Series) -> dict[int, _Hit]:
        """The hit of each contaminated text, by its number."""
        texts = texts.fill_null("")
        squeezed = _squeezed(texts)
        found = {
            number: _Hit(self.whole[whole], "exact", " ".join(self.whole[whole].words))
            for number, whole in enumerate(squeezed)
            if whole in self.whole
        }
        words = _words(texts)
        for number, best in self._candidates(words).items():
            if number not in found and (item := self._confirmed(best, squeezed[number], texts[number])):
                shared = _shared_words(item.words, words[number].to_list(), self.ngram_words)
                found[number] = _Hit(item, "ngram", shared)
        return found

    def _candidates(self, words: pl.Series) -> dict[int, list[_Item]]:
        """Items that share runs with a text, by its number; the item with most runs in common first."""
        counts: dict[int, Counter[int]] = {}
        for length, runs in self.runs.items():
            for number, shared in _shared(words, length, runs):
                counts.setdefault(number, Counter()).update(shared)
        return {
            number: [self.items[row] for row in sorted(rows, key=lambda row, rows=rows: (-rows[row], row))]
            for number, rows in counts.items()
        }

    def _confirmed(self, candidates: list[_Item], squeezed: str, subject: str) -> _Item | None:
        """The first candidate that is in the text: whole, or a run of it with all its numbers in order."""
        numbers = _numbers(subject)
        for item in candidates:
            rest = iter(numbers)
            short = len(item.words) < self.ngram_words
            # `in` uses the iterator up, so this asks for a subsequence.
            if item.squeezed in squeezed if short else all(number in rest for number in item.numbers):
                return item
        return None


def _words(texts: pl.Series) -> pl.Series:
    return texts.str.normalize("NFKC").str.to_lowercase().str.extract_all(WORD)


def _squeezed(texts: pl.Series) -> pl.Series:
    """Texts as they are compared whole: without blanks, case and dollar signs."""
    return texts.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[\s$]+", "")


def _numbers(subject: str) -> list[str]:
    """Numbers in their order, in digits or spelled out, as digits."""
    found = NUMBER.findall(subject.lower())
    return [SPELLED.get(number, number.replace(",", "")) for number in found]


def _run_hashes(words: pl.Series, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Hash (uint64) of every run of `length` words within a text, and the number of the text."""
    flat = pl.DataFrame({"row": np.arange(len(words)), "word": words}).explode("word").drop_nulls("word")
    hashes, rows = flat["word"].hash().to_numpy(), flat["row"].to_numpy()
    n_runs = max(len(hashes) - length + 1, 0)
    runs = np.zeros(n_runs, dtype=np.uint64)
    for shift in range(length):
        runs = runs * ODD + hashes[shift : shift + n_runs]
    inside = rows[:n_runs] == rows[length - 1 :]
    return runs[inside], rows[:n_runs][inside]


def _shared(words: pl.Series, length: int, runs: dict[int, list[int]]) -> Iterator[tuple[int, list[int]]]:
    """Number of a text and the items of one of its runs, for every run that items have."""
    hashes, rows = _run_hashes(words, length)
    known = np.sort(np.fromiter(runs, dtype=np.uint64, count=len(runs)))
    if not len(known):
        return
    nearest = known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)]
    for place in np.flatnonzero(nearest == hashes):
        yield int(rows[place]), runs[int(hashes[place])]


def _shared_words(item: list[str], subject: list[str], length: int) -> str:
    """The first run of the subject that the item has, made as long as it goes."""
    length = min(length, len(item))
    runs = {tuple(item[i : i + length]): i for i in range(len(item) - length, -1, -1)}
    for start in range(len(subject) - length + 1):
        place = runs.get(tuple(subject[start : start + length]))
        if place is not None:
            while place + length < len(item) and subject[start + length : start + length + 1] == [
                item[place + length]
            ]:
                length += 1
            return " ".join(item[place : place + length])
    return " ".join(item)
