"""Benchmark items as texts are compared with them: by whole text, and by their runs of words."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from r1data import text
from r1data.curate.decontaminate import fold, words
from r1data.curate.decontaminate.words import NUMBER
from r1data.curate.dedup.memory import addresses
from r1data.recipe import Embedding

COMMON_ITEMS = 5
"""Words that as many different items consist of do not tell one of them."""
COMMON_RUN = 32
"""A run of three words that more items share is not looked up: it would lead everywhere."""


@dataclass(frozen=True)
class Tokens:
    """Words and numbers of one text, in order; its signs apart."""

    hashes: np.ndarray
    """uint64 [n]; numbers of one value have one hash."""
    is_number: np.ndarray
    """bool [n]."""
    spans: np.ndarray
    """int32 [n, 2]: begin and end in characters of the text."""
    values: np.ndarray
    """int64 [n, 2]: digits and decimals of a number; decimals are negative when it has no value."""
    signs: np.ndarray
    """uint64 [n + 1]: sums of the hashes of the signs before each."""

    def written(self, text: str, begin: int = 0, end: int | None = None) -> str:
        """Words `begin` to `end` as they are compared: small, a blank between, numbers in digits."""
        spans = self.spans[begin:end].tolist()
        parts = []
        for (first, last), (digits, decimals), number in zip(
            spans, self.values[begin:end].tolist(), self.is_number[begin:end].tolist(), strict=True
        ):
            if number and decimals >= 0:
                parts.append(f"{digits}" if not decimals else f"{digits / 10**decimals:g}")
            else:
                parts.append(text[first:last].casefold())
        return " ".join(parts)


def squeezed(text: str) -> str:
    """A text without blanks, case and dollar signs."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().replace("$", " ").split())


def tokens(texts: pl.Series) -> list[Tokens]:
    """Tokens of every text; a null has none."""
    from r1data.curate.decontaminate.match import split_signs, tokenise

    characters, meanings = fold.tables(), words.table()
    found = []
    for address, n_bytes in zip(*addresses(texts), strict=True):
        hashes, flags, spans, values = tokenise(address, max(n_bytes, 0), *characters, meanings)
        places, signs = split_signs(hashes, flags)
        found.append(Tokens(hashes[places], flags[places] == NUMBER, spans[places], values[places], signs))
    return found


class Index:
    """Items of benchmarks."""

    def __init__(self, benchmarks: pl.DataFrame) -> None:
        """`benchmarks` has benchmark, item_id, and messages or text; it is read when the first text comes."""
        self._benchmarks = benchmarks
        self._written: dict[int, str] = {}
        self.embeddings: dict[Embedding, np.ndarray] = {}
        """Unit vectors of the items, float32 [n, size]; filled by the stage that needs them."""

    @cached_property
    def rows(self) -> pl.DataFrame:
        """benchmark, item_id, text; in the order of benchmark and item."""
        rows = self._benchmarks.unique(["benchmark", "item_id"]).sort("benchmark", "item_id")
        if "text" not in rows.columns:
            texts = [text.prompt_text(messages) for messages in rows["messages"]]
            rows = rows.with_columns(text=pl.Series(texts, dtype=pl.String))
        return rows.select("benchmark", "item_id", "text")

    @cached_property
    def tokens(self) -> list[Tokens]:
        """Words and numbers of every item."""
        return tokens(self.rows["text"])

    @cached_property
    def whole(self) -> dict[int, dict[str, int]]:
        """First item by the hash of its words and signs; below it by `squeezed` text, or by "" where it does
        not matter.

        What many items say and only their pictures tell apart, such as "Read this:" above a drawing in signs,
        is the same only sign by sign.
        """
        from r1data.curate.decontaminate.match import whole_hash

        found: dict[int, dict[str, int]] = {}
        for row, item in enumerate(self.tokens):
            if len(item.hashes):
                same = found.setdefault(int(whole_hash(item.hashes, item.signs[-1])), {})
                same.setdefault(squeezed(self.rows["text"][row]), row)
        return {
            whole: same if len(same) >= COMMON_ITEMS else {"": min(same.values())}
            for whole, same in found.items()
        }

    @cached_property
    def pictures(self) -> frozenset[int]:
        """Items that words alone do not tell apart."""
        return frozenset(
            row for same in self.whole.values() if len(same) >= COMMON_ITEMS for row in same.values()
        )

    def same(self, whole: int, text: str) -> int | None:
        """The item that a text with this hash is, whole."""
        items = self.whole.get(whole, {})
        return items.get("") if len(items) < COMMON_ITEMS else items.get(squeezed(text))

    def written(self, item: int) -> str:
        """An item's words as they are compared, one after the other."""
        if item not in self._written:
            self._written[item] = self.tokens[item].written(self.rows["text"][item])
        return self._written[item]

    @cached_property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What `kernels.find` reads: table of runs, numbers of its keys, where their postings begin, items
        and places of the postings; where items begin, hashes, whether numbers, weights of their words; runs
        of each item.
        """
        from r1data.curate.decontaminate.match import lay_out, runs_of

        lengths = np.array([len(item.hashes) for item in self.tokens], np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        hashes = _joined([item.hashes for item in self.tokens], np.uint64)
        is_number = _joined([item.is_number for item in self.tokens], np.bool_)
        runs, items, places = runs_of(hashes, starts)
        postings = pl.DataFrame({"run": runs, "item": items, "place": places})
        postings = postings.unique(["run", "item"], keep="first", maintain_order=True)
        postings = postings.filter(pl.len().over("run") <= COMMON_RUN).sort("run", maintain_order=True)
        keys, counts = _counted(postings["run"])
        size = 1 << max(4, (2 * len(keys)).bit_length())
        table, numbers = lay_out(keys, size)
        limits = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        n_runs = np.bincount(postings["item"].to_numpy(), minlength=len(lengths)).astype(np.float64)
        return (
            table,
            numbers,
            limits,
            np.array(postings["item"], np.int32),  # a copy can be written to, which is part of its type
            np.array(postings["place"], np.int32),
            starts,
            hashes,
            is_number,
            _weights(hashes, lengths),
            n_runs,
        )


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype), *parts])


def _counted(runs: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of a sorted series, and how often each is there."""
    counted = runs.rle().struct.unnest()
    return np.array(counted["value"], np.uint64), np.array(counted["len"], np.int64)


def _weights(hashes: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """How much each word tells (float32): inverse document frequency among the items, as in BM25."""
    items = np.repeat(np.arange(len(lengths)), lengths)
    frame = pl.DataFrame({"hash": hashes, "item": items})
    n_items = pl.col("item").n_unique().over("hash").cast(pl.Float64)
    weight = (1 + (len(lengths) - n_items + 0.5) / (n_items + 0.5)).log()
    return frame.select(weight=weight.cast(pl.Float32))["weight"].to_numpy(writable=True)
