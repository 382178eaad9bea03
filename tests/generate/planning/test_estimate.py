"""Estimates of a planned night, from what the lake remembers."""

from datetime import UTC, datetime

import polars as pl
import pytest

from r1data import ids
from r1data.generate.planning.estimate import estimate
from r1data.generate.planning.expect import LEAST_ROLLOUTS, expect
from r1data.generate.planning.plan import plan
from r1data.generate.planning.tonight import DryRun
from r1data.generate.render import render
from r1data.recipe import Budget, FewShot, Generate, Prices, Recipe, Teacher, load_teacher
from r1data.schema import TABLES

BEFORE, TONIGHT = "2026-01-01", "2026-01-02"
RECIPE = Recipe.model_validate(
    {"name": "r", "start": "2026-01-01", "prompts": [{"name": "s", "source": "templates"}]}
)


def table(name, rows):
    return pl.LazyFrame(rows, schema=TABLES[name].schema)


def prompts(*rows):
    """Rows of (prompt, domain, family); every text has 400 characters."""
    return table(
        "prompts",
        [
            {
                "night": BEFORE, "prompt_id": p, "domain": domain, "family": family, "source": "s",
                "messages": [{"role": "user", "content": "x" * 400}],
            }
            for p, domain, family in rows
        ],
    )  # fmt: skip


def rollout(prompt, index, tokens, night=BEFORE, teacher="t", **more):
    return {
        "night": night, "rollout_id": ids.rollout_id(prompt, teacher, index), "prompt_id": prompt,
        "teacher_id": teacher, "index": index, "finish_reason": "stop", "max_tokens": 100,
        "prompt_tokens": 20, "cached_tokens": 5, "completion_tokens": tokens, "elapsed_s": 2.0,
        "engine": "fake 1", **more,
    }  # fmt: skip


def many(prompt, tokens, **more):
    return [rollout(prompt, i, tokens, **more) for i in range(LEAST_ROLLOUTS)]


def planned(known, *, asked, rollouts=(), runs=(), n=1, **settings):
    """The estimate of a night that asks some of the known prompts."""
    chosen = {"engine": "fake", "rollouts_per_prompt": n, "max_tokens": 100, **settings}
    recipe = RECIPE.model_copy(update={"generate": Generate(**chosen)})
    intake = table(
        "intake",
        [{"recipe": "r", "night": TONIGHT, "prompt_id": p, "n_copies": 1, "kept": True} for p in asked],
    )
    tables = {
        "prompts": known,
        "rollouts": table("rollouts", list(rollouts)),
        "engine_runs": table("engine_runs", list(runs)),
    }
    rows = plan(
        intake, tables["rollouts"], night=TONIGHT, recipe="r", teacher_id="t", n=n,
        max_tokens=recipe.generate.max_tokens, retry_max_tokens=recipe.generate.retry_max_tokens,
    )  # fmt: skip
    return estimate(DryRun(recipe, TONIGHT, tables.__getitem__, "t", rows.collect()))


def total(found):
    row = found.rows.row(-1, named=True)
    assert row["reason"] == "total"
    return row


KNOWN = prompts(
    ("old", "math", "sum"), ("new", "math", "sum"), ("far", "math", "product"), ("logic", "logic", "x")
)


@pytest.mark.parametrize(
    ("asked", "rollouts", "tokens", "rests_on"),
    [
        ("new", many("old", 40) + many("far", 80), 40, "family"),
        ("new", many("far", 80), 80, "domain"),
        ("logic", many("far", 80), 80, "teacher"),
        ("new", many("old", 30, teacher="other"), 30, "other teachers"),
        ("new", many("old", 30)[1:], 50, "cap"),
        ("new", many("old", 30, finish_reason="error"), 50, "cap"),
        ("new", many("old", 900), 100, "family"),
    ],
)
def test_completion_tokens_rest_on_the_nearest_rollouts(asked, rollouts, tokens, rests_on):
    row = total(planned(KNOWN, asked=[asked], rollouts=rollouts, n=2))
    assert (row["completion_tokens"], row["completion_tokens_at_most"]) == (2 * tokens, 200)
    assert row["rests_on"] == rests_on


