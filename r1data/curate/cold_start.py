"""Cold start: right and readable thoughts, refined by a model, judged again, approved by people.

A refinement is a rollout like any other. The request to refine is its prompt, named by its messages and
stored in table `prompts` under the source REFINEMENT, with the reference of the question that it is about; so
verdicts, language and readability of refinements are made and kept as those of every rollout. No intake holds
such a prompt, so no night plans it.

What a refinement is not checked for: whether the rewritten steps still follow from one another. People are.
"""

from typing import Any

import polars as pl

from r1data import ids
from r1data.curate.corpus import texts
from r1data.curate.current import (
    current_contamination,
    current_references,
    latest_reviews,
    own_prompts,
    own_references,
)
from r1data.curate.select import facts, rules
from r1data.errors import InputError
from r1data.recipe import ColdStart, Recipe
from r1data.schema import TABLES
from r1data.text import prompt_text
from r1data.verify.stored import Store

REFINEMENT = "cold_start:refine"
"""Source of the prompts that ask for a refinement; no recipe can name a source so."""


def chosen(intake: pl.LazyFrame, asked: pl.LazyFrame, *, night: str, n: int) -> pl.LazyFrame:
    """The rows of a night's intake that cold start asks: kept ones, by id.

    Those that this night asked before stay, so that nothing that was reviewed is lost; those that another
    night asks are left to it.

    Args:
        intake: of one recipe and night.
        asked: schema COLD_START_ROLLOUTS, of the recipe, all nights.
        night: YYYY-MM-DD.
        n: rows at most.
    """
    before = asked.filter(night=night).select("prompt_id", before=pl.lit(True)).unique()
    elsewhere = asked.filter(pl.col("night") != night)
    left = intake.filter("kept").join(elsewhere, on="prompt_id", how="anti")
    known = left.join(before, on="prompt_id", how="left")
    return known.sort(pl.col("before").is_null(), "prompt_id").head(n).drop("before")


