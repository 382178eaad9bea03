"""Checks of a student's training: it ran, and it read most of its traces."""

import dagster as dg

from assets.resources import LakeResource
from assets.training_data import DATA, exported
from r1data.evaluate.leak import leaked
from r1data.recipe import load_student
from r1data.train.alarms import falls
from r1data.train.student import current_row, current_student

MAX_TOO_LONG = 0.05
"""Largest share of traces that may be longer than the student reads before somebody is told."""

FEW_STEPS = 20
"""Steps below which a tenth of them is one batch or none, whose loss says nothing of what was learnt."""


@dg.asset_check(asset="student_sft", blocking=True)
def loss_fell(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """The loss at the end of training is below that at its start."""
    return _loss_fell(context, lake)


@dg.asset_check(asset="reward_model", blocking=True)
def pair_loss_fell(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """The loss on pairs is at the end of training below that at its start."""
    return _loss_fell(context, lake)


@dg.asset_check(asset="student_grpo", blocking=True)
def reward_did_not_fall(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """The reward at the end of training is not below its best by more than chance and half of an alarm."""
    student = load_student(context.run.tags["dagster/partition"])
    trained = current_student(lake.open().scan("students"), student.name)
    first, last = trained.row["first_reward"], trained.row["last_reward"]
    if first is None:
        return dg.AssetCheckResult(passed=False, description="No step had a reward: no verdict was known.")
    points = [point for point in trained.curve if "reward" in point]
    return dg.AssetCheckResult(
        passed=not falls(points, student.grpo.alarms),
        description=f"Mean reward {first:.3f} at the start, {last:.3f} at the end.",
        metadata={"last_reward": last},
    )


def _loss_fell(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    row = current_row(lake.open().scan("students"), context.run.tags["dagster/partition"])
    if row is None:
        return dg.AssetCheckResult(
            passed=False, description="The student is not on record. Materialise its training."
        )
    first, last = row["first_loss"], row["last_loss"]
    few = row["steps"] < FEW_STEPS
    return dg.AssetCheckResult(
        passed=last < first or few,
        description=f"Loss {first:.3f} at the start, {last:.3f} at the end"
        + (f"; {row['steps']} steps are too few to tell." if few else "."),
        metadata={"last_loss": last},
    )


@dg.asset_check(asset="student_sft")
def few_traces_are_too_long(
    context: dg.AssetCheckExecutionContext, lake: LakeResource
) -> dg.AssetCheckResult:
    """Nearly all traces fit into what the student may read; the others were left out, and never cut."""
    student = context.run.tags["dagster/partition"]
    row = current_row(lake.open().scan("students"), student)
    dropped = exported(context.instance, student, "sft").dropped.get("too_long", 0)
    read, left = (row["n_rows"], row["n_rows_too_long"] + dropped) if row else (0, dropped)
    share = left / (read + left) if row else 1.0
    return dg.AssetCheckResult(
        passed=share <= MAX_TOO_LONG,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{left} of {read + left} traces are longer than max_tokens under [sft] and were not "
        "read; dropped.jsonl of the export and too_long.jsonl in the job's folder name them.",
        metadata={"share_too_long": share},
    )


def _no_leak(trainer: str) -> dg.AssetChecksDefinition:
    asset = DATA[trainer]

    @dg.asset_check(asset=asset, name=f"no_row_of_{asset}_asks_a_benchmark_item", blocking=True)
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        """No row that the student reads is of a prompt in any benchmark."""
        export = exported(context.instance, context.run.tags["dagster/partition"], trainer)
        found = list(leaked(lake.open().scan("benchmarks").collect(), export))
        return dg.AssetCheckResult(
            passed=not found,
            description=f"{len(found)} of {export.n_rows} rows ask a benchmark item.",
        )

    return check


no_trace_leaks = _no_leak("sft")
no_prompt_leaks = _no_leak("grpo")
no_pair_leaks = _no_leak("reward_model")