def test_prompt_tokens_are_the_teachers_own_or_follow_from_the_text_and_the_few_shots():
    assert total(planned(KNOWN, asked=["new"], rollouts=many("old", 40)))["prompt_tokens"] == 20
    shown = prompts(("new", "math", "add1"))
    others = total(planned(shown, asked=["new"], rollouts=many("new", 40, teacher="other")))
    messages = render(load_teacher("smollm2"), shown.collect()["messages"][0].to_list(), "add1")
    chars = sum(len(message["content"]) for message in messages)
    assert others["prompt_tokens"] == pytest.approx(chars / 4, rel=0.15), "few-shots included"
    assert chars > 500


def test_what_is_stored_is_not_made_again_and_the_rows_add_up():
    tonight = [rollout("new", 0, 40, night=TONIGHT)]
    found = planned(KNOWN, asked=["new", "logic"], rollouts=many("old", 40) + tonight, n=2)
    row = total(found)
    assert (row["n_prompts"], row["n_attempts"], row["n_stored"], row["n_to_make"]) == (2, 4, 1, 3)
    parts = found.rows.head(-1)
    assert parts.select("reason", "domain").rows() == [("new", "logic"), ("new", "math")]
    for name in ("n_attempts", "n_stored", "n_to_make", "n_expected", "prompt_tokens", "completion_tokens"):
        assert parts[name].sum() == row[name]


def test_a_retry_counts_by_the_share_of_truncated_rollouts():
    half = [
        rollout("old", i, 100 if i % 2 else 40, finish_reason="length" if i % 2 else "stop")
        for i in range(LEAST_ROLLOUTS)
    ]
    found = planned(KNOWN, asked=["new"], rollouts=half, n=4, retry_max_tokens=300)
    retry = found.rows.filter(reason="retry").row(0, named=True)
    assert (retry["n_to_make"], retry["n_expected"]) == (4, 2)
    assert retry["completion_tokens"] == 2 * (100 + 300) / 2 and retry["rests_on"] == "cap"
    assert retry["completion_tokens_at_most"] == 4 * 300

    done = [
        rollout("new", 0, 40, night=TONIGHT),
        rollout("new", 1, 100, night=TONIGHT, finish_reason="length"),
    ]
    found = planned(KNOWN, asked=["new"], rollouts=half + done, n=2, retry_max_tokens=300)
    retry = found.rows.filter(reason="retry").row(0, named=True)
    assert (retry["n_to_make"], retry["n_expected"]) == (1, 1), "one ended by itself, the other did not"

    late = [rollout("old", ids.RETRY_INDEX + i, 250) for i in range(LEAST_ROLLOUTS)]
    found = planned(KNOWN, asked=["new"], rollouts=half + late, n=4, retry_max_tokens=300)
    retry = found.rows.filter(reason="retry").row(0, named=True)
    assert (retry["completion_tokens"], retry["rests_on"]) == (2 * 250, "retries")
    assert total(found)["rests_on"] == "family, retries"


def run(tokens, seconds, engine="fake 1", teacher="t", name="1"):
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "night": BEFORE, "run": name, "teacher_id": teacher, "recipe": "r", "engine": engine,
        "began_at": began, "elapsed_s": seconds, "completion_tokens": tokens,
    }  # fmt: skip


