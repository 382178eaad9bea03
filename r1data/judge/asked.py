"""What a judge is asked about rollouts: what no rule decides.

It is asked about finished completions only:

- where the rule verdict is unknown, whether the answer is that of the reference (`reference_match`), unless
  that is tests or constraints;
- where the verifier is `judge`, which decides nothing, by the rubrics of the prompt's arguments, else of the
  prompt's domain in the recipe, else `reference_match`;
- where a prompt has no usable reference, by the rubrics of its domain;
- where `math` or `exact` calls an answer different from a reference that is no number, by `reference_match`.
"""

import polars as pl

from r1data.curate.current import current_references, deciding_verdicts
from r1data.errors import ConfigError
from r1data.judge.rubric import Rubric, load_rubric, rubric_version
from r1data.judge.vote import current_judge
from r1data.recipe import Judge
from r1data.verify.math.answers import wanted as stated_reference
from r1data.verify.math.exact import plain
from r1data.verify.math.normalise import thousands, tidy

MATCH = "reference_match"
"""The rubric that asks whether an answer is that of the reference."""
READ_AS_TEXT = ("math", "exact")
"""Verifiers whose `different` a judge is asked about, where the reference is no number."""
NOT_ANSWERS = ("code", "instruction")
"""Verifiers whose reference is tests or constraints, which no answer can be the same as."""
ARGS = pl.Struct({"rubrics": pl.List(pl.String), "criteria": pl.List(pl.String)})
"""Arguments of the verifier `judge`."""


def asked(
    rollouts: pl.LazyFrame,
    *,
    prompts: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    verdicts: pl.LazyFrame,
    settings: Judge | None,
) -> pl.LazyFrame:
    """All that a judge is asked of some rollouts under the current rubrics and references.

    A prompt one of whose rubrics needs a reference that it lacks is not asked about at all, because all of
    its rubrics must be met.

    Args:
        rollouts: schema ROLLOUTS; the texts are not read.
        prompts, prompt_references, verdicts: whole ledgers.
        settings: the recipe's section; without it nothing is asked.

    Returns:
        night, rollout_id, prompt_id, domain, judge_id, asked_by (the rubric as the recipe or the prompt names
        it), rubric, rubric_version, reference_version, by rubric and rollout. It is worked out here, without
        the texts, because rubrics are files.

    Raises:
        ConfigError: a rubric cannot be used; names it.
    """
    if settings is None:
        return pl.LazyFrame(schema=_ASKED)
    known = _known(rollouts, prompts, prompt_references, verdicts, settings)
    named = known.with_columns(names=_rubrics(settings)).filter(pl.col("names").list.len() > 0)
    columns = ("night", "rollout_id", "prompt_id", "domain", "usable", "reference_version")
    rows = named.select(*columns, asked_by="names").explode("asked_by").collect()
    if rows.is_empty():
        return pl.LazyFrame(schema=_ASKED)  # without a look for the model
    rubrics = {str(name): _pointwise(str(name)) for name in rows["asked_by"].unique()}
    facts = pl.DataFrame(
        [
            (name, one.name, rubric_version(one, settings), one.needs_reference)
            for name, one in rubrics.items()
        ],
        {"asked_by": pl.String, "rubric": pl.String, "rubric_version": pl.String, "needs": pl.Boolean},
        orient="row",
    )
    lacking = (pl.col("needs") & ~pl.col("usable")).any().over("rollout_id")
    return (
        rows.lazy()
        .join(facts.lazy(), on="asked_by")
        .filter(~lacking)
        .with_columns(judge_id=pl.lit(current_judge(settings)))
        .unique(["rollout_id", "rubric", "rubric_version"], keep="first", maintain_order=True)
        .select(list(_ASKED))
        .sort("asked_by", "rollout_id")
    )


def is_number(reference: str) -> bool:
    """Whether a reference is a plain number, also as LaTeX, in a box or after GSM8K's `####`."""
    return plain(thousands(tidy(stated_reference(reference) or ""))) is not None


_ASKED = pl.Schema(
    dict.fromkeys(
        ("night", "rollout_id", "prompt_id", "domain", "judge_id", "asked_by", "rubric", "rubric_version",
         "reference_version"),
        pl.String(),
    )
)  # fmt: skip


def _known(
    rollouts: pl.LazyFrame,
    prompts: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    verdicts: pl.LazyFrame,
    settings: Judge,
) -> pl.LazyFrame:
    """The finished rollouts with what says whether and by which rubrics they are judged."""
    finished = rollouts.filter(
        pl.col("finish_reason").eq("stop")
        & (pl.col("reasoning_kind").fill_null("full").eq("full") | pl.col("answer_start").is_not_null())
    )
    ruled = deciding_verdicts(finished, verdicts, prompt_references)
    domains = pl.LazyFrame(
        {"domain": list(settings.rubrics), "by_domain": [list(names) for names in settings.rubrics.values()]},
        {"domain": pl.String, "by_domain": pl.List(pl.String)},
    )
    return (
        finished.select("night", "rollout_id", "prompt_id")
        .join(prompts.select("prompt_id", "domain"), on="prompt_id", how="left")
        .join(_references(prompt_references), on="prompt_id", how="left")
        .join(ruled.select("rollout_id", "verifier", "verdict", "reason"), on="rollout_id", how="left")
        .join(domains, on="domain", how="left")
        .with_columns(pl.col("usable").fill_null(False), pl.col("reference_version").fill_null(""))
    )


def _references(prompt_references: pl.LazyFrame) -> pl.LazyFrame:
    """prompt_id, reference_version, usable, reference, own (the rubrics that the prompt names)."""
    usable = pl.col("quality").is_null() & (pl.col("reference").fill_null("").str.strip_chars() != "")
    args = pl.when(pl.col("verifier") == "judge").then("verifier_args").str.json_decode(ARGS)
    return current_references(prompt_references).select(
        "prompt_id", "reference_version", "reference", usable=usable, own=args.struct.field("rubrics")
    )


def _rubrics(settings: Judge) -> pl.Expr:
    """Names of the rubrics by which a rollout is judged; null where the judge is not asked."""
    match = pl.when(pl.col("usable") & ~pl.col("verifier").is_in(NOT_ANSWERS)).then(pl.lit([MATCH]))
    own = pl.when(pl.col("own").list.len() > 0).then("own")
    unknown = pl.col("verdict").fill_null("unknown") == "unknown"
    reason = pl.col("reason").fill_null("")
    differs = (
        pl.col("usable")
        & pl.col("verifier").is_in(READ_AS_TEXT)
        & (pl.col("verdict") == "wrong")
        & (reason == "different")
    )
    number = pl.when(differs).then("reference").map_elements(is_number, return_dtype=pl.Boolean)
    return (
        pl.when(unknown & (reason == "truncated"))
        .then(None)
        .when(unknown & (reason == "no_rule"))
        .then(pl.coalesce(own, "by_domain", match))
        .when(unknown & ~pl.col("usable"))
        .then("by_domain")
        .when(unknown & (reason != ""))
        .then(match)
        .when(differs & ~number & settings.judge_wrong)
        .then(match)
    )


def _pointwise(name: str) -> Rubric:
    rubric = load_rubric(name)
    if rubric.compares:
        raise ConfigError(f"Rubric {name} compares two answers, so it judges no rollout. Name another one.")
    return rubric
