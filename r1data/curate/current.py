"""Current facts: of what several versions of references and verifiers said, what counts."""

import polars as pl

from r1data import ids
from r1data.curate.decontaminate import version as comparison
from r1data.recipe import Contamination
from r1data.schema.prompts import ATTRIBUTES


def own_prompts(prompts: pl.LazyFrame, intake: pl.LazyFrame, recipe: str) -> pl.LazyFrame:
    """Prompts with what the sources of a recipe said of them last; schema PROMPTS, one row per prompt.

    A prompt that the recipe was not given, such as a request to refine, stays as its first source gave it. So
    does one of a night before intake held these columns, which are null there, the domain too. Text and
    language stay: a prompt is its text, and its traces were measured by the language.

    Args:
        prompts: schema PROMPTS.
        intake: schema INTAKE, of all recipes and nights.
        recipe: name of the recipe.
    """
    latest = intake.filter(recipe=recipe).sort("night").unique("prompt_id", keep="last")
    said = latest.filter(pl.col("domain").is_not_null()).select("prompt_id", *ATTRIBUTES)
    return prompts.update(said, on="prompt_id", include_nulls=True)


def current_references(prompt_references: pl.LazyFrame) -> pl.LazyFrame:
    """The reference that a source named last: schema PROMPT_REFERENCES, one row per prompt.

    Nights come before times, so that making an old night again does not turn back what a later one corrected.
    """
    newest_last = prompt_references.sort("night", "added_at", "reference_version")
    return newest_last.unique("prompt_id", keep="last", maintain_order=True)


def named_by(prompt_references: pl.LazyFrame, recipe: str) -> pl.LazyFrame:
    """The rows that a recipe's sources named, and those of which it is not known whose they are."""
    return prompt_references.filter(pl.col("recipe").fill_null(recipe) == recipe)


def own_references(prompt_references: pl.LazyFrame, recipe: str) -> pl.LazyFrame:
    """The rows that count for a recipe: its own, and of prompts that it never named those of all recipes.

    So two recipes may judge one prompt by different references or verifiers, each by its own word.
    """
    own = named_by(prompt_references, recipe)
    return pl.concat([own, prompt_references.join(own, on="prompt_id", how="anti")])


def verdicts_of(verdicts: pl.LazyFrame, verifier: str) -> pl.LazyFrame:
    """Verdicts of one verifier that needs no reference, under its current version; schema VERDICTS."""
    return _current(verdicts).filter(verifier=verifier)


def deciding_verdicts(
    rollouts: pl.LazyFrame, verdicts: pl.LazyFrame, prompt_references: pl.LazyFrame
) -> pl.LazyFrame:
    """The verdict that decides each rollout: of its reference's verifier, under the current versions of both.

    Returns:
        Schema VERDICTS plus prompt_id and teacher_id, at most one row per rollout; a rollout without one is
        unverified.
    """
    from r1data.verify import VERIFIERS

    needless = [name for name, one in VERIFIERS.items() if not one.needs_reference]
    version = pl.when(pl.col("verifier").is_in(needless)).then(pl.lit("")).otherwise("reference_version")
    references = current_references(prompt_references).select(
        "prompt_id", "verifier", reference_version=version
    )
    wanted = rollouts.select("rollout_id", "prompt_id", "teacher_id").join(references, on="prompt_id")
    return _current(verdicts).join(wanted, on=["rollout_id", "verifier", "reference_version"])


def current_judgements(
    rollouts: pl.LazyFrame, judgements: pl.LazyFrame, prompt_references: pl.LazyFrame
) -> pl.LazyFrame:
    """What the newest judge says of each rollout, by rubric, on the current reference; schema JUDGEMENTS.

    The same rows as view `current_judgements`: of the judge that was asked last, the newest version of each
    rubric. Whether it has a vote is told by table `selected`.
    """
    references = current_references(prompt_references).select("prompt_id", current="reference_version")
    asked_about = rollouts.select("rollout_id", "prompt_id").join(references, on="prompt_id", how="left")
    columns = judgements.collect_schema().names()
    judge = ["rollout_id", "judge_id"]
    said = (
        judgements.join(asked_about, on="rollout_id")
        .filter((pl.col("reference_version") == "") | (pl.col("reference_version") == pl.col("current")))
        .select(columns)
    )
    newest = (
        said.sort("judged_at", pl.col("judge_id").rank(descending=True))
        .unique("rollout_id", keep="last", maintain_order=True)
        .select(judge)
    )
    by_age = said.join(newest, on=judge, how="semi").sort("judged_at", "rubric_version")
    return by_age.unique(["rollout_id", "rubric"], keep="last", maintain_order=True)


def of_nights(rollouts: pl.LazyFrame) -> pl.LazyFrame:
    """Rollouts without those that a person asked in a chat, which no night waits for."""
    return rollouts.filter(pl.col("index").fill_null(0) < ids.CHAT_INDEX)


def latest_reviews(reviews: pl.LazyFrame) -> pl.LazyFrame:
    """The review of each rollout that counts; schema REVIEWS."""
    return reviews.sort("reviewed_at", "review_id").unique("rollout_id", keep="last", maintain_order=True)


def current_contamination(
    contamination: pl.LazyFrame, benchmarks: pl.LazyFrame, settings: Contamination
) -> pl.LazyFrame:
    """Facts of the current comparison with the benchmarks as they are; schema CONTAMINATION."""
    return contamination.filter(pl.col("version") == comparison(benchmarks, settings))


def _current(verdicts: pl.LazyFrame) -> pl.LazyFrame:
    from r1data.verify import VERIFIERS

    versions = {name: verifier.version for name, verifier in VERIFIERS.items()}
    columns = {"verifier": list(versions), "verifier_version": list(versions.values())}
    return verdicts.join(pl.LazyFrame(columns), on=["verifier", "verifier_version"], how="semi")
