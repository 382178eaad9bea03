"""What a mix would give, counted without reading a text; and what two mixes give that the other does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.train.mix import Mix, choose
from r1data.train.mix_query import Chosen

FIRST = 5
"""Ids that a preview shows."""
TOKENS = ("completion_tokens", "student_tokens")


@dataclass(frozen=True)
class Preview:
    """The rows of a mix, counted as `open_mix` gives them."""

    mix: str
    kind: str
    """traces, prompts or pairs."""
    n_chosen: int
    """Rows that the SQL chose, before the draw."""
    n_rows: int
    """Rows that a student would read, copies among them."""
    n_prompts: int
    completion_tokens: int | None
    """Tokens as the teachers counted, of the rows that were counted; None without any, and of no traces."""
    student_tokens: int | None
    """The same by the student's tokenizer."""
    n_without_student_tokens: int | None
    """Rows that the student's tokenizer has not counted."""
    sources: pl.DataFrame
    """By domain and source: n_rows, share, n_prompts and, of traces, both counts of tokens."""
    licences: pl.DataFrame
    """By licence of the prompt and terms of the teacher: n_rows."""
    first: list[str]
    """Ids of the first FIRST rows."""


def preview(lake: Lake, mix: Mix, *, recipe: str, given: Mapping[str, Any] | None = None) -> Preview:
    """Count what `open_mix` would give, to the row.

    Raises:
        As `open_mix`.
    """
    chosen = choose(lake, mix, recipe=recipe, given=given)
    rows = chosen.rows
    tokens: dict[str, int | None] = dict.fromkeys(TOKENS)
    tokens |= {name: count for name, (count,) in rows.select(_tokens(rows)).to_dict(as_series=False).items()}
    uncounted = rows["student_tokens"].null_count() if "student_tokens" in rows.columns else None
    terms = [name for name in ("licence", "terms") if name in rows.columns]
    licences = rows.group_by(pl.col(terms).fill_null("not stated")).agg(n_rows=_n())
    return Preview(
        mix=mix.name,
        kind=chosen.kind.name,
        n_chosen=chosen.n_before,
        n_rows=rows.height,
        n_prompts=rows["prompt_id"].n_unique(),
        completion_tokens=tokens["completion_tokens"],
        student_tokens=tokens["student_tokens"],
        n_without_student_tokens=uncounted,
        sources=_by_source(rows),
        licences=licences.sort("n_rows", *terms, descending=[True] + [False] * len(terms)),
        first=rows[chosen.kind.key].head(FIRST).to_list(),
    )


def diff(
    lake: Lake,
    mix: Mix,
    other: Mix,
    *,
    recipe: str,
    given: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Rows that only `mix` gives, that only `other` gives, and that both do; copies count once.

    Args:
        lake: where from.
        mix: compared, with `given`.
        other: compared with, with its defaults.
        recipe: whose nights both read.
        given: values of the parameters of `mix`.

    Returns:
        Columns `given_by`, domain, `selected_as` (accepted, or the first reason why it is not in the corpus;
        null for prompts), n_rows, n_prompts and, of traces, both counts of tokens.

    Raises:
        ConfigError: one gives traces and the other one something else.
        As `open_mix`, besides.
    """
    one, two = choose(lake, mix, recipe=recipe, given=given), choose(lake, other, recipe=recipe)
    if one.kind is not two.kind:
        raise ConfigError(
            f"{mix.name} gives {one.kind.name} and {other.name} {two.kind.name}: they have no row in common."
        )
    # A mix compared with itself, under other parameters, still needs two names.
    names = (mix.name, other.name) if mix.name != other.name else (f"{mix.name} as set", mix.name)
    rows = _compared(one, two, names)
    told = (
        "select rollout_id, if(accepted, 'accepted', reasons[1]) as selected_as "
        "from selected where recipe = $recipe"
    )
    why = fetch(lake, told, {"recipe": recipe}).rename({"rollout_id": one.kind.key})
    if one.kind.name == "prompts":
        rows = rows.with_columns(selected_as=pl.lit(None, pl.String))
    else:
        rows = rows.join(why, on=one.kind.key, how="left")
    keys = ["given_by", "domain", "selected_as"]
    counted = rows.group_by(keys).agg(_n().alias("n_rows"), *_counts(rows))
    order = {name: place for place, name in enumerate(_sides(names))}
    return counted.sort(
        pl.col("given_by").replace_strict(order), pl.col("n_rows"), "domain", "selected_as",
        descending=[False, True, False, False], nulls_last=True,
    )  # fmt: skip


def _compared(one: Chosen, two: Chosen, names: tuple[str, str]) -> pl.DataFrame:
    """The distinct rows of both, with `given_by`."""
    key = one.kind.key
    ours, theirs = (chosen.rows.filter(pl.col("copy") == 0) for chosen in (one, two))
    ours_only, theirs_only, both = _sides(names)
    in_both = pl.col(key).is_in(theirs[key].implode())
    left = ours.with_columns(given_by=pl.when(in_both).then(pl.lit(both)).otherwise(pl.lit(ours_only)))
    right = theirs.join(ours, on=key, how="anti").with_columns(given_by=pl.lit(theirs_only))
    return pl.concat([left, right], how="diagonal")


def _sides(names: tuple[str, str]) -> tuple[str, str, str]:
    return f"only {names[0]}", f"only {names[1]}", "both"


def _by_source(rows: pl.DataFrame) -> pl.DataFrame:
    counted = rows.group_by("domain", "source").agg(_n().alias("n_rows"), *_counts(rows))
    share = (pl.col("n_rows") / max(1, rows.height)).round(4)
    return (
        counted.with_columns(share=share)
        .select("domain", "source", "n_rows", "share", pl.exclude("domain", "source", "n_rows", "share"))
        .sort("n_rows", "domain", "source", descending=[True, False, False], nulls_last=True)
    )


def _counts(rows: pl.DataFrame) -> list[pl.Expr]:
    return [pl.col("prompt_id").n_unique().cast(pl.Int64).alias("n_prompts"), *_tokens(rows)]


def _tokens(rows: pl.DataFrame) -> list[pl.Expr]:
    """Sums of the counts that there are; null where no row was counted."""
    columns = (pl.col(name) for name in TOKENS if name in rows.columns)
    return [pl.when(column.count() > 0).then(column.sum()) for column in columns]


def _n() -> pl.Expr:
    return pl.len().cast(pl.Int64)
