"""What an import finds in a file, and what became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, time

import polars as pl

from r1data.generate.engines.replay.engine import available
from r1data.generate.engines.replay.spool import spool
from r1data.lake import Lake
from r1data.prompts import questions
from r1data.prompts.intake import references, with_quality
from r1data.recipe import Recipe
from r1data.text import prompt_text

EXAMPLE_CHARS = 600


@dataclass(frozen=True)
class Survey:
    """Rows of a file, counted in completions unless the name says otherwise."""

    n_prompts: int
    n_completions: int
    n_cut: int
    """Those that hit their cap."""
    n_beyond: int
    """Those of a prompt beyond `rollouts_per_prompt`, which are left out."""
    n_without_reference: int
    """Those that are stored but cannot be judged."""
    n_bad_reference: int
    """Those whose reference its verifier cannot read, which are left out; 0 when that was not tested."""
    n_conflicting_prompts: int
    """Prompts whose rows give several references: the first counts."""
    example: str
    """The first prompt by its id, and its first completion."""


def survey(recipe: Recipe, *, test_references: bool) -> Survey:
    """Read what the recipe of an import reads, and publish nothing.

    Args:
        recipe: as `r1data.recipe.imported` makes it.
        test_references: count the references that their verifier cannot read, as the night does, too.

    Raises:
        ConfigError, InputError: a file, row or column cannot be used; the message names it.
    """
    asked = questions(recipe.prompts, night=recipe.start, start=recipe.start)
    held = available(recipe.generate)
    assert held is not None
    counts = held.collect()
    at_most = recipe.generate.rollouts_per_prompt
    kept = counts.with_columns(pl.col("n").clip(upper_bound=at_most))
    now = datetime.combine(recipe.start, time(), UTC)
    known = references(asked.lazy(), recipe=recipe.name, night=str(recipe.start), added_at=now)
    tested = with_quality(known, **recipe.verify.by_rule) if test_references else known.collect()
    without = kept.join(tested, on="prompt_id", how="anti")
    bad = kept.join(tested.filter(pl.col("quality").is_not_null()), on="prompt_id", how="semi")
    several = asked.group_by("prompt_id").agg(pl.col("reference").drop_nulls().n_unique() > 1)
    rows = spool(recipe.generate.replay)
    return Survey(
        n_prompts=counts.height,
        n_completions=counts["n"].sum(),
        n_cut=rows.filter(finish_reason="length").select(pl.len()).collect().item(),
        n_beyond=counts["n"].sum() - kept["n"].sum(),
        n_without_reference=without["n"].sum(),
        n_bad_reference=bad["n"].sum(),
        n_conflicting_prompts=several["reference"].sum(),
        example=_example(asked, rows),
    )


def survey_rows(found: Survey) -> pl.DataFrame:
    """A survey as people read it: what, n."""
    rows = {
        "completions in the file": found.n_completions,
        "prompts": found.n_prompts,
        "completions that were cut off": found.n_cut,
        "left out: beyond --rollouts-per-prompt": found.n_beyond,
        "left out: reference that the verifier cannot read": found.n_bad_reference,
        "stored, but not judged: no reference": found.n_without_reference,
        "prompts with several references, of which the first counts": found.n_conflicting_prompts,
    }
    return _table(rows)


def outcome_rows(lake: Lake, recipe: Recipe, found: Survey) -> pl.DataFrame:
    """What the lake has of an import, after its night: what, n."""
    held = available(recipe.generate)
    assert held is not None
    night = str(recipe.start)
    mine = (pl.col("recipe") == recipe.name) & (pl.col("night") == night)
    kept = held.with_columns(pl.col("n").clip(upper_bound=recipe.generate.rollouts_per_prompt))
    marked = lake.scan("intake", night).filter(mine & ~pl.col("kept")).join(kept, on="prompt_id")
    left_out = marked.group_by("reason").agg(pl.col("n").sum()).sort("reason").collect()
    planned = lake.scan("plan", night).filter(mine)
    stored = lake.scan("rollouts").join(planned, on="rollout_id", how="semi")
    selected = lake.scan("selected", night).filter(mine)
    unverified = selected.filter(pl.col("reasons").list.contains("verification:unverified"))
    rows = {"completions in the file": found.n_completions, "stored": _count(stored)}
    rows |= {f"left out: {reason}": n for reason, n in left_out.iter_rows()}
    rows |= {"left out: beyond --rollouts-per-prompt": found.n_beyond} if found.n_beyond else {}
    rows |= {"stored, but not judged: no reference": _count(unverified)}
    return _table(rows | {"accepted": _count(selected.filter("accepted"))})


def _count(rows: pl.LazyFrame) -> int:
    return rows.select(pl.len()).collect().item()


def _table(rows: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"what": list(rows), "n": list(rows.values())}, schema={"what": pl.String, "n": pl.Int64}
    )


def _example(asked: pl.DataFrame, rows: pl.LazyFrame) -> str:
    first = rows.head(1).collect().row(0, named=True)
    prompt = asked.filter(prompt_id=first["prompt_id"]).row(0, named=True)
    parts = {"prompt": prompt_text(prompt["messages"]), "reference": prompt["reference"] or "(none)"}
    parts["completion"] = first["completion"]
    return "\n\n".join(f"{name}\n{_short(text)}" for name, text in parts.items())


def _short(text: str) -> str:
    half = EXAMPLE_CHARS // 2
    return text if len(text) <= EXAMPLE_CHARS else f"{text[:half]}\n […]\n{text[-half:]}"
