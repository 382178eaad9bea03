"""A student beside another model, number by number: what it solves, and what it takes to solve it.

What one solved prompt takes is the mean of an attempt over pass@1: attempts are made until one is solved, and
each is solved with that chance. Both are means over all items, so an item that nobody solves makes it larger
instead of infinite.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import orjson
import polars as pl

from r1data.evaluate.estimate import Estimate, attempts_per_item, mean_of, ratio
from r1data.generate.models import ModelFolder
from r1data.recipe import Prices

UNITS = {"seconds": "elapsed_s", "tokens": "completion_tokens", "usd": "usd", "bytes": "memory_bytes"}
"""What an attempt takes, and the column that says how much; `usd` where a price is known, `bytes` where the
model is here and its cache can be told.
"""
APIS = ("openai", "openai_batch")
"""Engines whose attempts cost their tokens; those of others cost hours of a machine."""
DRAWS, SEED = 2_000, 1954


@dataclass(frozen=True)
class Takes:
    """What one unit says of two models."""

    attempt: tuple[Estimate, Estimate]
    """Mean of an attempt, of the student and of the other."""
    attempt_ratio: Estimate | None
    """The student's as a share of the other's; None when nobody can tell."""
    solved: tuple[Estimate | None, Estimate | None]
    """Of a solved prompt; None of a model that may solve nothing at all."""
    solved_ratio: Estimate | None


@dataclass(frozen=True)
class Against:
    """The student beside one other model."""

    part: str
    """One of base, teacher, teacher_as_recipe."""
    accuracy: Estimate | None
    """pass@1 as a share of the other's; None when nobody can tell."""
    takes: Mapping[str, Takes]
    """By unit, a key of UNITS."""


def with_usd(attempts: pl.DataFrame, prices: Prices | None, engine: str) -> pl.DataFrame:
    """Attempts with `usd`, what one costs by `[generate.prices]`; null where no price is known.

    A model behind an API costs its tokens. One on our machine costs the machine's hours, as if every attempt
    had it to itself: the most that it can be, since attempts share the engine.
    """
    usd = pl.lit(None, pl.Float64)
    if prices and engine in APIS and prices.usd_per_million_completion_tokens:
        tokens = pl.col("prompt_tokens") * prices.usd_per_million_prompt_tokens
        usd = (tokens + pl.col("completion_tokens") * prices.usd_per_million_completion_tokens) / 1e6
    elif prices and engine not in APIS and prices.usd_per_hour:
        usd = pl.col("elapsed_s") * prices.usd_per_hour / 3600
    return attempts.with_columns(usd=usd)


def with_memory(attempts: pl.DataFrame, model: ModelFolder) -> pl.DataFrame:
    """Attempts with `memory_bytes`: the weights, and the keys and values of all tokens at its end, in two
    bytes each; null where that is not known.

    It is what one attempt needs, whatever an engine sets aside beyond that.
    """
    per_token, weights = cache_bytes(model), weights_bytes(model)
    known = None not in (per_token, weights)
    tokens = pl.col("prompt_tokens") + pl.col("completion_tokens")
    memory = tokens * (per_token or 0) + (weights or 0) if known else pl.lit(None)
    return attempts.with_columns(memory_bytes=memory.cast(pl.Float64))


def weights_bytes(model: ModelFolder) -> int | None:
    """Bytes of a model's weights on the disk; None of one that has no files here."""
    files = list(model.path.glob("*.safetensors"))
    return sum(file.stat().st_size for file in files) if files else None


def cache_bytes(model: ModelFolder) -> int | None:
    """Bytes of a token's keys and values over all layers, in two bytes each; None where config.json does not
    describe attention of heads alike in every layer.
    """
    file = model.path / "config.json"
    told = orjson.loads(file.read_bytes()) if file.is_file() else {}
    names = ("num_hidden_layers", "num_attention_heads", "hidden_size")
    layers, heads, width = (told.get(name) for name in names)
    kinds = {"full_attention", *(told.get("layer_types") or ())}
    if not (layers and heads and width) or "kv_lora_rank" in told or len(kinds) > 1:
        return None
    return (
        2 * 2 * layers * (told.get("num_key_value_heads") or heads) * (told.get("head_dim") or width // heads)
    )


def against(part: str, student: pl.DataFrame, other: pl.DataFrame) -> Against:
    """Compare two models that were asked the same items.

    Ratios of means have Fieller's interval over paired items (`estimate.ratio`). A ratio of two such ratios
    has the percentile interval of a bootstrap that draws items, paired (Efron and Tibshirani 1993, *An
    Introduction to the Bootstrap*, chapter 13); draws are the same every time.

    Args:
        part: what the other model is.
        student, other: rows of table `evaluations` with `usd` and `memory_bytes`, which may be null.

    Raises:
        SchemaError: the two do not have the same items, or attempts are missing.
    """
    takes = {
        unit: _takes(student, other, column)
        for unit, column in UNITS.items()
        if not student[column].has_nulls() and not other[column].has_nulls()
    }
    return Against(part, ratio(student, other), takes)


def _takes(student: pl.DataFrame, other: pl.DataFrame, column: str) -> Takes:
    solved = per_solved(student, column), per_solved(other, column)
    mine, theirs = (mean_of(_by_item(one, column)[:, 1].tolist()) for one in (student, other))
    both = _solved_ratio(student, other, column) if all(solved) else None
    return Takes((mine, theirs), ratio(student, other, column=column), solved, both)


def per_solved(attempts: pl.DataFrame, column: str) -> Estimate | None:
    """What one solved prompt takes of `column`; None when the model may solve nothing at all."""
    spent = attempts.with_columns(compared=pl.col(column).cast(pl.Float64))
    solved = attempts.with_columns(compared=pl.col("solved").cast(pl.Float64))
    return ratio(spent, solved, column="compared")


def _by_item(attempts: pl.DataFrame, column: str) -> np.ndarray:
    """Solved and spent of every item, as means over its attempts, in the order of items."""
    attempts_per_item(attempts)
    means = attempts.group_by("item_id").agg(pl.col("solved").mean(), pl.col(column).mean().alias("spent"))
    return means.sort("item_id").select("solved", "spent").to_numpy()


def _solved_ratio(student: pl.DataFrame, other: pl.DataFrame, column: str) -> Estimate | None:
    mine, theirs = _by_item(student, column), _by_item(other, column)
    drawn = np.random.default_rng(SEED).integers(len(mine), size=(DRAWS, len(mine)))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = _share(mine.mean(axis=0), theirs.mean(axis=0))
        low, high = np.quantile(_share(mine[drawn].mean(axis=1), theirs[drawn].mean(axis=1)), [0.025, 0.975])
    told = Estimate(float(value), float(low), float(high))
    return told if np.isfinite([told.value, told.low, told.high]).all() else None


def _share(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Spent per solved of one, as a share of the other's."""
    return (mine[..., 1] / mine[..., 0]) / (theirs[..., 1] / theirs[..., 0])