def mark_rollouts(store: Store, planned: pl.DataFrame, skipped: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """Mark planned rollouts kept or not, by verdict, language, readability and contamination, with all
    reasons.

    Of equal texts at one prompt the first is kept: they would be the same request to refine.

    Args:
        store: where rollouts and the facts about them are.
        planned: table `plan`, of the cold-start teacher.
        skipped: table `skipped`, what of it was not made.
        recipe: thresholds.

    Returns:
        Schema COLD_START_ROLLOUTS, by prompt and index.
    """
    prompts = own_prompts(store.scan("prompts"), store.scan("intake"), recipe.name)
    known = _known(store, planned, skipped, prompts, recipe)
    reasons = pl.concat_list(_skip_reason(), *_if_made(rules(recipe))).list.drop_nulls()
    marked = known.with_columns(reasons=reasons).sort("prompt_id", "index")
    good = pl.col("reasons").list.len() == 0
    again = good & (pl.int_range(pl.len()).over("prompt_id", "reasoning", "answer", good) > 0)
    return _marked(marked, again, "selection:same_text", "cold_start_rollouts")


def requests(store: Store, kept: pl.DataFrame, settings: ColdStart, *, recipe: str) -> pl.DataFrame:
    """The requests to refine some rollouts.

    Args:
        store: where rollouts and prompts are.
        kept: schema COLD_START_ROLLOUTS, kept rows.
        settings: what the refiner is told.
        recipe: name of the recipe.

    Returns:
        Schema PROMPTS plus original_id and original_prompt_id, one row per rollout, by its id.
    """
    rows = (
        texts(store.scan("rollouts").join(kept.lazy().select("rollout_id"), on="rollout_id", how="semi"))
        .join(kept.lazy().select("night", "rollout_id", "prompt_id"), on="rollout_id")
        .join(own_prompts(store.scan("prompts"), store.scan("intake"), recipe).drop("night"), on="prompt_id")
        .sort("rollout_id")
        .collect()
    )
    schema = TABLES["prompts"].schema | {"original_id": pl.String, "original_prompt_id": pl.String}
    asked = [_request(row, settings) for row in rows.iter_rows(named=True)]
    return pl.DataFrame(asked, schema=schema, orient="row").unique("prompt_id", maintain_order=True)


def references_of(store: Store, asked: pl.DataFrame, *, recipe: str) -> pl.DataFrame:
    """The references of the questions that count for a recipe, as those of the requests to refine; schema
    PROMPT_REFERENCES.
    """
    pairs = asked.lazy().select("night", "original_prompt_id", own="prompt_id")
    found = current_references(own_references(store.scan("prompt_references"), recipe)).drop("night")
    joined = found.join(pairs, left_on="prompt_id", right_on="original_prompt_id")
    named = joined.with_columns(prompt_id="own")
    return named.select(TABLES["prompt_references"].schema.names()).collect()


def mark_refined(
    store: Store, planned: pl.DataFrame, skipped: pl.DataFrame, asked: pl.DataFrame, recipe: Recipe
) -> pl.DataFrame:
    """Mark refinements kept or not; of those of one rollout the first good one is kept.

    A refinement whose verdict is wrong has changed the answer, since what it refines was right.

    Args:
        store: where rollouts and the facts about them are.
        planned: table `plan`, of the refiner.
        skipped: table `skipped`, what of it was not made.
        asked: as `requests` gives them.
        recipe: thresholds and pattern.

    Returns:
        Schema COLD_START_REFINED, by request and index.
    """
    pattern = recipe.cold_start.pattern if recipe.cold_start else ("<think>", "</think>")
    known = _known(store, planned, skipped, asked.lazy(), recipe).join(
        asked.lazy().select("prompt_id", "original_id", "original_prompt_id"), on="prompt_id"
    )
    both = pl.concat_str("reasoning", "answer", separator="\n", ignore_nulls=True)
    held = pl.any_horizontal(both.str.contains(mark, literal=True) for mark in pattern)
    marks = pl.when(held).then(pl.lit("pattern:marks_in_text"))
    reasons = pl.concat_list(_skip_reason(), *_if_made([*rules(recipe), marks])).list.drop_nulls()
    wrong = (pl.col("verdict") == "wrong") & (pl.col("reason") != "no_answer")
    verdict = pl.element().str.starts_with("verification:")
    renamed = pl.when(verdict).then(pl.lit("verification:answer_changed")).otherwise(pl.element())
    named = pl.when(wrong).then(reasons.list.eval(renamed))
    marked = known.with_columns(reasons=named.otherwise(reasons)).sort("prompt_id", "index")
    good = pl.col("reasons").list.len() == 0
    later = good & (pl.int_range(pl.len()).over("prompt_id", good) > 0)
    return _marked(marked, later, "selection:later_attempt", "cold_start_refined")


def cold_start(
    store: Store, refined: pl.LazyFrame, intake: pl.LazyFrame, settings: ColdStart, *, recipe: str
) -> pl.DataFrame:
    """The rows that may be taught: approved by a person, or passed by the rules where no approval is needed.

    A review decides over the rules, both ways; an edit approves the edited text. What was approved stays,
    also when another refiner is asked by now.

    Args:
        store: where rollouts, prompts, teachers and reviews are.
        refined, intake: schemas COLD_START_REFINED and INTAKE, of one night of the recipe.
        settings: pattern, and whether approval is needed.
        recipe: name of the recipe.

    Returns:
        Schema COLD_START, by rollout.

    Raises:
        InputError: an approved text holds a mark of the pattern; names its rollout.
    """
    reviews = latest_reviews(store.scan("reviews")).select(
        "rollout_id", "review_id", "reviewer", "verdict", edited="reasoning", edited_summary="answer"
    )
    approved = reviews.filter(pl.col("verdict").is_in(["approve", "edit"]))
    by_rule = refined.filter(pl.col("kept") & (not settings.needs_approval))
    wanted = pl.concat(
        [
            _refinements(store, approved, intake),
            by_rule.join(reviews, on="rollout_id", how="anti").select(
                "recipe", "night", "rollout_id", "teacher_id", "original_id", "original_prompt_id"
            ),
        ]
    )
    rows = wanted.join(approved, on="rollout_id", how="left")
    asked = store.scan("rollouts").select(original_id="rollout_id", asked_id="teacher_id")
    teachers = store.scan("teachers").select("teacher_id", "terms")
    opening, closing = settings.pattern
    found = (
        rows.join(texts(store.scan("rollouts")), on="rollout_id")
        .join(asked, on="original_id")
        .join(teachers.rename({"terms": "refiner_terms"}), on="teacher_id", how="left")
        .rename({"teacher_id": "refiner_id", "asked_id": "teacher_id", "original_prompt_id": "prompt_id"})
        .join(teachers, on="teacher_id", how="left")
        .join(own_prompts(store.scan("prompts"), store.scan("intake"), recipe).drop("night"), on="prompt_id")
        .with_columns(
            terms=pl.concat_list("terms", "refiner_terms").list.drop_nulls().list.unique(maintain_order=True),
            completion_tokens=pl.when(pl.col("edited").is_null()).then("completion_tokens"),
            reasoning=pl.coalesce("edited", "reasoning"),
            summary=pl.coalesce("edited_summary", "answer"),
        )
        .with_columns(
            terms=pl.when(pl.col("terms").list.len() > 0).then(pl.col("terms").list.join("; ")),
            text=pl.concat_str(pl.lit(opening), "reasoning", pl.lit(closing), "summary", separator="\n"),
        )
        .select(TABLES["cold_start"].schema.names())
        .sort("rollout_id")
        .collect()
    )
    _check_marks(found, settings.pattern)
    return found


def _check_marks(rows: pl.DataFrame, pattern: tuple[str, str]) -> None:
    both = pl.concat_str("reasoning", "summary", separator="\n")
    marked = rows.filter(pl.any_horizontal(both.str.contains(mark, literal=True) for mark in pattern))
    if marked.height:
        raise InputError(
            f"The approved text of rollout {marked['rollout_id'][0]} holds {' or '.join(pattern)}, "
            "which mark the thought. Review it again as edit, without them, or as reject."
        )


def _refinements(store: Store, reviewed: pl.LazyFrame, intake: pl.LazyFrame) -> pl.LazyFrame:
    """recipe, night, rollout_id, teacher_id, original_id, original_prompt_id of reviewed refinements whose
    question is in an intake.
    """
    rollouts = store.scan("rollouts").select("night", "rollout_id", "prompt_id", "teacher_id")
    requests = store.scan("prompts").filter(source=REFINEMENT).select("prompt_id", original_id="origin")
    originals = rollouts.select(original_id="rollout_id", original_prompt_id="prompt_id")
    asked = intake.select("recipe", "night", original_prompt_id="prompt_id").unique()
    return (
        rollouts.join(reviewed, on="rollout_id", how="semi")
        .join(requests, on="prompt_id")
        .join(originals, on="original_id")
        .join(asked, on=["night", "original_prompt_id"])
        .select("recipe", "night", "rollout_id", "teacher_id", "original_id", "original_prompt_id")
    )


def _known(
    store: Store, planned: pl.DataFrame, skipped: pl.DataFrame, prompts: pl.LazyFrame, recipe: Recipe
) -> pl.LazyFrame:
    """Planned rows with texts, facts, and why they were skipped; null where nothing was made."""
    plan = planned.lazy().select(
        "recipe", "night", "rollout_id", "prompt_id", "teacher_id", "index", "max_tokens"
    )
    rollouts = store.scan("rollouts").join(plan, on="rollout_id", how="semi")
    known = facts(
        rollouts,
        prompts,
        own_references(store.scan("prompt_references"), recipe.name),
        store.scan("verdicts"),
        store.scan("language"),
        store.scan("readability"),
        current_contamination(store.scan("contamination"), store.scan("benchmarks"), recipe.contamination),
    ).drop("night", "prompt_id", "teacher_id", "completion_tokens")
    written = texts(rollouts).drop("completion_tokens")
    return (
        plan.join(known.with_columns(made=True), on="rollout_id", how="left")
        .join(written, on="rollout_id", how="left")
        .join(skipped.lazy().select("rollout_id", skipped="reason"), on="rollout_id", how="left")
    )


def _skip_reason() -> pl.Expr:
    return pl.when(pl.col("made").is_null()).then(
        pl.format("skipped:{}", pl.col("skipped").fill_null("not_made"))
    )


def _if_made(reasons: list[pl.Expr]) -> list[pl.Expr]:
    return [pl.when(pl.col("made")).then(reason) for reason in reasons]


def _marked(rows: pl.LazyFrame, late: pl.Expr, reason: str, table: str) -> pl.DataFrame:
    """The rows of a table, with one more reason where `late` holds."""
    with_late = pl.when(late).then(pl.concat_list(pl.lit(reason))).otherwise("reasons")
    first = pl.col("reasons").list.first().str.split(":").list.first()
    return (
        rows.with_columns(reasons=with_late)
        .with_columns(kept=pl.col("reasons").list.len() == 0, stage=first)
        .select(TABLES[table].schema.names())
        .collect()
    )


def _request(row: dict[str, Any], settings: ColdStart) -> dict[str, Any]:
    parts = (
        settings.instruction,
        f"Language: {row['language'] or 'en'}",
        f"Question:\n{prompt_text(row['messages'])}",
        f"Thoughts:\n{row['reasoning']}",
        f"Answer:\n{row['answer']}",
    )
    messages = [{"role": "user", "content": "\n\n".join(parts)}]
    return {name: row[name] for name in ("night", "domain", "family", "language", "licence")} | {
        "prompt_id": ids.prompt_id(messages),
        "messages": messages,
        "source": REFINEMENT,
        "origin": row["rollout_id"],
        "original_id": row["rollout_id"],
        "original_prompt_id": row["prompt_id"],
    }
