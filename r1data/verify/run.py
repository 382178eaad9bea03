"""Verdicts for stored rollouts: what is still to be judged, and judging it."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import orjson
import polars as pl

from r1data.curate.current import current_references
from r1data.schema.facts import VERDICTS
from r1data.verify import VERIFIERS, unknown, verifier
from r1data.verify.verdict import Verdict
from r1data.verify.workers import TIMEOUT_S, Pool, Task

FINISHED = ("stop", "refusal")
"""Finish reasons of completions that are judged; all others are unknown(truncated)."""
BATCH_ROWS = 10_000
"""Rows that are judged, and published, at a time."""


def pending(
    rollouts: pl.LazyFrame, prompts: pl.LazyFrame, prompt_references: pl.LazyFrame, verdicts: pl.LazyFrame
) -> pl.LazyFrame:
    """What is still to be judged under the current versions of verifiers and references.

    Every rollout is judged by the verifier of its prompt's current reference, and by those of form.

    Args:
        rollouts: night, rollout_id, prompt_id, completion, finish_reason.
        prompts: prompt_id, language.
        prompt_references: table of that name.
        verdicts: table of that name, all nights of the rollouts.

    Returns:
        night, rollout_id, completion, finish_reason, verifier, verifier_version, reference_version,
        reference, verifier_args.
    """
    versions = pl.DataFrame(
        [(name, one.version, one.needs_reference, one.by_form) for name, one in VERIFIERS.items()],
        schema={
            "verifier": pl.String,
            "verifier_version": pl.String,
            "needs_reference": pl.Boolean,
            "by_form": pl.Boolean,
        },
        orient="row",
    )
    with_reference = rollouts.join(
        current_references(prompt_references).select(
            "prompt_id", "reference_version", "reference", "verifier", "verifier_args"
        ),
        on="prompt_id",
    )
    language = pl.struct(pl.col("language").fill_null("en")).struct.json_encode()
    by_form = (
        rollouts.join(prompts.select("prompt_id", "language"), on="prompt_id", how="left")
        .join(versions.lazy().filter("by_form").select("verifier"), how="cross")
        .with_columns(
            reference=pl.lit(None, pl.String),
            verifier_args=pl.when(pl.col("verifier") == "language").then(language).otherwise(pl.lit("{}")),
        )
    )
    wanted = pl.concat([with_reference, by_form], how="diagonal").join(
        versions.lazy(), on="verifier", how="left"
    )
    needless = pl.col("needs_reference").eq(False)
    wanted = wanted.with_columns(
        reference_version=pl.when(needless).then(pl.lit("")).otherwise("reference_version"),
        verifier_version=pl.col("verifier_version").fill_null(""),
    )
    key = list(VERDICTS.key)
    columns = ["night", "rollout_id", "completion", "finish_reason", *key[1:], "reference", "verifier_args"]
    new = wanted.select(columns).unique(key, keep="first", maintain_order=True)
    return new.join(verdicts.select(key), on=key, how="anti").sort("night", "rollout_id", "verifier")


def verify_rollouts(
    rollouts: pl.LazyFrame,
    prompts: pl.LazyFrame,
    *,
    workers: int | None = None,
    timeout_s: float = TIMEOUT_S,
    sandbox: str = "auto",
    progress: Callable[[int], object] | None = None,
) -> pl.DataFrame:
    """Judge rollouts by the verifiers of their prompts.

    Args:
        rollouts: rollout_id, prompt_id, completion, finish_reason; night if there is one.
        prompts: prompt_id, verifier, reference, verifier_args (JSON or null); reference_version if there is
            one. Several rows of a prompt give several verdicts a rollout.
        workers: processes; as many as cores when None.
        timeout_s: seconds of CPU time per verdict; a later one is unknown(timeout).
        sandbox: where programs run: auto, or a back-end of `r1data.verify.sandbox`.
        progress: called with the number of verdicts made so far.

    Returns:
        Schema VERDICTS, in the order of `rollouts`, then of `prompts`. A completion that did not finish is
        unknown(truncated) and not judged.

    Raises:
        ConfigError: a prompt names a verifier that does not exist.
    """
    tasks = rollouts.join(prompts, on="prompt_id", how="inner", maintain_order="left_right")
    absent = {"night", "reference_version"} - set(tasks.collect_schema().names())
    tasks = tasks.with_columns(pl.lit("").alias(name) for name in absent)
    parts, n = [VERDICTS.empty()], 0
    for part in verify_batches(tasks, workers=workers, timeout_s=timeout_s, sandbox=sandbox):
        parts.append(part)
        n += part.height
        if progress:
            progress(n)
    return pl.concat(parts)


def verify_batches(
    tasks: pl.LazyFrame,
    *,
    workers: int | None = None,
    timeout_s: float = TIMEOUT_S,
    sandbox: str = "auto",
    pool: Pool | None = None,
) -> Iterator[pl.DataFrame]:
    """Judge tasks in their order, batch by batch, so that memory holds one batch and each can be published.

    Args:
        tasks: as `pending` gives them.
        workers, timeout_s, sandbox: as for `verify_rollouts`.
        pool: worker processes that run already, used in place of new ones; it stays open.

    Yields:
        Schema VERDICTS, at most BATCH_ROWS rows.
    """
    with nullcontext(pool) if pool else Pool(workers, timeout_s, sandbox) as running:
        for batch in tasks.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            yield _judge(batch, running)


def _judge(batch: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    rows = batch.to_dicts()
    judged = pool.map(_task(row) for row in rows if row["finish_reason"] in FINISHED)
    return pl.DataFrame(
        [_fact(row, verdict) for row, verdict in _verdicts(rows, judged)], schema=VERDICTS.schema
    )


def _verdicts(
    rows: list[dict[str, Any]], judged: Iterator[Verdict]
) -> Iterator[tuple[dict[str, Any], Verdict]]:
    for row in rows:
        yield row, next(judged) if row["finish_reason"] in FINISHED else unknown("truncated")


def _task(row: dict[str, Any]) -> Task:
    return Task(
        row["verifier"], row["completion"], row["reference"], orjson.loads(row["verifier_args"] or "{}")
    )


def _fact(row: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    return {
        "night": row["night"],
        "rollout_id": row["rollout_id"],
        "verifier": row["verifier"],
        "verifier_version": verifier(row["verifier"]).version,
        "reference_version": row["reference_version"],
        "verdict": verdict.verdict,
        "reward": verdict.reward,
        "reason": verdict.reason,
        "extracted": verdict.extracted,
        "elapsed_ms": verdict.ms,
        "sandbox": verdict.sandbox,
    }
