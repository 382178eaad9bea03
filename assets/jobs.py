"""Jobs and schedules: what is run together, and when."""

import dagster as dg

from r1data.recipe.training import JOBS_OF

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

EVALUATION = ("evaluations", "model_card")

train = dg.define_asset_job(
    JOBS_OF["sft"],
    selection=["sft_data", "student_sft", *EVALUATION],
    description="One student by fine-tuning: its traces, its training, its evaluation.",
    executor_def=dg.in_process_executor,
)

train_grpo = dg.define_asset_job(
    JOBS_OF["grpo"],
    selection=["grpo_data", "student_grpo", *EVALUATION],
    description="One student by reinforcement learning: its prompts, its training, its evaluation.",
    executor_def=dg.in_process_executor,
)

train_reward_model = dg.define_asset_job(
    JOBS_OF["reward_model"],
    selection=["preference_data", "reward_model", "model_card"],
    description="One reward model: its pairs, its training, its card.",
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

JOBS = [night, cold_start, train, train_grpo, train_reward_model, reverify, calibrate]
SCHEDULES = [nightly]
