"""What tonight's questions become: prompts, references with their quality, and which may be asked.

`r1data.prompts.tonight.take_in` calls these in the order of the file.
"""

from collections.abc import Collection
from datetime import datetime

import orjson
import polars as pl

from r1data import ids
from r1data.curate.current import current_references, named_by, own_references
from r1data.prompts.duplicates import numbers_key
from r1data.recipe import Recipe
from r1data.schema.prompts import ATTRIBUTES, BENCHMARKS, INTAKE, PROMPT_REFERENCES, PROMPTS, THRESHOLDS
from r1data.text import prompt_text
from r1data.verify import VERIFIERS, probes, verifier
from r1data.verify.sandbox import Sandbox
from r1data.verify.workers import Pool, Task

EVIDENCE_CHARS = 200
PASSING_DOUBTS = ("starved", "no_sandbox")
"""Verdicts on a reference that are asked for once more, since the next may differ."""


def benchmarks(questions: pl.LazyFrame, *, night: str) -> pl.LazyFrame:
    """Rows of the ledger `benchmarks`; each item's benchmark is its source.

    Args:
        questions: rows of `r1data.prompts.QUESTIONS`, held-out items.
        night: the night under which they are stored.
    """
    items = questions.unique(["source", "prompt_id"], keep="first", maintain_order=True)
    named = items.with_columns(night=pl.lit(night), benchmark="source", item_id="prompt_id")
    return named.select(BENCHMARKS.schema.names())


def prompts(questions: pl.LazyFrame, *, night: str) -> pl.LazyFrame:
    """Rows of the ledger `prompts`: of several copies, the first."""
    return _first(questions, night).select(PROMPTS.schema.names())


def references(
    questions: pl.LazyFrame, *, recipe: str, night: str, added_at: datetime, required: Collection[str] = ()
) -> pl.LazyFrame:
    """Rows of the ledger `prompt_references`, the quality still open: of several copies, the first that has
    a reference.

    A prompt without the reference that its verifier needs has no row, so that what is known of it stays,
    unless one of the sources `required` gave it, whose prompts must have one: its row has none. The version
    is the content address of reference, verifier and arguments. `added_at` is in UTC.
    """
    version = pl.struct("reference", "verifier", "verifier_args").map_elements(
        lambda row: ids.digest(row["reference"], row["verifier"], orjson.loads(row["verifier_args"])),
        return_dtype=pl.String,
    )
    needless = [name for name, one in VERIFIERS.items() if not one.needs_reference]
    empty, must = pl.col("reference").is_null(), pl.col("source").is_in(list(required))
    usable = questions.filter(~empty | pl.col("verifier").is_in(needless) | must)
    rows = _first(usable.sort(empty, maintain_order=True), night).with_columns(
        reference_version=version,
        quality=pl.lit(None, pl.String),
        added_at=pl.lit(added_at).cast(PROMPT_REFERENCES.schema["added_at"]),
        recipe=pl.lit(recipe),
    )
    return rows.select(PROMPT_REFERENCES.schema.names())


