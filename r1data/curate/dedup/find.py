"""Near-duplicates among traces: tonight's against everything stored, and among themselves.

Signatures and bands are ledgers, so a night computes its own only and joins history. Nothing is dropped here:
verified pairs are stored, and `r1data.curate.select` elects survivors among the traces that pass everything
else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import xxhash

from r1data.curate.dedup.candidates import pair_up
from r1data.curate.dedup.shingles import band_hashes, jaccard, shingles, signature
from r1data.errors import SchemaError
from r1data.schema.facts import BANDS, DUPLICATES, SIGNATURES

_BATCH_ROWS = 1000
_BLOCK_PAIRS = 20_000
"""Candidate pairs whose texts are held at once."""


@dataclass(frozen=True)
class Found:
    """What is to be appended, in this order: once a signature is stored, so are the pairs of its trace."""

    duplicates: pl.DataFrame
    """Schema DUPLICATES; `night` is that of the later trace of the pair."""
    bands: pl.DataFrame
    """Schema BANDS; of several traces with equal text only the earliest one has rows."""
    signatures: pl.DataFrame
    """Schema SIGNATURES; one row per new trace."""
    n_candidates: int
    """Pairs that were compared exactly."""
    n_crowded_bands: int
    """Band hashes shared by so many traces that not all their pairs were compared."""


def algorithm(threshold: float) -> str:
    """Version of everything that decides which pairs are stored: shingles, permutations, bands, threshold."""
    return f"words5-affine32-128-21x6-{threshold:g}"


def pending(rollouts: pl.LazyFrame, signatures: pl.LazyFrame, algorithm: str) -> pl.LazyFrame:
    """The rollouts that were not compared under this algorithm."""
    return rollouts.join(signatures.filter(algorithm=algorithm), on="rollout_id", how="anti")


def documents(rollouts: pl.LazyFrame, prompts: pl.LazyFrame) -> pl.LazyFrame:
    """night, rollout_id, text: what is compared, the prompt's messages and then the whole completion."""
    question = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    return rollouts.join(prompts.select("prompt_id", question=question), on="prompt_id", how="left").select(
        "night", "rollout_id", text=pl.concat_str("question", "completion", separator="\n")
    )


def find(new: pl.LazyFrame, history_bands: pl.LazyFrame, stored: pl.LazyFrame, *, threshold: float) -> Found:
    """Find every pair with Jaccard similarity of at least `threshold` that has a new trace in it.

    Traces with equal text are paired with the earliest of them; the others are compared through it. A pair
    always points from the later trace to the earlier one, by night and rollout id, whichever of them is new:
    nights in any order give the same pairs up to equal texts, over which `select` reasons as one.

    What this does not find: the share of pairs that no band holds (`shingles.N_BANDS`), and rewordings.

    Args:
        new: night, rollout_id, text of the traces to compare (`documents` of `pending`).
        history_bands: table BANDS; rows of other algorithms and of the new traces are left aside.
        stored: night, rollout_id, text of all stored traces; read for candidates only, of their nights only.
        threshold: least exact Jaccard similarity of the sets of shingles, 0 to 1.

    Raises:
        SchemaError: a trace has no text, or a trace with bands has no rollout.
    """
    version = algorithm(threshold)
    rows = _sign(new).with_columns(algorithm=pl.lit(version)).sort("night", "rollout_id")
    first = rows.with_columns(
        twin_id=pl.col("rollout_id").first().over("digest"), twin_night=pl.col("night").first().over("digest")
    )
    is_first = pl.col("rollout_id") == pl.col("twin_id")
    copies = first.filter(~is_first).with_columns(jaccard=pl.lit(1.0))
    distinct = first.filter(is_first)
    bands = _bands(distinct)
    ids, pairs, n_crowded = _candidates(bands, history_bands.filter(algorithm=version), rows)
    texts = pl.concat([frame.select("night", "rollout_id", "text") for frame in (new, stored)])
    near = _verified(ids, pairs, texts, threshold)
    duplicates = pl.concat([copies, near.with_columns(algorithm=pl.lit(version))], how="diagonal")
    return Found(
        duplicates=duplicates.select(DUPLICATES.schema.names()).sort("night", "rollout_id", "twin_id"),
        bands=bands,
        signatures=rows.select(SIGNATURES.schema.names()),
        n_candidates=len(pairs),
        n_crowded_bands=n_crowded,
    )


