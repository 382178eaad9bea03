"""Turns of a chat that were thumbed: what is stored of them, and that no corpus and no plan knows them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from r1data import ids, paths
from r1data.curate.chat import Asked, asked, thumbed
from r1data.curate.measure import measure_contamination
from r1data.curate.stale import stale
from r1data.errors import InputError
from r1data.generate.engine import Completion
from r1data.generate.planning.tonight import plan_tonight
from r1data.generate.teachers import model_of
from r1data.lake import Lake, query
from r1data.recipe import Contamination, Teacher, Unsolved, load_recipe, load_teacher
from r1data.verify.stored import judge_night

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
NIGHT = "2026-01-05"
TEXT = "<think>\nI add.\n</think>\n\nIt is 4."
MINE = ("traces", "trace_texts", "outcomes", "current_verdicts", "current_reviews", "current_references")
"""Views of everything that is stored."""


def turn(text: str = "What is 2 + 2?", teacher: Teacher | None = None) -> Asked:
    named = teacher or Teacher(name="m", model="api:m")
    return asked(({"role": "user", "content": text},), named, model_of(named), 100)


def thumb(lake: Lake, of: Asked, way: str, text: str = TEXT, seen: str | None = None, **more: Any) -> str:
    made = Completion(of.request.rollout_id, text, "stop", 7, 9, 1.5)
    given = {"reviewer": "ada", "engine": "chat here", "seen": seen, "now": NOW} | more
    return thumbed(lake, of, made, way, **given)


def views(lake: Lake) -> dict[str, pl.DataFrame]:
    names = sorted(file.stem for file in (paths.PROJECT / "sql" / "views").glob("*.sql"))
    with query.connect(lake) as connection:
        rows = {name: query.ask(connection, f"from {name}") for name in names if name not in MINE}
    return {name: frame.sort(pl.all().map_elements(str, pl.String)) for name, frame in rows.items()}


def test_a_thumb_stores_prompt_teacher_rollout_and_review_and_a_second_one_replaces_it(
    home_lake: Lake, r1data: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    one = turn()
    first = thumb(home_lake, one, "up")
    second = thumb(home_lake, one, "down", seen=first)
    assert thumb(home_lake, one, "down", seen=second) == second
    rollouts = home_lake.scan("rollouts").collect()
    assert rollouts.height == 1 and rollouts["index"][0] >= ids.CHAT_INDEX
    row = rollouts.row(0, named=True)
    assert (row["night"], row["unconditional"], row["engine"]) == (NIGHT, False, "chat here")
    assert (row["completion"], row["completion_tokens"], row["seed"]) == (
        TEXT,
        9,
        ids.seed(row["rollout_id"]),
    )
    prompt = home_lake.scan("prompts").collect().row(0, named=True)
    assert (prompt["source"], prompt["domain"], prompt["language"]) == ("chat", "general", "en")
    reviews = home_lake.scan("reviews").sort("reviewed_at").collect()
    assert reviews.select("verdict", "reviewer").rows() == [("approve", "ada"), ("reject", "ada")]
    assert r1data("why", row["rollout_id"]) == 0
    told = capsys.readouterr().out
    assert "What is 2 + 2?" in told and "review by ada" in told and "reject" in told


def test_what_cannot_be_thumbed_stores_nothing(home_lake: Lake) -> None:
    with pytest.raises(InputError, match="Fill in your name"):
        thumb(home_lake, turn(), "up", reviewer=" ")
    with pytest.raises(InputError, match="has no answer"):
        thumb(home_lake, turn(), "up", "<think>\nI never end")
    tables = ("prompts", "teachers", "rollouts", "reviews")
    assert [home_lake.version(table) for table in tables] == [None] * 4
    thumb(home_lake, turn(), "down", "<think>\nI never end")
    assert home_lake.scan("reviews").collect()["verdict"].to_list() == ["reject"]


def test_the_same_message_asked_again_is_another_attempt() -> None:
    one, other = turn(), turn()
    assert one.request.prompt_id == other.request.prompt_id and one.teacher_id == other.teacher_id
    assert one.request.rollout_id != other.request.rollout_id and one.request.seed != other.request.seed


def test_no_view_plan_or_count_knows_a_chat_that_asked_what_a_night_asks(finished_lake: Lake) -> None:
    recipe = load_recipe()
    recipe = recipe.model_copy(
        update={"generate": recipe.generate.model_copy(update={"unsolved": Unsolved(prompts_per_night=50)})}
    )
    teacher = load_teacher(recipe.generate.teacher)
    teacher_id = finished_lake.scan("teachers").collect()["teacher_id"][0]
    # Of a prompt that no attempt solved, so that a right answer in a chat would have its say.
    known = query.fetch(
        finished_lake,
        "select prompt_id, messages, reference, night from recipe_prompts join pass_rates using (prompt_id)"
        " where coalesce(pass_rate, 0) = 0 and verifier in ('math', 'exact') order by prompt_id limit 1",
    ).row(0, named=True)
    before, planned = (
        views(finished_lake),
        plan_tonight(finished_lake.scan, recipe, NIGHT, teacher_id).collect(),
    )
    waiting = stale(finished_lake, recipe)
    assert known["prompt_id"] in planned["prompt_id"].to_list()

    one = asked(tuple(known["messages"]), teacher, model_of(teacher), 100)
    assert (one.request.prompt_id, one.teacher_id) == (known["prompt_id"], teacher_id)
    right = f"<think>\nI know.\n</think>\n\nThe answer is \\boxed{{{known['reference']}}}."
    thumb(finished_lake, one, "up", right, now=datetime(2026, 1, 4, tzinfo=UTC))
    judged = pl.concat(list(judge_night(finished_lake, "2026-01-04", recipe)))
    assert "right" in judged.filter(rollout_id=one.request.rollout_id)["verdict"].to_list()

    after = views(finished_lake)
    assert [name for name in before if not before[name].equals(after[name])] == []
    assert planned.equals(plan_tonight(finished_lake.scan, recipe, NIGHT, teacher_id).collect())
    assert waiting.equals(stale(finished_lake, recipe))


def test_a_benchmark_item_that_is_asked_in_a_chat_is_marked(home_lake: Lake) -> None:
    text = "A farmer has 17 sheep and buys 25 more at the market. How many sheep does he have then?"
    one = turn(text)
    item = {"night": NIGHT, "benchmark": "b", "item_id": one.request.prompt_id, "reference": "42"}
    item |= {"verifier": "math", "verifier_args": "{}", "domain": "math", "messages": list(one.messages)}
    schema = home_lake.scan("benchmarks").collect_schema()
    row = {name: item.get(name) for name in schema}
    home_lake.append("benchmarks", pl.DataFrame([row], schema=schema, orient="row"))
    thumb(home_lake, one, "up")
    measure_contamination(home_lake, NIGHT, Contamination())
    marked = home_lake.scan("contamination").filter(subject="prompt", contaminated=True).collect()
    assert marked["subject_id"].to_list() == [one.request.prompt_id]
