import polars as pl
import pytest

from r1data import ids
from r1data.errors import SchemaError
from r1data.generate.attempts import attempts
from r1data.generate.models import resolve
from r1data.generate.plan import missing, plan
from r1data.generate.teachers import teacher_row, with_template
from r1data.recipe import FewShot, Sampling, Teacher
from r1data.schema import TABLES

TONIGHT, BEFORE = "2026-01-02", "2026-01-01"


def intake(*prompts, kept=True, recipe="r", night=TONIGHT):
    rows = [{"recipe": recipe, "night": night, "prompt_id": p, "n_copies": 1, "kept": kept} for p in prompts]
    return pl.LazyFrame(rows, schema=TABLES["intake"].schema)


def rollouts(*rows):
    """Rows of (night, prompt, teacher, index)."""
    named = [
        {"night": n, "rollout_id": ids.rollout_id(p, t, i), "prompt_id": p, "teacher_id": t, "index": i}
        for n, p, t, i in rows
    ]
    return pl.LazyFrame(named, schema=TABLES["rollouts"].schema)


def planned(prompts, stored, n=2):
    return plan(prompts, stored, night=TONIGHT, recipe="r", teacher_id="t", n=n, max_tokens=9)


def test_every_kept_prompt_of_this_recipe_and_night_is_asked_n_times():
    others = [intake("x", kept=False), intake("y", recipe="other"), intake("z", night=BEFORE)]
    out = planned(pl.concat([intake("b", "a"), *others]), rollouts()).collect()
    assert out.schema == TABLES["plan"].schema
    assert out.select("prompt_id", "index").rows() == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert out["rollout_id"][1] == ids.rollout_id("a", "t", 1)
    assert set(out["reason"]) == {"new"} and set(out["max_tokens"]) == {9}


def test_rollouts_of_other_nights_are_not_wanted_again():
    out = planned(intake("a"), rollouts((BEFORE, "a", "t", 0))).collect()
    assert out.select("index", "reason").rows() == [(1, "more")]


def test_a_prompt_that_only_other_teachers_were_asked_is_marked():
    out = planned(intake("a", "b"), rollouts((BEFORE, "a", "old", 0)), n=1).collect()
    assert out.select("prompt_id", "reason").rows() == [("a", "changed_teacher"), ("b", "new")]


def test_a_finished_night_plans_the_same_rows_and_misses_none():
    done = rollouts(*((TONIGHT, p, "t", i) for p in "ab" for i in range(2)))
    first, again = planned(intake("a", "b"), rollouts()), planned(intake("a", "b"), done)
    assert first.collect().equals(again.collect())
    assert missing(again, done).collect().is_empty()


def test_missing_keeps_the_plans_order():
    wanted = planned(intake("a", "b"), rollouts())
    left = missing(wanted, rollouts((TONIGHT, "a", "t", 1))).collect()
    assert left.select("prompt_id", "index").rows() == [("a", 0), ("b", 0), ("b", 1)]


def prompts(*names):
    rows = [
        {"night": TONIGHT, "prompt_id": p, "messages": [{"role": "user", "content": p}], "family": "f"}
        for p in names
    ]
    return pl.LazyFrame(rows, schema=TABLES["prompts"].schema)


TEACHER = Teacher(
    name="t",
    model="fake:t",
    prefill="<think>",
    sampling=Sampling(temperature=0.5, stops=("END",)),
    few_shots=(FewShot(prompt="p", reasoning="r", answer="a"),),
    terms="CC0-1.0",
)


def test_attempts_carry_what_the_row_and_the_request_need():
    first, _ = attempts(planned(intake("a"), rollouts()), prompts("a"), TEACHER)
    assert (first.night, first.request.prompt_id, first.teacher_id, first.request.index) == (
        TONIGHT,
        "a",
        "t",
        0,
    )
    assert first.request.seed == ids.seed(first.request.rollout_id)
    assert first.request.sampling == TEACHER.sampling and first.request.prefill == "<think>"
    assert [m["content"] for m in first.request.messages] == ["p", "<think>\nr\n</think>\n\na", "a"]


def test_a_planned_prompt_that_is_not_stored_is_an_error():
    with pytest.raises(SchemaError, match="Prompt a is planned but not stored"):
        list(attempts(planned(intake("a"), rollouts()), prompts("b"), TEACHER))


def test_the_teachers_row_is_named_by_its_identity():
    model = resolve("fake:t")
    row = teacher_row(TEACHER, model, TONIGHT)
    assert row.schema == TABLES["teachers"].schema
    same = TEACHER.model_copy(update={"name": "other", "terms": None})
    warmer = TEACHER.model_copy(update={"sampling": Sampling(temperature=0.6)})
    own = TEACHER.model_copy(update={"chat_template": "{{ own }}"})
    assert teacher_row(same, model, TONIGHT)["teacher_id"].item() == row["teacher_id"].item()
    named = {teacher_row(t, model, TONIGHT)["teacher_id"].item() for t in (TEACHER, warmer, own)}
    assert len(named) == 3
    assert with_template(model, own).chat_template == "{{ own }}"
