"""What a planned rollout is expected to use, from rollouts that are stored.

Nothing is known of a rollout before it is made, so every expectation says what it rests on: means over the
same teacher's rollouts of the prompt's `family`, else of its `domain`, else of the `teacher`, else over
`other teachers`, else half the `cap`. Means over fewer than LEAST_ROLLOUTS say too little.
"""

from collections.abc import Sequence

import polars as pl

from r1data import ids
from r1data.recipe import Teacher

LEAST_ROLLOUTS = 8
CHARS_PER_TOKEN = 4
"""Of English text; how long a prompt is when its teacher has no rollouts."""
RAN = ("stop", "length", "repetition", "refusal")
"""Finish reasons of rollouts that say how many tokens the teacher needs."""
LEVELS: dict[str, tuple[str, ...]] = {"family": ("domain", "family"), "domain": ("domain",), "teacher": ()}


def expect(
    planned: pl.LazyFrame,
    rollouts: pl.LazyFrame,
    prompts: pl.LazyFrame,
    *,
    teacher: Teacher,
    teacher_id: str,
    max_tokens: int,
) -> pl.LazyFrame:
    """Say of every row of a plan what it is expected to use.

    Args:
        planned: table `plan` of one night and teacher.
        rollouts: table `rollouts`, all nights.
        prompts: table `prompts`, all nights.
        teacher: its system prompt and few-shots are part of every prompt.
        teacher_id: content address of the teacher.
        max_tokens: cap of an attempt that is no retry.

    Returns:
        The plan's prompt_id, reason and max_tokens; the prompt's source and domain; `stored`; `to_make`
        (whether it may yet be made: a retry is not, once its rollout has ended by itself); `weight` (how
        likely that is, 0 to 1); `prompt_tokens`, `cached_tokens` and `completion_tokens` of the rollout if
        it is made; and `rests_on`.
    """
    known = _told(rollouts, prompts, max_tokens)
    own = known.filter(pl.col("teacher_id") == teacher_id)
    first = pl.col("index") < ids.RETRY_INDEX
    rows = _with_prompts(planned, prompts, teacher)
    for level, keys in LEVELS.items():
        rows = _with_means(rows, own.filter(first), level, keys)
    others = known.filter(first & (pl.col("teacher_id") != teacher_id))
    rows = _with_means(rows, others, "other teachers", ())
    rows = _with_means(rows, own.filter(~first), "retries", ())
    held = rollouts.select("rollout_id", "finish_reason")
    rows = rows.join(held.select("rollout_id", stored=pl.lit(True)), on="rollout_id", how="left")
    repeated = held.select(retry_of="rollout_id", repeats="finish_reason")
    rows = rows.join(repeated, on="retry_of", how="left").with_columns(pl.col("stored").fill_null(False))
    return _settled(rows, max_tokens).select(
        *("prompt_id", "reason", "max_tokens", "source", "domain", "stored", "to_make", "weight"),
        *("prompt_tokens", "cached_tokens", "completion_tokens", "rests_on"),
    )


def _told(rollouts: pl.LazyFrame, prompts: pl.LazyFrame, max_tokens: int) -> pl.LazyFrame:
    """What stored rollouts tell of this recipe's cap: a longer one would have been truncated."""
    cut = (pl.col("finish_reason") == "length") | (pl.col("completion_tokens") >= max_tokens)
    first = pl.col("index") < ids.RETRY_INDEX
    under = pl.when(first).then(pl.col("completion_tokens").clip(upper_bound=max_tokens))
    return (
        rollouts.filter(pl.col("finish_reason").is_in(RAN))
        .join(prompts.select("prompt_id", "domain", "family"), on="prompt_id", how="left")
        .select(
            "teacher_id", "index", "domain", "family", "prompt_tokens", "cached_tokens",
            completion_tokens=under.otherwise("completion_tokens"), truncated=cut,
        )
    )  # fmt: skip