def with_quality(
    references: pl.LazyFrame, *, workers: int | None = None, timeout_s: float = 5, sandbox: str = "auto"
) -> pl.DataFrame:
    """Test every reference by its own verifier, and say in `quality` why it cannot be used; null when it can.

    Args:
        references: rows of `prompt_references`; those of verifiers that need no reference are always good.
        workers: processes; as many as cores when None.
        timeout_s: seconds of CPU time per reference.
        sandbox: where programs run.

    Raises:
        SandboxError: programs are to be run, and no sandbox works here.
    """
    rows = references.collect()
    distinct = rows.unique("reference_version", maintain_order=True).to_dicts()
    asked = [
        (row["reference_version"], probe, Task(row["verifier"], probe.completion, row["reference"], args))
        for row in distinct
        if verifier(row["verifier"]).needs_reference
        for args in [orjson.loads(row["verifier_args"])]
        for probe in probes(row["verifier"], row["reference"] or "", args)
    ]
    with Pool(workers, timeout_s, sandbox) as pool:
        verdicts = list(pool.map(task for _, _, task in asked))
        passing = [n for n, verdict in enumerate(verdicts) if verdict.reason in PASSING_DOUBTS]
        for n, verdict in zip(passing, pool.map(asked[n][2] for n in passing), strict=True):
            verdicts[n] = verdict
    quality = dict[str, str]()
    for (version, probe, task), verdict in zip(asked, verdicts, strict=True):
        if verdict.reason == "no_sandbox":
            Sandbox(backend=sandbox).close()  # raises, and says what is missing
        if verdict.verdict == "unknown":
            word = "unparseable" if verdict.reason == "bad_reference" else verdict.reason
            quality.setdefault(version, word)
        elif (verdict.verdict == "right") != probe.right:
            quality.setdefault(version, "unverifiable" if verifier(task.verifier).probes else "bad_reference")
    return rows.with_columns(
        quality=pl.col("reference_version").replace_strict(quality, default=None, return_dtype=pl.String)
    )


def changed(
    named: pl.LazyFrame, doubts: pl.DataFrame, known: pl.LazyFrame, *, recipe: Recipe, night: str
) -> pl.DataFrame:
    """Rows to add to the ledger `prompt_references`: what tonight's sources name that is not the recipe's
    current word.

    So a reference that is corrected and put back is current again, and what another recipe names meanwhile is
    no change. A version that was found good is not tested again; one that was not is, since its verifier may
    have learned to read it. An empty reference does not replace a known one.

    Args:
        named: rows as `references` gives them, the quality open.
        doubts: as `r1data.prompts.quality.doubts` gives them.
        known: the ledger; later nights do not count.
        recipe: its name, and how references are tested.
        night: the night, YYYY-MM-DD.
    """
    doubted = named.join(doubts.lazy().select("prompt_id", doubt="quality"), on="prompt_id", how="left")
    good = known.filter(pl.col("quality").is_null())
    tested = good.sort("added_at").unique("reference_version", keep="last")
    fresh = doubted.filter(pl.col("doubt").is_null()).join(tested, on="reference_version", how="anti")
    made = with_quality(fresh.drop("doubt"), **recipe.verify.by_rule).lazy().unique("reference_version")
    outcome = pl.concat([part.select("reference_version", found="quality") for part in (tested, made)])
    rows = doubted.join(outcome, on="reference_version", how="left", maintain_order="left").with_columns(
        quality=pl.coalesce("doubt", "found")
    )
    until = known.filter(pl.col("night") <= night)
    said = current_references(named_by(until, recipe.name))
    same = ["prompt_id", "reference_version", "quality"]
    new = rows.join(said, on=same, how="anti", nulls_equal=True, maintain_order="left")
    current = current_references(own_references(until, recipe.name))
    known_answer = current.filter(pl.col("reference").is_not_null()).select(
        "prompt_id", has_answer=pl.lit(True)
    )
    new = new.join(known_answer, on="prompt_id", how="left", maintain_order="left")
    replaces = pl.col("has_answer").is_null() | pl.col("quality").fill_null("").ne("empty")
    return new.filter(replaces).select(PROMPT_REFERENCES.schema.names()).collect()


