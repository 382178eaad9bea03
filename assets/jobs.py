"""Jobs and schedules: what is run together, and when."""

import dagster as dg

night = dg.define_asset_job(
    "night",
    selection=dg.AssetSelection.groups("prompts", "rollouts", "rejection", "curation"),
    description="One night, from prompts to corpus.",
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
    description="A night's verdicts and corpus under the current verifiers; nothing is generated.",
    executor_def=dg.in_process_executor,
)

nightly = dg.build_schedule_from_partitioned_job(
    night,
    name="nightly",
    hour_of_day=2,
    description="At 02:00 UTC, the day that ended.",
)

JOBS = [night, train, reverify]
SCHEDULES = [nightly]
