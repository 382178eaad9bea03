"""What a recipe's budget would cut off a planned night."""

import polars as pl

from r1data.generate.prices import cost_usd
from r1data.recipe import Budget, Prices

LIMITS = {
    "limit": pl.String, "allowed": pl.Float64, "used": pl.Float64, "expected": pl.Float64, "cut": pl.Float64,
}  # fmt: skip


def over_budget(
    expected: pl.DataFrame, used: pl.DataFrame, *, budget: Budget, prices: Prices | None, time_s: float | None
) -> pl.DataFrame:
    """Compare every limit that the recipe sets with what the night is expected to use.

    Args:
        expected: rows of `r1data.generate.planning.expect`.
        used: rollouts of the plan that are stored: prompt_id, prompt_tokens, completion_tokens, cost_usd.
        budget: the limits.
        prices: of tokens.
        time_s: seconds that the night is expected to take; None when unknown.

    Returns:
        limit (its key in the recipe), allowed, used (already), expected (more), cut (of the expected, beyond
        the limit; of a limit by prompt, over all prompts); null where it is not known.
    """
    rows = _by_prompt(expected, used, prices)
    found = []
    for name in ("attempts", "tokens", "usd"):
        night, prompt = getattr(budget, name), getattr(budget, f"{name}_per_prompt")
        already, more = rows[f"used_{name}"], rows[name]
        known = name != "usd" or prices is not None
        if night is not None:
            found.append(_limit(name, night, already.sum(), more.sum() if known else None))
        if prompt is not None:
            beyond = (already + more - prompt).clip(0).to_frame("beyond").with_columns(more=more)
            cut = beyond.select(pl.min_horizontal("beyond", "more").sum()).item() if known else None
            found.append((f"{name}_per_prompt", prompt, already.max(), more.max() if known else None, cut))
    if budget.wall_s is not None:
        found.append(_limit("wall_s", budget.wall_s, 0.0, time_s))
    return pl.DataFrame(found, schema=LIMITS, orient="row", strict=False)


def _limit(
    name: str, allowed: float, used: float, expected: float | None
) -> tuple[str, float, float, float | None, float | None]:
    cut = None if expected is None else min(max(used + expected - allowed, 0.0), expected)
    return name, allowed, used, expected, cut


def _by_prompt(expected: pl.DataFrame, used: pl.DataFrame, prices: Prices | None) -> pl.DataFrame:
    """attempts, tokens and usd by prompt, expected and used."""
    weight = pl.col("weight")
    each = ("prompt_tokens", "cached_tokens", "completion_tokens")
    more = expected.group_by("prompt_id").agg(
        weight.sum().alias("attempts"), *((pl.col(name) * weight).sum() for name in each)
    )
    already = used.group_by("prompt_id").agg(
        used_attempts=pl.len().cast(pl.Float64),
        used_tokens=(pl.col("prompt_tokens") + pl.col("completion_tokens")).sum().cast(pl.Float64),
        used_usd=pl.col("cost_usd").sum(),
    )
    usd = [cost_usd(prices, *tokens) for tokens in more.select(each).iter_rows()]
    named = more.with_columns(
        tokens=pl.col("prompt_tokens") + pl.col("completion_tokens"),
        usd=pl.Series(usd, dtype=pl.Float64).fill_null(0.0),
    )
    joined = named.join(already, on="prompt_id", how="left")
    return joined.with_columns(pl.col("^used_.*$").fill_null(0.0))