def intake(
    questions: pl.LazyFrame,
    contamination: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    *,
    recipe: str,
    night: str,
    doubts: pl.DataFrame | None = None,
) -> pl.LazyFrame:
    """Mark which of tonight's prompts may be asked.

    Args:
        questions: rows of `r1data.prompts.QUESTIONS`, copies included.
        contamination: rows of the table of that name, of the current version.
        prompt_references: rows of the table of that name; the latest of a prompt counts.
        recipe: name of the recipe.
        night: the night, YYYY-MM-DD.
        doubts: evidence against references, as `r1data.prompts.quality.doubts` gives it.

    Returns:
        Schema INTAKE, one row per distinct prompt, in the order of the sources.
    """
    hits = contamination.filter(subject=pl.lit("prompt"), contaminated=True).select(
        pl.col("subject_id").alias("prompt_id"),
        pl.concat_str("benchmark", pl.lit("/"), "item_id", pl.lit(": "), "evidence").alias("hit"),
    )
    bad = _unusable(prompt_references, doubts)
    counted = questions.group_by("prompt_id", maintain_order=True).agg(
        pl.col("messages", *ATTRIBUTES).first(), n_copies=pl.len().cast(pl.Int64)
    )
    key = pl.col("messages").map_elements(lambda found: numbers_key(prompt_text(list(found))), pl.String)
    return (
        counted.join(hits.unique("prompt_id"), on="prompt_id", how="left", maintain_order="left")
        .join(bad, on="prompt_id", how="left", maintain_order="left")
        .with_columns(
            recipe=pl.lit(recipe),
            night=pl.lit(night),
            kept=pl.col("hit").is_null() & pl.col("unreadable").is_null(),
            reason=pl.when(pl.col("hit").is_not_null()).then(pl.lit("contaminated")).otherwise("quality"),
            numbers_key=key,
            evidence=pl.coalesce("hit", "unreadable").str.slice(0, EVIDENCE_CHARS),
        )
        .select(INTAKE.schema.names())
    )


def _unusable(prompt_references: pl.LazyFrame, doubts: pl.DataFrame | None) -> pl.LazyFrame:
    """Prompts with an unusable current reference: prompt_id, quality, and the evidence as `unreadable`."""
    quoted = pl.concat_str("quality", pl.lit(": "), pl.col("reference").fill_null("(none)"))
    current = current_references(prompt_references).filter(pl.col("quality").is_not_null())
    bad = current.select("prompt_id", "quality", unreadable=quoted)
    if doubts is None:
        return bad
    said = doubts.lazy().select(
        "prompt_id", "quality", told=pl.concat_str("quality", pl.lit(": "), "evidence")
    )
    return bad.join(said, on=["prompt_id", "quality"], how="left").select(
        "prompt_id", "quality", unreadable=pl.coalesce("told", "unreadable")
    )


def thresholds(recipe: Recipe, night: str) -> pl.DataFrame:
    """Rows of table `thresholds`: what views read of a recipe, for they cannot open it."""
    values = [
        (recipe.name, night, f"{section}.{key}", float(value))
        for section in ("basic", "difficulty")
        for key, value in getattr(recipe, section).model_dump().items()
    ]
    return pl.DataFrame(values, schema=THRESHOLDS.schema, orient="row")


def without_repeated(marked: pl.DataFrame, twins: pl.DataFrame) -> pl.DataFrame:
    """Mark prompts that ask what another one asks.

    Args:
        marked: schema INTAKE.
        twins: prompt_id, twin_id, jaccard, as `r1data.prompts.duplicates.same_problems` gives them.
    """
    evidence = pl.concat_str("twin_id", pl.lit(": "), pl.col("jaccard").round(3))
    found = marked.join(twins, on="prompt_id", how="left", maintain_order="left")
    return left_out(found, pl.col("twin_id").is_not_null(), "near_duplicate", evidence)


def left_out(marked: pl.DataFrame, which: pl.Expr, reason: str, evidence: pl.Expr) -> pl.DataFrame:
    """Mark kept prompts for a reason; what was left out before keeps its own.

    Args:
        marked: schema INTAKE, and whatever else the expressions read.
        which: prompts that are not to be asked; null is no.
        reason: one word of `intake.reason`.
        evidence: text beside it.

    Returns:
        Schema INTAKE.
    """
    out = pl.col("kept") & which.fill_null(False)
    return marked.with_columns(
        kept=pl.col("kept") & ~out,
        reason=pl.when(out).then(pl.lit(reason)).otherwise("reason"),
        evidence=pl.when(out).then(evidence).otherwise("evidence"),
    ).select(INTAKE.schema.names())


def _first(questions: pl.LazyFrame, night: str) -> pl.LazyFrame:
    return questions.unique("prompt_id", keep="first", maintain_order=True).with_columns(night=pl.lit(night))
