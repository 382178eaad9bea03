"""What a planned night is expected to take: tokens, time and money, by reason, source and domain."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from r1data.generate.planning.expect import expect
from r1data.generate.planning.over_budget import over_budget
from r1data.generate.planning.speed import Speed, speed
from r1data.generate.planning.tonight import DryRun
from r1data.generate.prices import cost_usd, machine_usd
from r1data.recipe import Prices, load_teacher

REASONS = ("new", "more", "changed_teacher", "unsolved", "retry")
KEYS = {"reason": pl.String, "source": pl.String, "domain": pl.String}
MEASURES = {
    "n_prompts": pl.Int64,
    "n_attempts": pl.Int64,
    "n_stored": pl.Int64,
    "n_to_make": pl.Int64,
    "n_expected": pl.Float64,
    "prompt_tokens": pl.Float64,
    "completion_tokens": pl.Float64,
    "completion_tokens_at_most": pl.Int64,
    "time_s": pl.Float64,
    "cost_usd": pl.Float64,
    "cost_usd_at_most": pl.Float64,
}
ROWS = pl.Schema({**KEYS, **MEASURES, "rests_on": pl.String})
"""Rows of an estimate. Attempts are planned ones; some are stored, the others may be made, of which so many
are expected: a retry is made only if its rollout hits the cap. Tokens, time and money are of those; null when
unknown. `rests_on` says what the tokens rest on (`r1data.generate.planning.expect`).
"""


@dataclass(frozen=True)
class Estimate:
    """What a night is expected to take."""

    rows: pl.DataFrame
    """Schema ROWS, one row per reason, source and domain, and last the row `total`."""
    limits: pl.DataFrame
    """What the budget would cut off (`r1data.generate.planning.over_budget`); no rows without a budget."""
    speed: Speed
    """What time rests on."""


def estimate(planned: DryRun) -> Estimate:
    """Estimate what a planned night would still make; nothing is invented where nothing is known."""
    generate, scan = planned.recipe.generate, planned.scan
    expected = expect(
        planned.plan.lazy(),
        scan("rollouts"),
        scan("prompts"),
        teacher=load_teacher(generate.teacher),
        teacher_id=planned.teacher_id,
        max_tokens=generate.max_tokens,
    ).collect()
    pace = speed(scan("engine_runs"), scan("rollouts"), generate=generate, teacher_id=planned.teacher_id)
    groups = _sums(expected, list(KEYS))
    total = _sums(expected, []).with_columns(pl.lit("total").alias("reason"))
    found = [_row(sums, pace, generate.prices) for part in (groups, total) for sums in part.to_dicts()]
    used = scan("rollouts").join(planned.plan.lazy(), on="rollout_id", how="semi")
    limits = over_budget(
        expected,
        used.select("prompt_id", "prompt_tokens", "completion_tokens", "cost_usd").collect(),
        budget=generate.budget,
        prices=generate.prices,
        time_s=found[-1]["time_s"],
    )
    return Estimate(pl.DataFrame(found, schema=ROWS, orient="row"), limits, pace)


def _sums(expected: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sums by `keys`, in the order of the reasons; one row without keys."""
    weight, left = pl.col("weight"), pl.col("to_make")
    tokens = ("prompt_tokens", "cached_tokens", "completion_tokens")
    sums = [
        pl.col("prompt_id").n_unique().cast(pl.Int64).alias("n_prompts"),
        pl.len().cast(pl.Int64).alias("n_attempts"),
        pl.col("stored").sum().cast(pl.Int64).alias("n_stored"),
        left.sum().cast(pl.Int64).alias("n_to_make"),
        weight.sum().alias("n_expected"),
        *((pl.col(name) * weight).sum() for name in tokens),
        pl.col("prompt_tokens").filter(left).sum().alias("prompt_tokens_at_most"),
        pl.col("max_tokens").cast(pl.Int64).filter(left).sum().alias("completion_tokens_at_most"),
        pl.col("rests_on").filter(left).unique().sort().str.join(", ").alias("rests_on"),
    ]
    if not keys:
        return expected.select(sums)
    order = pl.col("reason").replace_strict({reason: i for i, reason in enumerate(REASONS)})
    return expected.group_by(keys).agg(sums).sort(order, "source", "domain")


def _row(sums: dict[str, Any], pace: Speed, prices: Prices | None) -> dict[str, Any]:
    """A row of an estimate from sums over planned rows."""
    tokens = sums["prompt_tokens"], sums["cached_tokens"], sums["completion_tokens"]
    most = sums["prompt_tokens_at_most"], 0, sums["completion_tokens_at_most"]
    row = sums | {
        "time_s": _seconds(sums["completion_tokens"], pace),
        "cost_usd": _cost(prices, *tokens, _seconds(sums["completion_tokens"], pace)),
        "cost_usd_at_most": _cost(prices, *most, _seconds(sums["completion_tokens_at_most"], pace)),
    }
    return {name: row.get(name) for name in ROWS}


def _seconds(completion_tokens: float, pace: Speed) -> float | None:
    return None if pace.tokens_per_s is None else completion_tokens / pace.tokens_per_s


def _cost(
    prices: Prices | None, prompt: float, cached: float, completion: float, time_s: float | None
) -> float | None:
    """Money of tokens and of the machine; null when a price by the hour meets an unknown time."""
    tokens = cost_usd(prices, prompt, cached, completion)
    if prices is None or tokens is None or not prices.usd_per_hour:
        return tokens
    return None if time_s is None else tokens + (machine_usd(prices, time_s) or 0.0)
