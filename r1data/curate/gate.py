"""The publish gate of a corpus: a night that went wrong publishes none."""

import polars as pl

from r1data.errors import GateError
from r1data.recipe.night import Checks
from r1data.verify import BY_FORM


def check_corpus(n_accepted: int, verdicts: pl.LazyFrame, checks: Checks, *, night: str) -> None:
    """Let a corpus pass, or say why it may not be published.

    Args:
        n_accepted: rows that the corpus would have.
        verdicts: schema VERDICTS, those of the night that count, and decided_by of their rollouts. What no
            rule is made for (`no_rule`) is no rule's failure, nor is what a judge or a person decided.
        checks: the recipe's thresholds.
        night: YYYY-MM-DD, for the message.

    Raises:
        GateError: too few accepted traces, or too many verdicts unknown; names both numbers and the key to
            change.
    """
    if n_accepted < checks.min_accepted:
        raise GateError(
            f"Night {night} has {n_accepted} accepted traces, fewer than {checks.min_accepted}. "
            f"`r1data funnel --night {night}` shows where they fell; [checks] min_accepted is the limit. "
            "No corpus was published."
        )
    ruled = verdicts.filter(
        ~pl.col("verifier").is_in(BY_FORM)
        & ~pl.col("reason").is_in(["truncated", "no_rule"])
        & ~pl.col("decided_by").is_in(["judge", "person"]).fill_null(False)
    )
    share = ruled.select((pl.col("verdict") == "unknown").mean()).collect().item()
    if share is not None and share > checks.max_unknown_share:
        raise GateError(
            f"{share:.0%} of the verdicts of night {night} are unknown, more than "
            f"{checks.max_unknown_share:.0%} ([checks] max_unknown_share). `r1data sql why_rejected` names "
            "the reasons. No corpus was published."
        )
