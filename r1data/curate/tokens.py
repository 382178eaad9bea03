"""How many tokens of an accepted trace its student reads, by the student's own tokenizer and chat template.

The tokens are those that the template gate gives to the trainer (`r1data.train.gate.tokenise`), so what a mix
adds up is what is trained. Each text is counted once by each tokenizer, and again after a person edited it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from r1data.curate.corpus import as_edited, edits, texts
from r1data.curate.measure import append_in_segments
from r1data.errors import InputError, OfflineError
from r1data.generate.models import folder_of
from r1data.lake.pieces import pieces
from r1data.recipe import Recipe, load_student
from r1data.schema.facts import TOKEN_COUNTS
from r1data.text import joined
from r1data.train.gate import BATCH, Trace, load_tokenizer, tokenise
from r1data.verify.stored import Store

VERSION = "1"
_FILES = (
    "tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt", "tokenizer_config.json",
    "special_tokens_map.json", "chat_template.jinja",
)  # fmt: skip


def tokenizer_digest(folder: Path) -> str:
    """XXH3-128 of all files of a model folder that change how a trace becomes tokens; weights do not."""
    hasher = xxhash.xxh3_128(VERSION.encode())
    for name in _FILES:
        if (folder / name).is_file():
            content = (folder / name).read_bytes()
            hasher.update(f"{name} {len(content)} ".encode() + content)
    return hasher.hexdigest()


def student_folder(recipe: Recipe) -> Path | None:
    """The base model's folder of the recipe's first student; None without a student.

    Raises:
        ConfigError: there is no such student or model.
        OfflineError: the model was never fetched; nothing is downloaded for a count.
    """
    if not recipe.students:
        return None
    student = load_student(recipe.students[0])
    return folder_of(student.base, student.revision)


def by_student(counts: pl.LazyFrame, recipe: Recipe) -> pl.LazyFrame:
    """The counts by the tokenizer of the recipe's first student: schema TOKEN_COUNTS, none without it."""
    digest = _student_digest(recipe)
    return counts.filter(tokenizer=digest) if digest else counts.clear()


def uncounted(selected: pl.LazyFrame, counts: pl.LazyFrame, recipe: Recipe) -> pl.LazyFrame:
    """Accepted traces that the first student's tokenizer could count and has not, as they are by now.

    Args:
        selected: schema SELECTED, of the recipe.
        counts: schema TOKEN_COUNTS.
        recipe: names the student.

    Returns:
        Rows of `selected`; none while there is no student, or its tokenizer is not on this machine.
    """
    accepted, digest = selected.filter("accepted"), _student_digest(recipe)
    if not digest:
        return accepted.clear()
    known = counts.filter(tokenizer=digest).select("rollout_id", text="review_id")
    with_text = accepted.with_columns(text=pl.col("review_id").fill_null(""))
    return with_text.join(known, on=["rollout_id", "text"], how="anti").drop("text")


def _student_digest(recipe: Recipe) -> str | None:
    try:
        folder = student_folder(recipe)
    except OfflineError:
        return None
    return tokenizer_digest(folder) if folder else None


def measure_token_counts(store: Store, selected: pl.LazyFrame, night: str, recipe: Recipe) -> None:
    """Count the tokens of a night's accepted traces that have no count by the student's tokenizer yet.

    Args:
        store: where rollouts, prompts, reviews and counts are.
        selected: schema SELECTED, of one recipe and night.
        night: YYYY-MM-DD.
        recipe: names the student; without one nothing is counted.

    Raises:
        OfflineError: the student's base was never fetched; nothing is downloaded for a count.
        GateError: the tokenizer has no chat template.
        InputError: the folder has no tokenizer that can be read.
    """
    folder = student_folder(recipe)
    if not folder:
        return
    digest = tokenizer_digest(folder)
    todo = uncounted(selected, store.scan("token_counts", night), recipe)
    todo = todo.select("rollout_id", "prompt_id", "review_id").collect().lazy()
    rollouts = store.scan("rollouts", night)
    known = rollouts.select("rollout_id").join(todo, on="rollout_id", how="anti")
    asked = store.scan("prompts").join(todo, on="prompt_id", how="semi").select("prompt_id", "messages")
    changed = edits(store.scan("reviews"), todo)
    rest = todo.join(asked, on="prompt_id").join(changed, on="rollout_id", how="left").collect().lazy()

    def counted() -> Iterator[pl.DataFrame]:
        tokenizer = None
        for piece in pieces(rollouts, known):
            tokenizer = tokenizer or load_tokenizer(folder)
            rows = as_edited(texts(piece.lazy()).join(rest, on="rollout_id")).with_columns(
                night=pl.lit(night)
            )
            yield count(rows.collect(), tokenizer, digest)

    append_in_segments(store, "token_counts", counted())


def count(rows: pl.DataFrame, tokenizer: Any, digest: str) -> pl.DataFrame:
    """Count tokens of traces.

    Args:
        rows: night, rollout_id, review_id, messages, reasoning, answer.
        tokenizer: a Hugging Face tokenizer with its chat template.
        digest: its name.

    Returns:
        Schema TOKEN_COUNTS, one row per trace; counts are null where the tokenizer cannot write the text.
    """
    counted = [_counts(row, trace) for row, trace in _tokenised(rows, tokenizer)]
    frame = pl.DataFrame(counted, schema=["rollout_id", "prompt_tokens", "completion_tokens"], orient="row")
    named = rows.select("night", "rollout_id", pl.col("review_id").fill_null(""), tokenizer=pl.lit(digest))
    return named.join(frame, on="rollout_id", how="left", maintain_order="left").cast(
        dict(TOKEN_COUNTS.schema)
    )


def _tokenised(rows: pl.DataFrame, tokenizer: Any) -> Iterator[tuple[Mapping[str, Any], Trace | InputError]]:
    for part in rows.iter_slices(BATCH):
        batch = [
            {
                "rollout_id": row["rollout_id"],
                "prompt": row["messages"],
                "completion": [{"role": "assistant", "content": joined(row["reasoning"], row["answer"])}],
            }
            for row in part.iter_rows(named=True)
        ]
        yield from zip(batch, tokenise(batch, tokenizer), strict=True)


def _counts(row: Mapping[str, Any], trace: Trace | InputError) -> tuple[str, int | None, int | None]:
    if isinstance(trace, InputError):
        return row["rollout_id"], None, None
    return row["rollout_id"], trace.n_prompt, len(trace.input_ids) - trace.n_prompt
