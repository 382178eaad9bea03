"""Jobs and schedules: what is run together, and when."""

import dagster as dg

night = dg.define_asset_job(
    "night",
    selection=dg.AssetSelection.groups("prompts", "rollouts", "rejection", "curation"),
    description="One night, from prompts to corpus.",
    executor_def=dg.in_process_executor,
)

cold_start = dg.define_asset_job(
    "cold_start_night",  # a job may not have the name of an asset
    selection=dg.AssetSelection.groups("prompts", "cold_start"),
    description="A night's long thoughts for cold start, refined; after a review, the approved ones.",
    executor_def=dg.in_process_executor,
)

train = dg.define_asset_job(
    "train",
    selection=dg.AssetSelection.groups("training", "evaluation"),
    description="One student: its rows, its training, its evaluation.",
    executor_def=dg.in_process_executor,
)

reverify = dg.define_asset_job(
    "reverify",
    selection=dg.AssetSelection.groups("rejection", "curation"),
    description="A night's verdicts and corpus under the current verifiers and judge; no rollout is made.",
    executor_def=dg.in_process_executor,
)

calibrate = dg.define_asset_job(
    "calibrate",
    selection=["judge_calibration"],
    description="How far the recipe's judge may be believed; what was asked before is not asked again.",
    executor_def=dg.in_process_executor,
)

nightly = dg.build_schedule_from_partitioned_job(
    night,
    name="nightly",
    hour_of_day=2,
    description="At 02:00 UTC, the day that ended.",
)

JOBS = [night, cold_start, train, reverify, calibrate]
SCHEDULES = [nightly]