def _with_means(rows: pl.LazyFrame, told: pl.LazyFrame, level: str, keys: Sequence[str]) -> pl.LazyFrame:
    """Join the means of one level, as `<level>/<name>`; null where it has too few rollouts."""
    means = {
        "prompt_tokens": pl.col("prompt_tokens").mean(),
        "completion_tokens": pl.col("completion_tokens").mean(),
        "cached_share": pl.col("cached_tokens").sum() / pl.col("prompt_tokens").sum(),
        "truncated_share": pl.col("truncated").mean(),
    }
    named = {f"{level}/{name}": mean for name, mean in means.items()}
    group = [*keys] or [pl.lit(0).alias("all")]
    grouped = told.group_by(group).agg(pl.len().alias("n"), **named).filter(pl.col("n") >= LEAST_ROLLOUTS)
    if keys:
        return rows.join(grouped.drop("n"), on=list(keys), how="left")
    return rows.with_columns(all=pl.lit(0)).join(grouped.drop("n"), on="all", how="left").drop("all")


def _with_prompts(planned: pl.LazyFrame, prompts: pl.LazyFrame, teacher: Teacher) -> pl.LazyFrame:
    """Add source, domain, family and `chars`, the characters that the model is shown."""
    own = pl.col("messages").list.eval(pl.element().struct.field("content").str.len_chars()).list.sum()
    families = {*(shot.family for shot in teacher.few_shots), *teacher.direct_families}
    shots = {family: _shown(teacher, family) for family in families}
    shown = pl.col("family").replace_strict(
        {family: chars for family, chars in shots.items() if family is not None},
        default=_shown(teacher, None),
        return_dtype=pl.Int64,
    )
    about = prompts.select("prompt_id", "source", "domain", "family", chars=own + shown)
    return planned.join(about, on="prompt_id", how="left")


def _shown(teacher: Teacher, family: str | None) -> int:
    """Characters of the system prompt and of the few-shots of a family."""
    shots = teacher.shots(family)
    return len(teacher.system_prompt or "") + sum(
        len(shot.prompt) + len(shot.reasoning or "") + len(shot.answer) for shot in shots
    )


def _settled(rows: pl.LazyFrame, max_tokens: int) -> pl.LazyFrame:
    """From the means of all levels to one expectation."""

    def first_of(name: str, levels: Sequence[str]) -> pl.Expr:
        return pl.coalesce(*(pl.col(f"{level}/{name}") for level in levels))

    own, every = [*LEVELS], [*LEVELS, "other teachers"]
    retry, cap = pl.col("reason") == "retry", pl.col("max_tokens")
    longer = pl.coalesce("retries/completion_tokens", (max_tokens + cap) / 2)
    usual = pl.coalesce(first_of("completion_tokens", every), cap / 2)
    by_level = pl.coalesce(
        *(pl.when(pl.col(f"{level}/completion_tokens").is_not_null()).then(pl.lit(level)) for level in every),
        pl.lit("cap"),
    )
    by_retries = pl.col("retries/completion_tokens").is_not_null()
    ended = pl.col("repeats").is_not_null()
    to_make = ~pl.col("stored") & (~ended | (pl.col("repeats") == "length"))
    share = pl.when(~retry | ended).then(1.0).otherwise(first_of("truncated_share", every).fill_null(0.0))
    prompt_tokens = pl.coalesce(first_of("prompt_tokens", own), pl.col("chars") / CHARS_PER_TOKEN)
    return rows.with_columns(
        to_make=to_make,
        weight=pl.when(to_make).then(share).otherwise(0.0),
        prompt_tokens=prompt_tokens,
        cached_tokens=prompt_tokens * first_of("cached_share", own).fill_null(0.0),
        completion_tokens=pl.min_horizontal(pl.when(retry).then(longer).otherwise(usual), cap),
        rests_on=pl.when(retry & by_retries)
        .then(pl.lit("retries"))
        .when(retry)
        .then(pl.lit("cap"))
        .otherwise(by_level),
    )
