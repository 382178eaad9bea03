"""Selection: which rollouts of a night become its corpus, and every reason against the others.

It comes last: a trace is eligible when every stage passes it, survivors of duplicates are elected among
eligible traces only, and the best of each prompt are accepted. A fact that is missing rejects, as
`unverified` or `unmeasured`.
"""

import polars as pl

from r1data.curate import language as language_stage
from r1data.curate import readability as readability_stage
from r1data.curate.current import deciding_verdicts, verdicts_of
from r1data.curate.dedup import algorithm
from r1data.curate.final import final_verdicts
from r1data.curate.readability.rules import MEASURES, unreadable
from r1data.curate.survivors import elect
from r1data.recipe import Recipe
from r1data.schema.corpus import SELECTED

# Traces whose tokens nobody counted come after the others, compared by their characters.
_ORDER = {
    "shortest": [pl.col("completion_tokens"), pl.col("uncounted_chars"), pl.col("rollout_id")],
    "longest": [-pl.col("completion_tokens"), -pl.col("uncounted_chars"), pl.col("rollout_id")],
    "random": [pl.col("rollout_id")],  # a hash
}

_MARKED = (
    *("night", "rollout_id", "prompt_id", "teacher_id", "reasons", "completion_tokens", "uncounted_chars"),
    *("verdict", "reward", "decided_by", "review_id", "judge_verdict", "judge_has_vote"),
)
"""What the election and table `selected` need of the facts; the rest is not held."""


def select(
    rollouts: pl.LazyFrame,
    *,
    prompts: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    verdicts: pl.LazyFrame,
    judgements: pl.LazyFrame,
    calibrations: pl.LazyFrame,
    reviews: pl.LazyFrame,
    duplicates: pl.LazyFrame,
    language: pl.LazyFrame,
    readability: pl.LazyFrame,
    contamination: pl.LazyFrame,
    accepted_before: pl.LazyFrame,
    recipe: Recipe,
) -> pl.LazyFrame:
    """Mark every rollout accepted or rejected, with all reasons in the order of the stages.

    Args:
        rollouts: schema ROLLOUTS, those of the night's plan.
        prompts, prompt_references, verdicts, judgements, calibrations, reviews, duplicates, language,
            readability: whole ledgers, all nights; what is not of the current version is left aside.
        contamination: CONTAMINATION under the current version of the comparison and the benchmarks.
        accepted_before: rollout_id and prompt_id of the traces that the recipe accepted on earlier nights.
            They win over their twins, and count among those that their prompt keeps.
        recipe: thresholds, order and how many traces a prompt keeps.

    Returns:
        Schema SELECTED, one row per rollout, by rollout_id. The plan is run here, without the texts, because
        the election is a loop.
    """
    version = algorithm(recipe.duplicates)
    decided = final_verdicts(
        rollouts,
        prompts=prompts,
        prompt_references=prompt_references,
        verdicts=verdicts,
        judgements=judgements,
        calibrations=calibrations,
        reviews=reviews,
        recipe=recipe,
    )
    known = facts(
        rollouts, prompts, prompt_references, verdicts, language, readability, contamination, decided=decided
    ).join(_benchmarks(contamination, "prompt", "prompt_id"), on="prompt_id", how="left")
    known = known.with_columns(
        pl.when(~pl.col("edited").fill_null(False)).then(pl.col(MEASURES)), form=_form_by_domain()
    )
    reasons = pl.concat_list(_reasons(recipe)).list.drop_nulls().list.unique(maintain_order=True)
    marked, pairs, before = pl.collect_all(
        [
            known.with_columns(reasons=reasons).select(*_MARKED),
            duplicates.filter(algorithm=version).select("rollout_id", "twin_id", "jaccard"),
            accepted_before.select("rollout_id", "prompt_id"),
        ]
    )
    elected = _elected(marked, pairs, before, recipe)
    return _finish(marked.lazy().join(elected.lazy(), on="rollout_id", how="left"), recipe)


