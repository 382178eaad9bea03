"""How much decontamination finds of what is planted, and of what is clean, with a recipe's own items.

Planted are the items themselves, inside longer texts, in other formats, and in what versions the recipe's
file of rephrased or translated items has. Clean are the items with other numbers, which are other problems,
and texts that are given. A kind for which there is no text was not measured: its share is null, neither 0
nor 1.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from r1data.curate.decontaminate.compare import SHORTEST_RUN_WORDS, hits
from r1data.curate.decontaminate.facts import compared
from r1data.curate.decontaminate.formats import FORMATS, inside
from r1data.curate.decontaminate.index import Index
from r1data.errors import InputError
from r1data.prompts.records import check_columns, files_in, records
from r1data.recipe import Contamination, Planted

MOST_ITEMS = 300
"""Items that are planted, evenly spread; an interval of ±2 percent is enough to see a fault."""
INTEGER = re.compile(r"(?<![\w.,\\^_{}/])\d{1,9}(?![\w.,}])")
KINDS = {"kind": pl.String, "planted": pl.Boolean, "n": pl.Int64, "found": pl.Int64, "share": pl.Float64}


@dataclass(frozen=True)
class Measured:
    """What a measurement says."""

    kinds: pl.DataFrame
    """kind, planted (else clean), n, found, share (null when n is 0)."""
    faults: tuple[str, ...]
    """Thresholds that were missed, one sentence each."""


def measure(benchmarks: pl.DataFrame, clean: Iterable[str], settings: Contamination) -> Measured:
    """Plant items, look for them, and compare with the thresholds of the recipe.

    Args:
        benchmarks: rows of table `benchmarks`.
        clean: texts that hold no item.
        settings: thresholds, and the file of other versions.

    Raises:
        InputError, ConfigError: the file of other versions cannot be used.
        EngineError: the server of the optional stage fails.
    """
    index = Index(benchmarks)
    texts = {**_planted(index), **_clean(index, clean)}
    rows = [
        (kind, planted, len(some), _found(index, some, planted, settings))
        for (kind, planted), some in texts.items()
    ]
    if settings.planted:
        rows += _others(index, settings)
    kinds = pl.DataFrame(
        [(*row, row[3] / row[2] if row[2] else None) for row in rows], schema=KINDS, orient="row"
    )
    return Measured(kinds, tuple(_faults(kinds, settings)))


def _planted(index: Index) -> dict[tuple[str, bool], list[str]]:
    """Items by what was done to them; an item of a word or two is found as a whole text only."""
    step = max(1, -(-index.rows.height // MOST_ITEMS))
    chosen = list(range(0, index.rows.height, step))
    texts = [index.rows["text"][row] for row in chosen]
    longer = [
        text
        for text, row in zip(texts, chosen, strict=True)
        if len(index.tokens[row].hashes) >= SHORTEST_RUN_WORDS
    ]
    found = {("verbatim", True): texts, ("inside", True): [inside(text) for text in longer]}
    for name, change in FORMATS.items():
        found["format_" + name, True] = [changed for text in longer if (changed := change(text)) != text]
    return found


def _clean(index: Index, clean: Iterable[str]) -> dict[tuple[str, bool], list[str]]:
    texts = index.rows["text"].to_list()
    step = max(1, -(-len(texts) // MOST_ITEMS))
    other = [changed for text in texts[::step] if (changed := _other_numbers(text)) != text]
    return {("new_numbers", False): other, ("computed", False): list(clean)}


def _other_numbers(text: str) -> str:
    """The same template with other numbers: of each, its first digit is another one."""
    return INTEGER.sub(lambda number: f"{(int(number[0][0]) + 3) % 9 + 1}{number[0][1:]}", text)


def _found(index: Index, texts: list[str], planted: bool, settings: Contamination) -> int:
    """In how many texts an item is found; a clean one that is an item word for word is no fault."""
    found = hits(pl.Series(texts, dtype=pl.String), index, settings).values()
    return sum(planted or hit.method != "exact" for hit in found)


def _others(index: Index, settings: Contamination) -> list[tuple[str, bool, int, int]]:
    """Found of each kind in the recipe's file, by words alone and with the optional stage."""
    texts = _versions(settings.planted)
    stages = {"planted_": settings.model_copy(update={"embedding": None})}
    if settings.embedding:
        stages["planted_with_embedding_"] = settings
    told = []
    for prefix, stage in stages.items():
        marked = [
            batch.select("kind").with_columns(hit=pl.Series([row in found for row in range(batch.height)]))
            for batch, found in compared(texts.lazy(), index, stage)
        ]
        counted = pl.concat(marked).group_by("kind", maintain_order=True).agg(pl.len(), pl.col("hit").sum())
        told += [(prefix + kind, True, n, found) for kind, n, found in counted.iter_rows()]
    return told


def _versions(given: Planted) -> pl.DataFrame:
    """text and kind of the rows of the recipe's file.

    Raises:
        ConfigError: it lacks a column.
        InputError: a row cannot be used, or there is none.
    """
    path = files_in(given.path, owner="contamination.planted")[0]
    columns = {"text": given.text, "kind": given.kind}
    check_columns([path], columns, owner="contamination.planted")
    rows = []
    for place, record in records(path, list(columns.values())):
        text, kind = record.get(given.text), record.get(given.kind)
        if not isinstance(text, str) or not isinstance(kind, str | int | float):
            told = f"`{given.text}` is {text!r:.60}, `{given.kind}` is {kind!r:.60}"
            raise InputError(
                f"{path}, {place} of [contamination.planted]: {told}. A row has a text and its kind."
            )
        rows.append((text, str(kind)))
    texts = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    if not texts.height:
        raise InputError(f"{path} of [contamination.planted] holds no row. Name a file of rephrased items.")
    return texts


def _faults(kinds: pl.DataFrame, settings: Contamination) -> Iterable[str]:
    """Sentences on thresholds that are missed; what the recipe's own file plants is told and not demanded."""
    for kind, planted, n, found, share in kinds.iter_rows():
        if share is None or kind.startswith("planted_"):
            continue
        if not planted and share > settings.max_false_hits:
            yield f"{found} of {n} clean texts ({kind}) count as hits; {settings.max_false_hits:.1%} may."
        least = settings.min_recall_formats if kind.startswith("format_") else settings.min_recall_verbatim
        if planted and share < least:
            yield f"{found} of {n} planted items ({kind}) are found; {least:.1%} must be."
