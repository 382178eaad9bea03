"""What Dagster loads: assets in flow order, described, each with a blocking check."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import defs
from r1data import paths
from r1data.schema import TABLES

SPECS = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
UNCHECKED = {"model_card"}  # a text for people; nothing builds on it


def test_dg_accepts_the_definitions(home: Path):
    dg_cli = Path(sys.executable).with_name("dg")
    done = subprocess.run([dg_cli, "check", "defs"], cwd=paths.PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("benchmarks", "prompts"),
        ("prompts", "cold_start_rollouts"),
        ("cold_start_rollouts", "cold_start_refined"),
        ("cold_start_refined", "cold_start"),
        ("prompts", "plan"),
        ("plan", "rollouts"),
        ("rollouts", "verdicts"),
        ("rollouts", "duplicates"),
        ("rollouts", "pii"),
        ("verdicts", "judgements"),
        ("judge_calibration", "judgements"),
        ("judgements", "selected"),
        ("verdicts", "selected"),
        ("contamination", "selected"),
        ("selected", "corpus"),
        ("selected", "token_counts"),
        ("token_counts", "corpus"),
        ("corpus", "sft_data"),
        ("sft_data", "student_sft"),
        ("student_sft", "evaluations"),
        ("grpo_data", "student_grpo"),
        ("student_grpo", "evaluations"),
        ("preference_data", "reward_model"),
        ("evaluations", "model_card"),
    ],
)
def test_a_stage_waits_for_what_it_reads(earlier: str, later: str):
    assert earlier in {dep.asset_key.to_user_string() for dep in SPECS[later].deps}


@pytest.mark.parametrize("name", sorted(SPECS))
def test_an_asset_is_described_grouped_and_has_a_kind(name: str):
    spec = SPECS[name]
    assert spec.description and spec.group_name and spec.kinds
    table = spec.metadata.get("table")
    if table:
        columns = spec.metadata["dagster/column_schema"].columns
        assert [c.name for c in columns] == TABLES[table].schema.names()
        assert all(c.description for c in columns)


@pytest.mark.parametrize("name", sorted(set(SPECS) - UNCHECKED))
def test_an_asset_has_a_blocking_check(name: str):
    checks = [
        spec for spec in defs.resolve_asset_graph().asset_check_keys if spec.asset_key == dg.AssetKey(name)
    ]
    assert checks
    graph = defs.resolve_asset_graph()
    assert any(graph.get(check).blocking for check in checks)


def test_the_schedule_makes_the_day_that_ended_at_two():
    schedule = defs.resolve_schedule_def("nightly")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 2 * * *", "night")


def test_every_job_is_of_nights_or_of_students():
    sizes = {name: defs.resolve_job_def(name).partitions_def for name in ("night", "train", "reverify")}
    assert isinstance(sizes["night"], dg.DailyPartitionsDefinition)
    assert isinstance(sizes["train"], dg.StaticPartitionsDefinition)
    assert isinstance(sizes["reverify"], dg.DailyPartitionsDefinition)
