"""Which of a mix's rows are trained on, how often, and in which order: weights, caps, proportion, order.

Chance is a hash of the seed and a row's id, so a row's fate hangs neither on the order in which rows come
nor on what else is among them, and equal seeds agree on any machine.
"""

from collections.abc import Iterable, Mapping

import polars as pl
import xxhash

ORDERS = ("night", "random", "easy_first")
"""By night and id; by hash of the seed; by `difficulty` and, within one, by hash of the seed."""


def draw(
    rows: pl.DataFrame,
    *,
    key: str,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    caps: Mapping[str, int] | None = None,
    reasoning_per_general: int = 0,
    order: str = "night",
) -> pl.DataFrame:
    """Draw rows by the weight and the cap of their source, then by kind, and put them in training order.

    Args:
        rows: one row per key: the key, night, source, domain; for `easy_first` also difficulty, whose
            nulls come last.
        key: column that names a row.
        seed: of every draw, and of the order within it.
        weights: how often a source's rows are trained on; 1 without. Of 2.25, each row comes twice and a
            quarter of them once more; of 0.25, a quarter of them comes once.
        caps: rows of a source, copies among them, at most; first copies go before second ones.
        reasoning_per_general: reasoning rows for each row of domain general, exactly; of the kind that is
            too many a part is drawn. 0 leaves both as they are, and so does a kind without rows.
        order: one of ORDERS; second copies come after all first ones, but among them when random.

    Returns:
        `rows` as drawn, with `copy` (0 for the first) and `position` (0, 1, …), in order of `position`.
    """
    drawn = _weighed(rows, key, seed, weights or {})
    lot = pl.Series("lot", _hashes(f"{seed} lot", drawn[key], drawn["copy"]), dtype=pl.UInt64)
    drawn = drawn.with_columns(lot)
    drawn = _capped(drawn, key, caps or {})
    if reasoning_per_general:
        drawn = _proportioned(drawn, key, reasoning_per_general)
    by = {
        "night": ["copy", "night", key],
        "random": ["lot", key, "copy"],
        "easy_first": ["copy", "difficulty", "lot", key],
    }[order]
    ordered = drawn.sort(by, nulls_last=True).drop("lot")
    return ordered.with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64))


def _weighed(rows: pl.DataFrame, key: str, seed: int, weights: Mapping[str, float]) -> pl.DataFrame:
    weight = pl.col("source").replace_strict(
        list(weights), list(weights.values()), default=1.0, return_dtype=pl.Float64
    )
    whole = weight.floor().cast(pl.Int64)
    shares = (
        pl.Series("share", _hashes(f"{seed} weight", rows[key]), dtype=pl.UInt64).cast(pl.Float64) / 2**64
    )
    copies = whole + (pl.col("share") < weight - whole).cast(pl.Int64)
    return (
        rows.with_columns(shares)
        .with_columns(copy=pl.int_ranges(copies))
        .drop("share")
        .explode("copy", empty_as_null=False)
    )


def _capped(drawn: pl.DataFrame, key: str, caps: Mapping[str, int]) -> pl.DataFrame:
    if not caps:
        return drawn
    cap = pl.col("source").replace_strict(
        list(caps), list(caps.values()), default=None, return_dtype=pl.Int64
    )
    place = pl.struct("copy", "lot", key).rank("ordinal").over("source").cast(pl.Int64)
    return drawn.filter((place <= cap).fill_null(True))


def _proportioned(drawn: pl.DataFrame, key: str, reasoning_per_general: int) -> pl.DataFrame:
    general = pl.col("domain").eq_missing("general")
    n_general = drawn.select(general.sum()).item()
    n_reasoning = drawn.height - n_general
    if not n_general or not n_reasoning:
        return drawn
    # At least one, so that few reasoning rows do not lose all general ones.
    kept_general = max(1, min(n_general, n_reasoning // reasoning_per_general))
    kept_reasoning = min(n_reasoning, reasoning_per_general * kept_general)
    place = pl.struct("copy", "lot", key).rank("ordinal").over(general)
    return drawn.filter(place <= pl.when(general).then(kept_general).otherwise(kept_reasoning))


def _hashes(salt: str, *columns: Iterable[object]) -> list[int]:
    """XXH3-64 of each row: Polars' own hash may change with its version."""
    return [
        xxhash.xxh3_64_intdigest(" ".join((salt, *map(str, row))).encode())
        for row in zip(*columns, strict=True)
    ]
