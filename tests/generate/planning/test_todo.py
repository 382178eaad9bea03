import polars as pl

from r1data.generate.planning.todo import settled, skipped, standings, todo, wanted
from r1data.generate.queue import Standing
from r1data.recipe import Adaptive
from r1data.schema import TABLES

RULE = Adaptive(enough=2, first=1, futile_after=3)


def plan(*rows):
    """Rows of (rollout, prompt, index, retry_of)."""
    named = [
        {"recipe": "r", "night": "2026-01-01", "rollout_id": r, "prompt_id": p, "index": i, "retry_of": of}
        for r, p, i, of in rows
    ]
    return pl.LazyFrame(named, schema=TABLES["plan"].schema)


def rollouts(*rows):
    """Rows of (rollout, prompt, finish_reason)."""
    named = [{"rollout_id": r, "prompt_id": p, "finish_reason": f} for r, p, f in rows]
    return pl.LazyFrame(named, schema=TABLES["rollouts"].schema)


PLAN = plan(("a", "p", 0, None), ("b", "p", 1, None), ("ra", "p", 2, "a"), ("rb", "p", 3, "b"))


def test_a_retry_is_to_do_unless_what_it_repeats_is_stored_and_whole():
    assert todo(PLAN, rollouts()).collect()["rollout_id"].to_list() == ["a", "b", "ra", "rb"]
    stored = rollouts(("a", "p", "length"), ("b", "p", "stop"))
    rows = todo(PLAN, stored).collect()
    assert rows.select("rollout_id", "parent_finish").rows() == [("ra", "length")]


def test_standings_count_judged_and_right_rollouts_of_each_prompt():
    stored = rollouts(("a", "p", "stop"), ("b", "p", "stop"), ("c", "q", "stop"))
    found = standings(stored, pl.LazyFrame({"rollout_id": ["b"]}))
    assert found == {"p": Standing(2, 1), "q": Standing(1, 0)}


def test_a_prompt_is_settled_by_enough_right_or_many_wrong_attempts():
    found = {"a": Standing(2, 2), "b": Standing(3, 0), "c": Standing(3, 1), "d": Standing(2, 0)}
    assert settled(found, RULE) == {"a": "solved", "b": "futile"}


def test_settled_prompts_keep_their_first_attempts_and_all_go_in_waves():
    rows = plan(("a0", "a", 0, None), ("a1", "a", 1, None), ("b0", "b", 0, None), ("b1", "b", 1, None))
    assert wanted(rows, {"a": "solved"}, RULE).collect()["rollout_id"].to_list() == ["a0", "b0", "b1"]


def test_what_was_left_out_has_a_reason_and_what_is_missing_has_none():
    rows = plan(
        *PLAN.select("rollout_id", "prompt_id", "index", "retry_of").collect().rows(), ("c", "q", 0, None)
    )
    stored = rollouts(("a", "p", "stop"))

    def reasons(prompts, ended):
        out = skipped(rows, stored, prompts, ended)
        assert out.schema == TABLES["skipped"].schema
        return dict(out.select("rollout_id", "reason").rows())

    assert reasons({}, None) == {"ra": "not_truncated"}
    assert reasons({"p": "solved"}, None) == {"ra": "not_truncated", "b": "solved", "rb": "solved"}
    ended = reasons({}, "budget_usd")
    assert ended == {"ra": "not_truncated"} | dict.fromkeys(("b", "rb", "c"), "budget_usd")
