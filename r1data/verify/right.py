"""Which rollouts count as right: finished, right by the verifier that decides, and well-formed."""

import polars as pl

from r1data.curate.current import deciding_verdicts, verdicts_of


def right_rollouts(
    rollouts: pl.LazyFrame, verdicts: pl.LazyFrame, prompt_references: pl.LazyFrame
) -> pl.LazyFrame:
    """The rollout_id of those among `rollouts` that are right, under the current versions of everything.

    Args:
        rollouts: rollout_id, prompt_id, teacher_id, finish_reason.
        verdicts: table `verdicts`.
        prompt_references: table `prompt_references`.
    """
    finished = rollouts.filter(pl.col("finish_reason") == "stop")
    deciding = deciding_verdicts(finished, verdicts, prompt_references).filter(pl.col("verdict") == "right")
    formed = verdicts_of(verdicts, "format").filter(pl.col("verdict") == "right")
    return deciding.select("rollout_id").join(formed.select("rollout_id"), on="rollout_id", how="semi")
