"""What rollouts cost, by the recipe's prices.

>>> cost_usd(Prices(usd_per_million_prompt_tokens=1, usd_per_million_completion_tokens=4), 1000, 0, 500)
0.003
"""

from r1data.recipe import Prices

_MILLION = 1_000_000


def cost_usd(
    prices: Prices | None,
    prompt_tokens: float | None,
    cached_tokens: float | None,
    completion_tokens: float | None,
) -> float | None:
    """US dollars of one rollout, or of many whose tokens are added up.

    Null when the recipe names no prices, or when the tokens are not known.

    Args:
        prices: section `generate.prices`; its price by the hour is part of no rollout's cost.
        prompt_tokens: all tokens of the prompt, cached ones included.
        cached_tokens: those that the engine had cached; null counts as none.
        completion_tokens: tokens of the completion.
    """
    if prices is None or prompt_tokens is None or completion_tokens is None:
        return None
    cached = min(cached_tokens or 0, prompt_tokens)
    fresh_price = prices.usd_per_million_prompt_tokens
    own_price = prices.usd_per_million_cached_tokens
    cached_price = fresh_price if own_price is None else own_price
    micro_usd = (
        (prompt_tokens - cached) * fresh_price
        + cached * cached_price
        + completion_tokens * prices.usd_per_million_completion_tokens
    )
    return micro_usd / _MILLION


def machine_usd(prices: Prices | None, wall_s: float) -> float | None:
    """US dollars of the machine while an engine runs; null when the recipe names no prices."""
    return None if prices is None else prices.usd_per_hour * wall_s / 3600
