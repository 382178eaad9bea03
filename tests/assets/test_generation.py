"""Whole nights of the scripted engine that stop early, meet a budget, repeat what was cut, or are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from r1data import ids, paths
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.schema import TABLES
from tests.conftest import FAKE

NIGHT = "2026-01-02"
Run = Callable[..., int]


@pytest.fixture
def night(r1data: Run, home_lake: Lake, tmp_path: Path):
    """`night(text)` runs the scripted night twice with text added to [generate]; returns rollouts and
    skipped.
    """

    def go(added: str, sections: str = "", max_tokens: int = 80) -> tuple[pl.DataFrame, pl.DataFrame]:
        recipe = FAKE.read_text(encoding="utf-8").replace(
            "max_tokens = 80", f"max_tokens = {max_tokens}\n{added}"
        )
        path = tmp_path / "edited.toml"
        path.write_text(recipe + sections, encoding="utf-8")
        assert r1data("run", "--night", NIGHT, "--recipe", path) == 0
        versions = home_lake.versions(TABLES)
        assert r1data("run", "--night", NIGHT, "--recipe", path) == 0
        assert home_lake.versions(TABLES) == versions, "a second run changes nothing"
        return home_lake.scan("rollouts").collect(), home_lake.scan("skipped").collect()

    return go


def engine_run(lake: Lake) -> dict[str, object]:
    return lake.scan("engine_runs").collect().row(0, named=True)


def test_an_adaptive_night_stops_at_enough_right_attempts_and_its_verdicts_are_the_ledgers(
    night, home_lake: Lake
):
    rollouts, skipped = night("", "[generate.adaptive]\nenough = 1\nfirst = 2\n")
    assert rollouts.height + skipped.height == 72 and set(skipped["reason"]) == {"solved"}
    by_prompt = rollouts.group_by("prompt_id").agg(pl.col("index").sort())
    assert all(indices == list(range(len(indices))) for indices in by_prompt["index"].to_list())
    right = home_lake.scan("verdicts").filter(verifier="math", verdict="right").collect()
    solved = set(rollouts.join(right, on="rollout_id", how="semi")["prompt_id"])
    assert set(skipped["prompt_id"]) <= solved, "only solved prompts are asked less"
    verdicts = home_lake.scan("verdicts").collect()
    assert verdicts["rollout_id"].n_unique() == rollouts.height
    assert rollouts.filter("unconditional")["index"].max() == 1
    rates = fetch(home_lake, "select n_rollouts from pass_rates")
    assert rates["n_rollouts"].to_list() == [2] * 12


def test_a_budget_ends_the_night_and_says_what_was_left_out(night, home_lake: Lake):
    rollouts, skipped = night("", "[generate.budget]\nattempts = 20\n")
    assert rollouts.height == 20
    assert skipped.group_by("reason").len().rows() == [("budget_attempts", 52)]
    assert engine_run(home_lake)["ended_by"] == "budget_attempts"


def test_what_hit_its_cap_is_made_once_more_with_a_larger_one_and_the_run_is_on_record_with_its_cost(
    night, home_lake: Lake
):
    prices = "[generate.prices]\nusd_per_million_completion_tokens = 2000\nusd_per_hour = 3.6\n"
    rollouts, skipped = night("retry_max_tokens = 60", prices, max_tokens=22)
    first, again = rollouts.filter(pl.col("retry_of").is_null()), rollouts.filter(retry_of=pl.col("retry_of"))
    cut = first.filter(finish_reason="length")
    assert 0 < cut.height < 72 and set(again["retry_of"]) == set(cut["rollout_id"])
    assert set(again["finish_reason"]) == {"stop"} and set(again["max_tokens"]) == {60}
    assert again["index"].min() >= ids.RETRY_INDEX and not again["unconditional"].any()
    assert skipped.height == 72 - cut.height and set(skipped["reason"]) == {"not_truncated"}
    accepted = set(home_lake.scan("corpus").collect()["rollout_id"])
    assert not accepted & set(cut["rollout_id"])

    run = engine_run(home_lake)
    tokens = rollouts["completion_tokens"].sum()
    assert run["completion_tokens"] == run["engine_completion_tokens"] == tokens
    assert rollouts["cost_usd"].sum() == pytest.approx(tokens * 0.002)
    assert run["cost_usd"] == pytest.approx(tokens * 0.002 + run["elapsed_s"] * 0.001)
    assert run["n_rollouts"] == rollouts.height and run["ended_by"] == "done" and 0 < run["busy_share"] <= 1


def test_a_run_that_was_killed_with_9_goes_on_when_it_is_run_again(
    r1data: Run, home: Path, home_lake: Lake, tmp_path: Path
):
    slow = FAKE.read_text(encoding="utf-8").replace("[generate.fake]", "[generate.fake]\ntoken_s = 0.02")
    path = tmp_path / "slow.toml"
    path.write_text(slow, encoding="utf-8")
    command = [sys.executable, "-m", "r1data", "run", "--night", NIGHT, "--recipe", str(path)]
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=paths.PROJECT)
    while not any(journal.stat().st_size > 100 for journal in home.glob("journals/*/*/*.journal")):
        assert first.poll() is None
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert r1data("run", "--night", NIGHT, "--recipe", path) == 0
    assert home_lake.scan("rollouts").collect()["rollout_id"].n_unique() == 72
    assert engine_run(home_lake)["replayed"] > 0, "what was finished was not made again"
