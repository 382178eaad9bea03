"""What the views say of a small night."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import duckdb
import polars as pl
import pytest

from r1data.prompts.quotas import beside_r1
from r1data.text import split

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"


def column(connection: Connection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query).fetchall()]


def test_the_newest_verifier_on_the_newest_reference_decides(night: Connection) -> None:
    verdicts = night.sql("select * from current_verdicts order by rollout_id, verifier").pl()
    assert verdicts.group_by("verifier").len().sort("verifier").rows() == [("format", 5), ("math", 5)]
    deciding = verdicts.filter("deciding")
    assert deciding["verdict"].to_list() == ["right", "right", "wrong", "unknown", "right"]
    assert deciding["verifier_version"].unique().to_list() == ["math-10"]
    assert deciding["reference_version"].unique().to_list() == ["v1"]


def test_traces_have_one_row_per_rollout_with_the_texts_as_the_library_splits_them(night: Connection) -> None:
    traces = night.sql("select * from traces order by rollout_id").pl()
    assert traces["rollout_id"].to_list() == list("abcde")
    for completion, reasoning, answer in traces.select("completion", "reasoning", "answer").iter_rows():
        assert (reasoning, answer) == split(completion)
    first = traces.row(0, named=True)
    assert (first["reward"], first["well_formed"], first["accepted"], first["licence"]) == (
        1.0,
        True,
        True,
        "Apache-2.0",
    )
    assert not traces["contaminated"].any()


def test_an_open_thought_runs_to_the_end_and_has_no_answer(night: Connection) -> None:
    night.execute("update rollouts set thought_end = null, answer_start = null where rollout_id = 'd'")
    reasoning, answer = night.execute(
        "select reasoning, answer from traces where rollout_id = 'd'"
    ).fetchall()[0]
    assert reasoning.endswith("4")
    assert answer is None


def test_a_rollout_of_several_recipes_shows_the_one_that_accepted_it(night: Connection) -> None:
    night.execute(
        "insert into selected by name select * replace ('a' as recipe, false as accepted) from selected"
    )
    assert column(night, "select recipe from traces where rollout_id = 'a'") == ["r"]
    assert column(night, "select count(*) from traces") == [5]


def test_contamination_of_the_prompt_marks_its_traces(night: Connection) -> None:
    night.execute("update contamination set contaminated = true, benchmark = 'aime' where subject_id = 'q'")
    assert column(night, "select rollout_id from traces where contaminated order by all") == ["d", "e"]
    assert column(night, "select distinct benchmark from traces where contaminated") == ["aime"]


def test_pass_rates_leave_undecided_rollouts_aside(night: Connection) -> None:
    rates = night.sql("select * from pass_rates order by prompt_id").pl()
    assert rates["k"].to_list() == [3, 2]
    wanted = rates.select("prompt_id", "n_rollouts", "n_decided", "n_right", pl.col("pass_rate").round(3))
    assert wanted.rows() == [("p", 3, 3, 2, 0.667), ("q", 2, 1, 1, 1.0)]


def test_the_funnel_adds_up(night: Connection) -> None:
    funnel = night.sql("select * from funnel").pl()
    assert funnel["stage"].to_list() == [
        "generation",
        "verification",
        "format",
        "language",
        "readability",
        "contamination",
        "duplicates",
        "selection",
    ]
    assert funnel["entered"].to_list() == [5, 4, 3, 3, 3, 3, 3, 2]
    assert funnel["dropped"].to_list() == [1, 1, 0, 0, 0, 0, 1, 0]
    assert funnel["remaining"].to_list() == [4, 3, 3, 3, 3, 3, 2, 2]
    assert funnel["main_reason"].drop_nulls().to_list() == ["length", "different", "near_duplicate"]
    assert funnel["remaining"][-1] == column(night, "select count(*) from selected where accepted")[0]


def test_every_stage_of_a_selection_is_in_the_funnel(night: Connection) -> None:
    fallen = set(column(night, "select distinct stage from selected where not accepted"))
    assert fallen <= set(column(night, "select stage from funnel where dropped > 0"))


def test_prompts_for_reinforcement_are_neither_hopeless_nor_solved(night: Connection) -> None:
    assert column(night, "select prompt_id from rl_prompts") == ["p"]


def test_preference_pairs_prefer_the_accepted_trace_to_a_wrong_one(night: Connection) -> None:
    pairs = night.execute("select prompt_id, chosen_id, rejected_id from preference_pairs").fetchall()
    assert pairs == [("p", "a", "c")]


def test_a_mix_of_one_per_prompt_takes_the_shortest(
    night: Connection, ask: Callable[[Connection, str], pl.DataFrame]
) -> None:
    longer = "select * replace ('z' as rollout_id, 99 as completion_tokens) from corpus"
    night.execute(f"insert into corpus by name {longer}")
    assert ask(night, "mixes/one_per_prompt.sql")["rollout_id"].to_list() == ["a", "e"]
    assert ask(night, "mixes/shortest_correct.sql").height == 4


def test_the_window_of_reinforcement_is_that_of_the_recipe(night: Connection) -> None:
    assert column(night, "select pass_rate > 0.6 from rl_prompts") == [True]
    night.execute("insert into thresholds values ('r', '2026-01-02', 'difficulty.max_pass_rate', 0.5)")
    assert column(night, "select prompt_id from rl_prompts") == []
    night.execute("insert into thresholds values ('r', '2026-01-02', 'difficulty.min_pass_rate', 0.7)")
    assert column(night, "select prompt_id from hard_prompts") == ["p"]
    night.execute("update prompt_references set quality = 'proof'")
    assert column(night, "select prompt_id from hard_prompts") == []


def test_the_spread_over_domains_is_what_the_library_tells(
    night: Connection, ask: Callable[[Connection, str], pl.DataFrame]
) -> None:
    night.execute("update prompts set domain = 'code' where prompt_id = 'q'")
    told = ask(night, "questions/prompts_by_domain.sql")
    kept = pl.DataFrame({"night": ["2026-01-01"] * 2, "prompt_id": ["p", "q"], "domain": ["math", "code"]})
    ours = beside_r1(kept, "2026-01-01").filter(pl.col("all_nights") > 0).sort("domain")
    assert told.rows() == ours.rows() and told["r1_share"].sum() == pytest.approx(51 / 166)


def test_a_curriculum_goes_from_easy_to_hard_by_pass_rate_else_by_hints(night: Connection) -> None:
    for name, level in (("x", 1), ("y", 2), ("z", 3)):
        night.execute(
            f"insert into intake by name select * replace ('{name}' as prompt_id) from intake limit 1"
        )
        values = f"'{name}' as prompt_id, {level} as level, 'files' as source"
        night.execute(f"insert into prompts by name select * replace ({values}) from prompts limit 1")
        reference = f"select * replace ('{name}' as prompt_id) from prompt_references limit 1"
        night.execute(f"insert into prompt_references by name {reference}")
    found = night.execute("select rank, prompt_id, difficulty, told_by, n_words from curriculum").fetchall()
    assert [row[1] for row in found] == ["q", "x", "p", "y", "z"]
    assert {row[1]: row[3] for row in found} == dict.fromkeys("pq", "pass_rate") | dict.fromkeys(
        "xyz", "hints"
    )
    assert {row[1]: round(row[2], 2) for row in found} == {"q": 0, "x": 0, "p": 0.33, "y": 0.5, "z": 1}
    assert {row[4] for row in found} == {2}


def test_the_three_levels_of_the_filter(night: Connection) -> None:
    night.execute("update prompts set licence = null, domain = 'general' where prompt_id = 'q'")
    basic = "select prompt_id, passed, reason from filter_basic order by all"
    assert night.execute(basic).fetchall() == [("p", True, None), ("q", False, "no_licence")]
    assert night.execute("select prompt_id, domain, passed from filter_domain").fetchall() == [
        ("p", "math", True)
    ]
    night.execute("insert into thresholds values ('r', '2026-01-02', 'basic.min_prompt_chars', 50)")
    assert column(night, "select reason from filter_basic") == ["too_short", "too_short"]
    night.execute("update prompt_references set quality = 'empty'")
    assert column(night, "select reason from filter_basic") == ["broken", "broken"]
    negatives = "select prompt_id, rollout_id, extracted, reference, n_same, rank from filter_adversarial"
    assert night.execute(negatives).fetchall() == [("p", "c", "5", "4", 1, 1)]
    night.execute("update selected set reasons = ['readability:repetition'] where rollout_id = 'c'")
    assert night.execute(negatives).fetchall() == []


def test_what_the_recipes_latest_night_says_of_a_prompt_reaches_every_view(night: Connection) -> None:
    def told(view: str) -> list[Any]:
        return night.execute(f"select distinct domain, source from {view} where prompt_id = 'p'").fetchall()

    views = ("recipe_prompts", "traces", "filter_domain")
    assert [told(view) for view in views] == [[("math", "templates")]] * 3
    later = "'2026-01-02' as night, 'stem' as domain, 'files' as source, null as licence"
    night.execute(f"insert into intake by name select * replace ({later}) from intake where prompt_id = 'p'")
    assert column(night, "select reason from filter_basic where prompt_id = 'p'") == ["no_licence"]
    assert column(night, "select licence from recipe_prompts where prompt_id = 'p'") == [None]
    night.execute("update intake set licence = 'MIT' where night = '2026-01-02'")
    assert [told(view) for view in views] == [[("stem", "files")]] * 3
    assert column(night, "select distinct licence from traces where prompt_id = 'p'") == ["MIT"]


def test_each_recipe_goes_by_the_reference_that_it_named_itself(night: Connection) -> None:
    others = "'other' as recipe, 'exact' as verifier, '2026-01-02' as night, null as quality"
    night.execute(f"insert into prompt_references by name select * replace ({others}) from prompt_references")
    night.execute("insert into intake by name select * replace ('other' as recipe) from intake")
    told = "select distinct recipe, verifier from recipe_prompts order by all"
    assert night.execute(told).fetchall() == [("other", "exact"), ("r", "math")]
    night.execute("update prompt_references set quality = 'proof' where recipe = 'other'")
    assert column(night, "select distinct recipe from recipe_prompts") == ["r"]
    assert column(night, "select distinct recipe from filter_basic where broken") == ["other"]
    assert column(night, "select distinct verifier from current_references") == ["exact"]


def test_preferences_are_those_of_the_newest_reward_model_alone(
    night: Connection, ask: Callable[[Connection, str], pl.DataFrame]
) -> None:
    def read(model: str, rollouts: str, of_night: str) -> None:
        for rollout in rollouts:
            night.execute(
                "insert into verdicts by name select $night as night, $rollout as rollout_id, 0.9 as reward, "
                "$model as verifier_version, 'reward_model' as verifier",
                {"night": of_night, "rollout": rollout, "model": model},
            )

    def current() -> list[Any]:
        found = night.execute("select student, revision, rollout_id from current_preferences order by all")
        return found.fetchall()

    read("z elsewhere", "ae", "2026-01-01")
    read("elsewhere", "a", "2026-01-02")
    assert current() == [(None, "elsewhere", "a")]
    for model, rollouts, day in (("older", "ae", 1), ("newer", "e", 2), ("unused", "", 3)):
        read(model, rollouts, "2026-01-01")
        night.execute(
            "insert into students by name select 's' as student, $model as revision, $at as trained_at",
            {"model": model, "at": datetime(2026, 1, day, tzinfo=UTC)},
        )
    assert current() == [("s", "newer", "e")]
    assert ask(night, "mixes/preferred.sql")["rollout_id"].to_list() == ["e"]