def _elected(marked: pl.DataFrame, pairs: pl.DataFrame, before: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """rollout_id, rank, twin_id and beyond (what its prompt keeps) of every eligible trace."""
    eligible = marked.filter(pl.col("reasons").list.len() == 0).sort(
        _ORDER[recipe.select.order], nulls_last=True
    )
    places = elect(
        eligible.select("rollout_id", "prompt_id").iter_rows(),
        pairs,
        before.iter_rows(),
        keep_per_prompt=recipe.select.keep_per_prompt,
    )
    return pl.DataFrame(
        [(rollout_id, place.rank, place.twin_id, place.beyond) for rollout_id, place in places.items()],
        schema={"rollout_id": pl.String, "rank": pl.Int64, "twin_id": pl.String, "beyond": pl.Boolean},
        orient="row",
    )


def _form_by_domain() -> pl.Expr:
    """The verdict of the form, which is right where a thought is all that it lacks and none is needed, and
    where a person wrote the text, because the form of edits is judged before they are stored.
    """
    bare = pl.col("form_reason").is_in(["no_thought", "empty_thought"]) & (pl.col("domain") == "general")
    return pl.when(bare | pl.col("edited")).then(pl.lit("right")).otherwise("form")


def facts(
    rollouts: pl.LazyFrame,
    prompts: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    verdicts: pl.LazyFrame,
    language: pl.LazyFrame,
    readability: pl.LazyFrame,
    contamination: pl.LazyFrame,
    *,
    decided: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """One row per rollout with the current facts that `rules` reads; null where one is missing.

    Verdicts are those of `decided`, as `final_verdicts` gives them, or by rule without it.
    """
    if decided is None:
        deciding = deciding_verdicts(rollouts, verdicts, prompt_references)
        decided = deciding.select("rollout_id", "verdict", "reason")
    form = verdicts_of(verdicts, "format").select("rollout_id", form="verdict", form_reason="reason")
    measures = (
        decided,
        form,
        language.filter(version=language_stage.VERSION).select(
            "rollout_id", "n_foreign_chars", has_language=True
        ),
        readability.filter(version=readability_stage.VERSION)
        .drop("night", "version", "evidence")
        .with_columns(has_readability=True),
        _benchmarks(contamination, "trace", "rollout_id"),
    )
    # Read here, by a filter: as a part of the plan, Polars would keep the texts of all rows to scan but once.
    uncounted = rollouts.filter(pl.col("completion_tokens").is_null()).select(
        "rollout_id", uncounted_chars=pl.col("completion").str.len_chars().cast(pl.Int64)
    )
    uncounted = uncounted.collect(engine="streaming").lazy()
    known = rollouts.select(
        "night",
        "rollout_id",
        "prompt_id",
        "teacher_id",
        "finish_reason",
        "reasoning_kind",
        "completion_tokens",
    ).join(uncounted, on="rollout_id", how="left")
    known = known.join(prompts.select("prompt_id", "domain", "licence"), on="prompt_id", how="left")
    for fact in measures:
        known = known.join(fact, on="rollout_id", how="left")
    return known


def _benchmarks(contamination: pl.LazyFrame, subject: str, key: str) -> pl.LazyFrame:
    """`<subject>_benchmark` by subject: the benchmark that leaked, empty when clean."""
    leaked = pl.when("contaminated").then(pl.col("benchmark")).otherwise(pl.lit(""))
    return contamination.filter(subject=subject).select(
        pl.col("subject_id").alias(key), leaked.alias(f"{subject}_benchmark")
    )


def _reasons(recipe: Recipe) -> list[pl.Expr]:
    """`rules`, and those about the prompt."""
    bare = pl.col("licence").is_null() & recipe.licence_required
    return [*rules(recipe), *_contaminated("prompt_benchmark"), _rule("selection:no_licence", bare)]


def _contaminated(benchmark: str) -> list[pl.Expr]:
    leaked = pl.col(benchmark)
    return [
        _rule("contamination:unmeasured", leaked.is_null()),
        pl.when(leaked != "").then(pl.format("contamination:{}", leaked)),
    ]


def rules(recipe: Recipe) -> list[pl.Expr]:
    """`stage:reason` of every rule about a single trace, from generation to contamination; null where it
    passes.
    """
    ended = pl.col("finish_reason").fill_null("unknown")
    return [
        pl.when(ended != "stop").then(pl.format("generation:{}", ended)),
        _rule("generation:summary_reasoning", pl.col("reasoning_kind") == "summary"),
        _rule("generation:hidden_reasoning", pl.col("reasoning_kind") == "hidden"),
        _verdict_reason("verification", pl.col("verdict"), pl.col("reason")),
        _verdict_reason("format", pl.col("form"), pl.col("form_reason")),
        _rule("language:unmeasured", pl.col("has_language").is_null()),
        _rule("language:unknown_script", pl.col("has_language") & pl.col("n_foreign_chars").is_null()),
        _rule("language:mixed_language", pl.col("n_foreign_chars") > recipe.language.max_foreign_chars),
        *unreadable(recipe.readability),
        *_contaminated("trace_benchmark"),
    ]


def _verdict_reason(stage: str, verdict: pl.Expr, reason: pl.Expr) -> pl.Expr:
    failed = pl.when(verdict != "right").then(pl.format(f"{stage}:{{}}", reason))
    return pl.when(verdict.is_null()).then(pl.lit(f"{stage}:unverified")).otherwise(failed)


def _rule(reason: str, fails: pl.Expr) -> pl.Expr:
    return pl.when(fails).then(pl.lit(reason))


def _finish(elected: pl.LazyFrame, recipe: Recipe) -> pl.LazyFrame:
    late = [
        _rule("duplicates:near_duplicate", pl.col("twin_id").is_not_null()),
        _rule("selection:beyond_keep_per_prompt", pl.col("beyond")),
    ]
    reasons = pl.concat_list("reasons", pl.concat_list(late).list.drop_nulls()).list.unique(
        maintain_order=True
    )
    with_reasons = elected.with_columns(recipe=pl.lit(recipe.name), reasons=reasons)
    return (
        with_reasons.with_columns(
            accepted=pl.col("reasons").list.len() == 0,
            stage=pl.col("reasons").list.first().str.split(":").list.first(),
        )
        .select(SELECTED.schema.names())
        .sort("rollout_id")
    )
