from datetime import date

import polars as pl

from r1data import ids
from r1data.generate.planning.tonight import plan_tonight
from r1data.generate.planning.unsolved import unsolved
from r1data.recipe import Generate, PromptSource, Recipe, Unsolved
from r1data.schema import TABLES

FIRST, TONIGHT, LATER = "2026-01-01", "2026-01-02", "2026-01-03"
NOBODY = pl.LazyFrame(schema={"prompt_id": pl.String})


def intake(*rows):
    """Rows of (night, prompt), kept by recipe r unless a third value says otherwise."""
    named = [
        {"recipe": "r", "night": row[0], "prompt_id": row[1], "n_copies": 1, "kept": row[2:] != (False,)}
        for row in rows
    ]
    return pl.LazyFrame(named, schema=TABLES["intake"].schema)


def rollouts(*rows):
    """Rows of (night, prompt, teacher, indices)."""
    named = [
        {"night": night, "rollout_id": f"{p}{t}{i}", "prompt_id": p, "teacher_id": t, "index": i}
        for night, p, t, indices in rows
        for i in indices
    ]
    return pl.LazyFrame(named, schema=TABLES["rollouts"].schema)


def names(*prompts):
    return pl.LazyFrame({"prompt_id": list(prompts)}, schema={"prompt_id": pl.String})


def again(asked, stored, *, solved=NOBODY, unfit=NOBODY, night=TONIGHT, **settings):
    chosen = Unsolved(**{"prompts_per_night": 9, "attempts": 2, **settings})
    rows = unsolved(
        asked, stored, solved=solved, unfit=unfit, night=night, recipe="r", teacher_id="t", settings=chosen
    )
    assert rows.collect_schema() == {"prompt_id": pl.String, "index": pl.Int32}
    return rows.collect().rows()


def test_a_prompt_of_an_earlier_night_that_nobody_solved_gets_the_next_indices():
    stored = rollouts((FIRST, "a", "t", range(3)), (FIRST, "b", "t", range(3)))
    asked = intake((FIRST, "a"), (FIRST, "b"))
    assert again(asked, stored, solved=names("b")) == [("a", 3), ("a", 4)]


def test_what_was_never_asked_or_not_kept_or_comes_tonight_or_is_unfit_or_of_another_recipe_is_left():
    everybody = "abcdef"
    stored = rollouts(*((FIRST, p, "t", [0]) for p in "abcdf"), (FIRST, "e", "old", [0]))
    other = intake((FIRST, "f")).with_columns(recipe=pl.lit("other"))
    marked = {"b": False}
    own = [(FIRST, p, marked.get(p, True)) for p in everybody if p != "f"]
    asked = pl.concat([intake(*own, (TONIGHT, "c", False)), other])
    assert again(asked, stored, unfit=names("d"), attempts=1) == [("a", 1)]


def test_fewest_attempts_come_first_and_then_the_prompts_name():
    stored = rollouts((FIRST, "a", "t", range(3)), (FIRST, "c", "t", [0]), (FIRST, "b", "t", [0]))
    asked = intake(*((FIRST, p) for p in "abc"))
    assert again(asked, stored, prompts_per_night=2, attempts=1) == [("b", 1), ("c", 1)]


def test_no_prompt_gets_more_attempts_than_allowed_in_all():
    stored = rollouts((FIRST, "a", "t", range(3)), (FIRST, "b", "t", range(4)))
    asked = intake((FIRST, "a"), (FIRST, "b"))
    assert again(asked, stored, max_attempts=4) == [("a", 3)]


def test_retries_are_no_attempts_of_their_own():
    stored = rollouts((FIRST, "a", "t", [0, ids.RETRY_INDEX]))
    assert again(intake((FIRST, "a")), stored, max_attempts=3) == [("a", 1), ("a", 2)]


def test_a_finished_night_asks_the_same_even_if_it_or_a_later_fact_has_solved_the_prompt():
    asked = intake((FIRST, "a"), (FIRST, "b"))
    before = ((FIRST, "a", "t", [0, 1]), (FIRST, "b", "t", [0]))
    first = again(asked, rollouts(*before), prompts_per_night=1)
    assert first == [("b", 1), ("b", 2)]
    begun = rollouts(*before, (TONIGHT, "b", "t", [1]))
    assert again(asked, begun, prompts_per_night=1) == first
    done = rollouts(*before, (TONIGHT, "b", "t", [1, 2]), (LATER, "a", "t", [2, 3]))
    assert again(asked, done, prompts_per_night=1, solved=names("b")) == first


def test_a_night_made_late_takes_no_index_that_a_later_night_has_and_changes_nothing_there():
    asked = intake((FIRST, "a"))
    later = ((FIRST, "a", "t", [0, 1]), (LATER, "a", "t", [2, 3]))
    late = again(asked, rollouts(*later))
    assert late == [("a", 4), ("a", 5)]
    both = rollouts(*later, (TONIGHT, "a", "t", [4, 5]))
    assert again(asked, both) == late
    assert again(asked, both, night=LATER) == [("a", 2), ("a", 3)]


def test_a_prompt_without_a_licence_is_not_asked_again_where_the_recipe_wants_one():
    asked = intake((FIRST, "p"), (FIRST, "q")).with_columns(
        domain=pl.lit("math"), licence=pl.when(pl.col("prompt_id") == "q").then(pl.lit("MIT"))
    )
    held = {
        "intake": asked,
        "rollouts": rollouts((FIRST, "p", "t", [0]), (FIRST, "q", "t", [0])),
        "prompts": names("p", "q").with_columns(
            pl.lit(None, dtype).alias(name)
            for name, dtype in TABLES["prompts"].schema.items()
            if name != "prompt_id"
        ),
    }

    def planned(required):
        recipe = Recipe(
            name="r",
            start=date(2026, 1, 1),
            prompts=[PromptSource(name="s", source="templates")],
            licence_required=required,
            generate=Generate(engine="fake", unsolved={"prompts_per_night": 9}),
        )
        plan = plan_tonight(lambda name: held.get(name, TABLES[name].empty().lazy()), recipe, TONIGHT, "t")
        return set(plan.collect()["prompt_id"])

    assert planned(False) == {"p", "q"}
    assert planned(True) == {"q"}


def test_a_prompt_that_is_left_to_a_judge_is_not_unsolved():
    references = [
        {"night": FIRST, "prompt_id": p, "reference_version": p, "verifier": verifier}
        for p, verifier in (("a", "math"), ("b", "judge"))
    ]
    tables = {
        "intake": intake((FIRST, "a"), (FIRST, "b")),
        "rollouts": rollouts((FIRST, "a", "t", [0]), (FIRST, "b", "t", [0])),
        "prompt_references": pl.LazyFrame(references, schema=TABLES["prompt_references"].schema),
    }
    recipe = Recipe(
        name="r",
        start=date(2026, 1, 1),
        prompts=[PromptSource(name="s", source="templates")],
        generate=Generate(engine="fake", unsolved=Unsolved(prompts_per_night=9, attempts=1)),
    )
    rows = plan_tonight(lambda name: tables.get(name, TABLES[name].empty().lazy()), recipe, TONIGHT, "t")
    assert rows.collect()["prompt_id"].to_list() == ["a"]
