"""A lake as it would be after a publication, on a local folder and on S3."""

from datetime import UTC, datetime

import polars as pl
import pytest

from r1data import paths
from r1data.generate.planning.estimate import estimate
from r1data.generate.planning.tonight import dry_run
from r1data.lake import Lake
from r1data.lake.overlay import overlaid
from r1data.recipe import load_recipe
from r1data.schema import TABLES

NIGHT, NEXT = "2026-01-02", "2026-01-03"
PARTITION = {"recipe": "r", "night": NIGHT}
MODELS = paths.models()  # where they are before the fixture `lake` moves DAGSTER_HOME


def prompts(**languages):
    rows = [{"night": NIGHT, "prompt_id": p, "language": language} for p, language in languages.items()]
    return pl.DataFrame(rows, schema=TABLES["prompts"].schema)


def intake(*names, night=NIGHT, recipe="r"):
    rows = [{"recipe": recipe, "night": night, "prompt_id": p, "kept": True} for p in names]
    return pl.DataFrame(rows, schema=TABLES["intake"].schema)


def test_a_ledger_gains_new_keys_and_keeps_what_it_holds(lake: Lake):
    lake.append("prompts", prompts(a="en"))
    over = overlaid(lake.scan, {"prompts": prompts(a="de", b="de")}, PARTITION)
    rows = over("prompts").select("prompt_id", "language").sort("prompt_id").collect()
    assert rows.rows() == [("a", "en"), ("b", "de")]


@pytest.mark.parametrize("fresh", [("b", "c"), ()])
def test_of_a_derived_table_the_partition_is_replaced(fresh: tuple[str, ...], tmp_path):
    lake = Lake(tmp_path)
    for night in (NIGHT, NEXT):
        lake.replace("intake", {"recipe": "r", "night": night}, intake("a", night=night))
    over = overlaid(lake.scan, {"intake": intake(*fresh)}, PARTITION)
    rows = over("intake").select("night", "prompt_id").sort("night", "prompt_id").collect()
    assert rows.rows() == [*((NIGHT, p) for p in fresh), (NEXT, "a")]
    assert over("prompts").collect().is_empty(), "other tables are as they were"


def test_a_night_is_planned_and_estimated_on_any_lake_without_publishing(lake: Lake):
    paths.home().mkdir(exist_ok=True)
    paths.models().symlink_to(MODELS)
    recipe = load_recipe(paths.PROJECT / "tests" / "data" / "fake.toml")
    empty = dry_run(lake.scan, recipe, night=NIGHT, now=datetime(2026, 1, 3, tzinfo=UTC))
    assert empty.plan.height == 72
    rollouts = empty.plan.head(40).with_columns(
        finish_reason=pl.lit("stop"),
        engine=pl.lit("fake 1"),
        prompt_tokens=pl.lit(50, pl.Int64),
        completion_tokens=pl.lit(10, pl.Int64),
        elapsed_s=pl.lit(0.5),
    )
    lacking = {n: d for n, d in TABLES["rollouts"].schema.items() if n not in rollouts.columns}
    whole = rollouts.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in lacking.items())
    lake.append("rollouts", whole.select(TABLES["rollouts"].schema.names()))
    versions = lake.versions(TABLES)
    planned = dry_run(lake.scan, recipe, night=NIGHT, now=datetime(2026, 1, 3, tzinfo=UTC))
    assert planned.plan.equals(empty.plan)
    total = estimate(planned).rows.row(-1, named=True)
    assert (total["n_stored"], total["n_to_make"], total["completion_tokens"]) == (40, 32, 320)
    assert total["time_s"] == pytest.approx(320 / (20 * 10))
    assert lake.versions(TABLES) == versions
