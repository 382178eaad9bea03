"""What of a plan is still to be made when a run starts, and what it left out when it ends."""

from collections.abc import Mapping

import polars as pl

from r1data.generate.planning.plan import missing
from r1data.generate.queue import Standing
from r1data.recipe import Adaptive
from r1data.schema import TABLES


def todo(plan: pl.LazyFrame, rollouts: pl.LazyFrame) -> pl.LazyFrame:
    """Planned rows whose rollout is not stored, with `parent_finish`, by prompt and index.

    So attempts that share a prompt are neighbours in the engine, and a retry comes after what it repeats.

    A retry is among them while the rollout that it repeats is not stored, or if that one hit its cap.

    Args:
        plan: table `plan`, of one recipe and night.
        rollouts: table `rollouts`, all nights.
    """
    parents = rollouts.select(retry_of="rollout_id", parent_finish="finish_reason")
    left = missing(plan, rollouts).join(parents, on="retry_of", how="left")
    needed = left.filter(pl.col("parent_finish").is_null() | (pl.col("parent_finish") == "length"))
    return needed.sort("prompt_id", "index")


def standings(rollouts: pl.LazyFrame, right: pl.LazyFrame) -> dict[str, Standing]:
    """How the prompts of some rollouts fare, by prompt id.

    Args:
        rollouts: rollout_id, prompt_id; all of them judged.
        right: rollout_id of those that are right (`right_rollouts`).
    """
    judged = rollouts.select("rollout_id", "prompt_id").join(
        right.select("rollout_id", n_right=pl.lit(1)), on="rollout_id", how="left"
    )
    found = judged.group_by("prompt_id").agg(pl.len(), pl.col("n_right").sum()).collect()
    return {prompt: Standing(n_judged, n_right) for prompt, n_judged, n_right in found.iter_rows()}


def settled(found: Mapping[str, Standing], rule: Adaptive) -> dict[str, str]:
    """Prompts of which no attempt after the first `rule.first` is wanted any more, with the reason."""
    reasons = {prompt: _reason(standing, rule) for prompt, standing in found.items()}
    return {prompt: reason for prompt, reason in reasons.items() if reason}


def _reason(standing: Standing, rule: Adaptive) -> str | None:
    if standing.n_right >= rule.enough:
        return "solved"
    futile = rule.futile_after and standing.n_judged >= rule.futile_after and not standing.n_right
    return "futile" if futile else None


def wanted(rows: pl.LazyFrame, prompts: Mapping[str, str], rule: Adaptive) -> pl.LazyFrame:
    """Rows of `todo` without those of settled `prompts`, in the order in which an adaptive night begins them:
    the first attempt at every prompt, then the second, and so on.
    """
    done = pl.col("prompt_id").is_in(list(prompts)) & (pl.col("index") >= rule.first)
    return rows.filter(~done).sort("index", "prompt_id")


def skipped(
    plan: pl.LazyFrame, rollouts: pl.LazyFrame, prompts: Mapping[str, str], ended: str | None
) -> pl.DataFrame:
    """Table `skipped`: planned rows that are not stored, where there is a reason for it.

    Args:
        plan: table `plan`, of one recipe and night.
        rollouts: table `rollouts`, all nights.
        prompts: settled prompts, with the reason.
        ended: why nothing more was begun; None when the budget was not the reason.
    """
    parents = rollouts.select(retry_of="rollout_id", parent_finish="finish_reason")
    reasons = pl.LazyFrame(
        {"prompt_id": list(prompts), "settled": list(prompts.values())},
        schema={"prompt_id": pl.String, "settled": pl.String},
    )
    needless = pl.col("parent_finish").is_not_null() & (pl.col("parent_finish") != "length")
    reason = pl.when(needless).then(pl.lit("not_truncated")).otherwise(pl.coalesce("settled", pl.lit(ended)))
    return (
        missing(plan, rollouts)
        .join(parents, on="retry_of", how="left")
        .join(reasons, on="prompt_id", how="left")
        .with_columns(reason=reason)
        .filter(pl.col("reason").is_not_null())
        .select(TABLES["skipped"].schema.names())
        .collect()
    )