def _sign(new: pl.LazyFrame) -> pl.DataFrame:
    """night, rollout_id, digest of the text, signature, n_shingles; texts are held one batch at a time."""
    schema = {
        "night": pl.String,
        "rollout_id": pl.String,
        "digest": pl.Binary,
        "signature": pl.Binary,
        "n_shingles": pl.Int64,
    }
    signed: dict[bytes, tuple[bytes, int]] = {}

    def sign(batch: pl.DataFrame) -> Iterator[tuple[str, str, bytes, bytes, int]]:
        for night, rollout_id, text in batch.iter_rows():
            if text is None:
                raise SchemaError(f"Rollout {rollout_id} has no text. Is its prompt in `prompts`?")
            digest = xxhash.xxh3_128_digest(text.encode())
            if digest not in signed:
                hashes = shingles(text)
                signed[digest] = signature(hashes), hashes.size
            yield night, rollout_id, digest, *signed[digest]

    batches = new.select("night", "rollout_id", "text").collect_batches(chunk_size=_BATCH_ROWS)
    frames = [pl.DataFrame(list(sign(batch)), schema=schema, orient="row") for batch in batches]
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _bands(distinct: pl.DataFrame) -> pl.DataFrame:
    """Rows of schema BANDS for traces with distinct texts."""
    hashes = [band_hashes(signed) for signed in distinct["signature"]]
    listed = distinct.select("night", "rollout_id", "algorithm").with_columns(
        hash=pl.Series(hashes, dtype=pl.List(pl.Int64)),
        band=pl.Series([list(range(len(row))) for row in hashes], dtype=pl.List(pl.Int16)),
    )
    return listed.explode("band", "hash", empty_as_null=False).select(BANDS.schema.names())


def _candidates(
    bands: pl.DataFrame, history: pl.LazyFrame, new: pl.DataFrame
) -> tuple[pl.DataFrame, np.ndarray, int]:
    """Rows in their order (night, rollout_id), candidate pairs as places in it, crowded band hashes."""
    earlier = (
        history.join(new.lazy(), on="rollout_id", how="anti")
        .join(bands.lazy(), on=["band", "hash"], how="semi")
        .select(BANDS.schema.names())
        .collect(engine="streaming")
    )
    both = pl.concat([bands.with_columns(new=True), earlier.with_columns(new=False)])
    ids = both.select("night", "rollout_id").unique().sort("night", "rollout_id").with_row_index("row")
    ids = ids.with_columns(pl.col("row").cast(pl.Int64))
    placed = both.join(ids.select("rollout_id", "row"), on="rollout_id")
    return ids, *pair_up(placed.select("row", "new", "band", "hash"))


def _verified(ids: pl.DataFrame, pairs: np.ndarray, texts: pl.LazyFrame, threshold: float) -> pl.DataFrame:
    """night, rollout_id, twin_night, twin_id, jaccard of the pairs that reach the threshold."""
    similarity = np.empty(len(pairs))
    for start in range(0, len(pairs), _BLOCK_PAIRS):
        block = pairs[start : start + _BLOCK_PAIRS]
        shingled = _shingled(ids[np.unique(block)], texts)
        similarity[start : start + len(block)] = [
            jaccard(shingled[a], shingled[b]) for a, b in block.tolist()
        ]
    close = similarity >= threshold
    later = ids[pairs[close, 1]].select("night", "rollout_id")
    earlier = ids[pairs[close, 0]].select(twin_night="night", twin_id="rollout_id")
    return pl.concat([later, earlier], how="horizontal").with_columns(jaccard=pl.Series(similarity[close]))


def _shingled(ids: pl.DataFrame, texts: pl.LazyFrame) -> dict[int, np.ndarray]:
    nights = ids["night"].unique().to_list()
    wanted = texts.filter(pl.col("night").is_in(nights)).join(
        ids.lazy().select("rollout_id", "row"), on="rollout_id"
    )
    found = wanted.select("row", "text").unique("row").collect(engine="streaming")
    if missing := set(ids["row"]) - set(found["row"]):
        example = ids.filter(pl.col("row").is_in(missing))["rollout_id"][0]
        raise SchemaError(
            f"{len(missing)} traces have bands but no rollout, such as {example}. Restore `rollouts`."
        )
    return {row: shingles(text) for row, text in found.iter_rows()}
