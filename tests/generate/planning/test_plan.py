import polars as pl
import pytest
from pydantic import ValidationError

from r1data import ids
from r1data.errors import SchemaError
from r1data.generate.attempts import attempts
from r1data.generate.models import resolve
from r1data.generate.planning.plan import missing, plan
from r1data.generate.teachers import teacher_row, with_template
from r1data.recipe import FewShot, Generate, Sampling, Teacher, load_teacher
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


def planned(prompts, stored, n=2, **more):
    return plan(prompts, stored, night=TONIGHT, recipe="r", teacher_id="t", n=n, max_tokens=9, **more)


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


def test_every_attempt_has_a_retry_with_more_room_behind_the_first_attempts():
    out = planned(intake("a"), rollouts(), retry_max_tokens=30).collect()
    assert out.schema == TABLES["plan"].schema
    late = ids.RETRY_INDEX
    assert out.select("index", "reason", "max_tokens").rows() == [
        (0, "new", 9),
        (1, "new", 9),
        (late, "retry", 30),
        (late + 1, "retry", 30),
    ]
    first, _, retry, _ = out.iter_rows(named=True)
    assert retry["retry_of"] == first["rollout_id"] and first["retry_of"] is None
    assert retry["rollout_id"] == ids.rollout_id("a", "t", late)


def test_a_retry_of_tonight_stays_in_the_plan_and_is_never_retried():
    first = planned(intake("a"), rollouts(), retry_max_tokens=30)
    done = rollouts(*((TONIGHT, "a", "t", i) for i in (0, 1, ids.RETRY_INDEX)))
    assert planned(intake("a"), done, retry_max_tokens=30).collect().equals(first.collect())


def test_what_other_nights_stored_truncated_is_retried_unless_it_had_the_room_or_was_retried():
    late = ids.RETRY_INDEX
    stored = [
        ("p", 0, "length", 9, [(late, "retry", 30)]),
        ("q", 0, "length", None, [(late, "retry", 30)]),  # stored before caps were
        ("r", 0, "stop", 9, []),
        ("s", 0, "length", 30, []),
    ]
    rows = pl.concat(
        rollouts((BEFORE, p, "t", i)).with_columns(
            finish_reason=pl.lit(reason), max_tokens=pl.lit(cap, pl.Int32)
        )
        for p, i, reason, cap, _ in stored
    )
    out = planned(intake(*"pqrs"), rows, n=1, retry_max_tokens=30).collect()
    for prompt, *_, wanted in stored:
        assert out.filter(prompt_id=prompt).select("index", "reason", "max_tokens").rows() == wanted
    retried = pl.concat([rows, rollouts((BEFORE, "p", "t", late))])
    left = planned(intake(*"pqrs"), retried, n=1, retry_max_tokens=30).collect()
    assert left["prompt_id"].to_list() == ["q"]
    assert planned(intake("p"), rows, n=1).collect().is_empty(), "no retries without a larger cap"


@pytest.mark.parametrize("retry", [9, 8, 100, 200])
def test_a_retry_without_more_room_is_refused(retry: int):
    with pytest.raises(ValidationError, match=r"more than max_tokens \(9\) and less than context_tokens"):
        Generate(max_tokens=9, context_tokens=100, retry_max_tokens=retry)


def test_attempts_at_unsolved_prompts_are_planned_with_their_reason():
    again = pl.LazyFrame({"prompt_id": ["z"], "index": [7]}, schema_overrides={"index": pl.Int32})
    out = planned(intake("a"), rollouts(), n=1, again=again, retry_max_tokens=30).collect()
    assert out.select("prompt_id", "index", "reason").rows() == [
        ("a", 0, "new"),
        ("a", ids.RETRY_INDEX, "retry"),
        ("z", 7, "unsolved"),
        ("z", ids.RETRY_INDEX + 7, "retry"),
    ]


def test_missing_are_those_that_are_not_stored():
    wanted = planned(intake("a", "b"), rollouts())
    left = missing(wanted, rollouts((TONIGHT, "a", "t", 1))).collect()
    assert set(left.select("prompt_id", "index").rows()) == {("a", 0), ("b", 0), ("b", 1)}


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


@pytest.mark.parametrize("thinking", [None, True])
def test_a_family_that_is_asked_directly_gets_neither_prefill_nor_thinking(thinking):
    asks = TEACHER.model_copy(update={"direct_families": ("f",), "thinking": thinking})
    first, _ = attempts(planned(intake("a"), rollouts()), prompts("a"), asks)
    assert (first.request.prefill, first.request.thinking) == (None, False)
    assert [m["content"] for m in first.request.messages] == ["p", "a", "a"]
    others = asks.model_copy(update={"direct_families": ("g",)})
    first, _ = attempts(planned(intake("a"), rollouts()), prompts("a"), others)
    assert (first.request.prefill, first.request.thinking) == ("<think>", thinking)


def test_a_teacher_that_asks_no_family_directly_keeps_its_id():
    known = {
        "smollm2": "f1e2b4ae571a82f3b12fdf6a9dbbee11",
        "smollm2-cold-start": "932694e456b38ffb6bd586c5dab1ac27",
    }
    found = {n: ids.teacher_id(load_teacher(n).identity(revision="r", chat_template="t")) for n in known}
    assert found == known
    direct = TEACHER.model_copy(update={"direct_families": ("simple",)})
    bare = TEACHER.model_copy(update={"few_shots": (FewShot(prompt="p", answer="a"),)})
    model = resolve("fake:t")
    assert len({teacher_row(t, model, TONIGHT)["teacher_id"].item() for t in (TEACHER, direct, bare)}) == 3


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
