"""Everything that Dagster loads: `workspace.yaml` and `pyproject.toml` name this module."""

import dagster as dg

from assets import (
    checks,
    cold_start,
    curation,
    evaluation,
    jobs,
    judge,
    judge_checks,
    prompts,
    rejection,
    rollouts,
    sensors,
    tokens,
    training,
    training_checks,
    training_data,
)
from assets.resources import LakeResource, RecipeResource

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [
            *(prompts, cold_start, rollouts, rejection, judge, curation, tokens),
            *(training_data, training, evaluation),
        ]
    ),
    asset_checks=dg.load_asset_checks_from_modules([checks, judge_checks, training_checks]),
    jobs=jobs.JOBS,
    schedules=jobs.SCHEDULES,
    sensors=sensors.SENSORS,
    resources={"lake": LakeResource(), "recipe": RecipeResource()},
    executor=dg.in_process_executor,
)