def test_time_rests_on_runs_of_the_engine_and_else_on_rollouts_and_else_is_unknown():
    def seconds(rollouts, *runs):
        found = planned(KNOWN, asked=["new"], rollouts=rollouts, runs=runs, n=10)
        return total(found)["time_s"], found.speed.rests_on

    made, other = many("old", 40), run(500, 10.0, teacher="other")
    assert seconds(made, run(1000, 10.0), other) == (pytest.approx(4.0), "runs")
    assert seconds(made, other) == (pytest.approx(8.0), "other teachers' runs")
    assert seconds(made, run(1000, 10.0, engine="faker 1")) == (pytest.approx(400 / (20 * 10)), "rollouts")
    assert seconds([{**row, "elapsed_s": 0.0} for row in made]) == (None, "")
    assert seconds([]) == (None, "")


def test_money_follows_from_tokens_and_time_and_is_unknown_without_prices():
    prices = Prices(
        usd_per_million_prompt_tokens=1e6,
        usd_per_million_cached_tokens=0,
        usd_per_million_completion_tokens=1e6,
    )
    made, runs = many("old", 40), [run(1000, 10.0)]
    assert total(planned(KNOWN, asked=["new"], rollouts=made))["cost_usd"] is None
    row = total(planned(KNOWN, asked=["new"], rollouts=made, prices=prices))
    assert (row["cost_usd"], row["cost_usd_at_most"]) == (pytest.approx(15 + 40), pytest.approx(20 + 100))
    hourly = Prices(usd_per_hour=3600)
    assert total(planned(KNOWN, asked=["new"], rollouts=made, prices=hourly, runs=runs))["cost_usd"] == 0.4
    still = [{**row, "elapsed_s": 0.0} for row in made]
    assert total(planned(KNOWN, asked=["new"], rollouts=still, prices=hourly))["cost_usd"] is None


def test_the_budget_says_what_it_would_cut_off():
    budget = Budget(attempts=5, tokens=200, usd=1, attempts_per_prompt=2, tokens_per_prompt=130, wall_s=1)
    tonight = [rollout("new", 0, 40, night=TONIGHT, cost_usd=0.25)]
    found = planned(
        KNOWN, asked=["new", "far"], rollouts=many("old", 40) + tonight, n=3, budget=budget,
        runs=[run(1000, 10.0)],
    )  # fmt: skip
    limits = {row["limit"]: row for row in found.limits.to_dicts()}
    assert limits["attempts"] == {"limit": "attempts", "allowed": 5, "used": 1, "expected": 5, "cut": 1}
    assert (limits["tokens"]["used"], limits["tokens"]["expected"], limits["tokens"]["cut"]) == (60, 300, 160)
    assert limits["attempts_per_prompt"]["cut"] == 2
    assert limits["tokens_per_prompt"]["cut"] == 50 + 50
    assert limits["usd"]["expected"] is None and limits["usd"]["cut"] is None, "no prices"
    assert limits["wall_s"]["expected"] == pytest.approx(2.0)
    assert planned(KNOWN, asked=["new"]).limits.is_empty()


def test_a_night_without_prompts_is_estimated_as_nothing():
    row = total(planned(KNOWN, asked=[]))
    assert (row["n_attempts"], row["completion_tokens"], row["cost_usd"], row["rests_on"]) == (0, 0, None, "")


def test_prompts_that_are_asked_directly_are_shown_few_shots_without_their_thoughts():
    shot = FewShot(prompt="p" * 40, reasoning="r" * 400, answer="a" * 40)
    asks = Teacher(name="t", model="fake:t", few_shots=(shot,), direct_families=("simple",))
    known = prompts(("hi", "general", "simple"), ("poem", "general", "general"))
    rows = table(
        "plan", [{"prompt_id": p, "rollout_id": p, "reason": "new", "max_tokens": 9} for p in ("hi", "poem")]
    )
    stored = table("rollouts", [])
    found = expect(rows, stored, known, teacher=asks, teacher_id="t", max_tokens=9).collect()
    tokens = dict(found.select("prompt_id", "prompt_tokens").iter_rows())
    assert tokens == {"hi": (400 + 80) / 4, "poem": (400 + 480) / 4}
