"""Checks of a student's training: it ran, and it read most of its traces."""

import dagster as dg

from assets.resources import LakeResource
from assets.training import exported
from r1data.train.student import current_row

MAX_TOO_LONG = 0.05
"""Largest share of traces that may be longer than the student reads before somebody is told."""


@dg.asset_check(asset="student_sft", blocking=True)
def loss_fell(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """The loss at the end of training is below that at its start."""
    row = current_row(lake.open().scan("students"), context.run.tags["dagster/partition"])
    if row is None:
        return dg.AssetCheckResult(
            passed=False, description="The student is not on record. Materialise `student_sft`."
        )
    first, last = row["first_loss"], row["last_loss"]
    return dg.AssetCheckResult(
        passed=last < first,
        description=f"Loss {first:.3f} at the start, {last:.3f} at the end.",
        metadata={"last_loss": last},
    )


@dg.asset_check(asset="student_sft")
def few_traces_are_too_long(
    context: dg.AssetCheckExecutionContext, lake: LakeResource
) -> dg.AssetCheckResult:
    """Nearly all traces fit into what the student may read; the others were left out, and never cut."""
    student = context.run.tags["dagster/partition"]
    row = current_row(lake.open().scan("students"), student)
    dropped = exported(context.instance, student).dropped.get("too_long", 0)
    read, left = (row["n_rows"], row["n_rows_too_long"] + dropped) if row else (0, dropped)
    share = left / (read + left) if row else 1.0
    return dg.AssetCheckResult(
        passed=share <= MAX_TOO_LONG,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{left} of {read + left} traces are longer than max_tokens under [sft] and were not "
        "read; dropped.jsonl of the export and too_long.jsonl in the job's folder name them.",
        metadata={"share_too_long": share},
    )
