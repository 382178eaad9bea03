"""Near-duplicates among traces: tonight's against everything stored, and among themselves.

Signatures are a ledger, so a night signs its own traces only and joins history by band hashes. Nothing is
dropped here: verified pairs are stored, and `r1data.curate.select` elects survivors among the traces that
pass everything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import xxhash

from r1data.curate.dedup.boilerplate import of_phrases
from r1data.curate.dedup.compare import similarities
from r1data.curate.dedup.memory import addresses
from r1data.curate.dedup.pairs import candidates
from r1data.curate.dedup.sign import Scheme, band_hashes, sign
from r1data.errors import SchemaError
from r1data.recipe import Duplicates
from r1data.recipe.night import Scope
from r1data.schema.facts import DUPLICATES, SIGNATURES

_BATCH_ROWS = 8192
_HISTORY_ROWS = 1 << 18
_SIGNED = {
    "night": pl.String,
    "rollout_id": pl.String,
    "signature": pl.Binary,
    "n_shingles": pl.Int64,
    "n_bytes": pl.Int64,
    "digest_a": pl.UInt64,
    "digest_b": pl.UInt64,
    "scope_hash": pl.UInt64,
    "all_bands": pl.Binary,
}
_MATCHING = {"night": pl.String, "rollout_id": pl.String, "n_bytes": pl.Int64, "bands": pl.Binary}


@dataclass(frozen=True)
class Found:
    """What is to be appended, in this order: once a signature is stored, so are the pairs of its trace."""

    duplicates: pl.DataFrame
    """Schema DUPLICATES; `night` is that of the later trace of the pair."""
    signatures: pl.DataFrame
    """Schema SIGNATURES; one row per new trace."""
    n_candidates: int
    """Pairs that were compared exactly."""
    deferred: pl.DataFrame
    """band, hash, n_rows of band hashes shared by so many traces that not all their pairs were compared."""


def algorithm(settings: Duplicates) -> str:
    """Version of everything that decides which pairs are stored: shingles, permutations, bands, threshold."""
    shape = f"3-{_scheme(settings).name}-{settings.threshold:g}"
    shape += f"-{settings.scope}" if settings.scope != "global" else ""
    return shape + (f"-min{settings.min_shingles}" if settings.min_shingles > 1 else "")


def _scheme(settings: Duplicates) -> Scheme:
    return Scheme.for_threshold(settings.threshold, ignored=of_phrases(settings.boilerplate))


def pending(rollouts: pl.LazyFrame, signatures: pl.LazyFrame, settings: Duplicates) -> pl.LazyFrame:
    """The rollouts that were not compared under this algorithm."""
    known = signatures.filter(algorithm=algorithm(settings))
    return rollouts.join(known, on="rollout_id", how="anti")


def documents(rollouts: pl.LazyFrame, prompts: pl.LazyFrame, scope: Scope = "global") -> pl.LazyFrame:
    """night, rollout_id, scope, text: the prompt's messages and then the whole completion.

    Traces are compared within equal values of `scope`: an empty text, the prompt's id, or its source.
    """
    question = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    within = {"global": pl.lit(""), "prompt": pl.col("prompt_id"), "source": pl.col("source")}[scope]
    asked = prompts.select("prompt_id", question=question, scope=within)
    return rollouts.join(asked, on="prompt_id", how="left").select(
        "night", "rollout_id", "scope", text=pl.concat_str("question", "completion", separator="\n")
    )


def find(new: pl.LazyFrame, signatures: pl.LazyFrame, stored: pl.LazyFrame, settings: Duplicates) -> Found:
    """Find every pair with Jaccard similarity of at least the threshold that has a new trace in it.

    Traces with equal text are paired with the earliest of them; the others are compared through it. A pair
    always points from the later trace to the earlier one, by night and rollout id, whichever of them is new:
    nights in any order give the same pairs up to equal texts, over which `select` reasons as one.

    What this does not find: the share of pairs that no band holds (`sign.Scheme`), and rewordings.

    Args:
        new: night, rollout_id, scope, text of the traces to compare (`documents` of `pending`).
        signatures: table SIGNATURES; rows of other algorithms and of the new traces are left aside.
        stored: night, rollout_id, text of all stored traces; read for candidates only, of their nights only.
        settings: the recipe's section.

    Raises:
        SchemaError: a trace has no text, or a trace with a signature has no rollout.
    """
    version, scheme = algorithm(settings), _scheme(settings)
    rows = _signed(new, version, scheme, settings.min_shingles)
    held = pl.concat(
        [rows.with_columns(new=True), matching(rows, signatures, version, scheme)], how="diagonal"
    )
    held = held.filter(pl.col("bands").is_not_null()).sort("night", "rollout_id")
    bands = np.frombuffer(b"".join(held["bands"]), np.uint64)
    pairs = candidates(bands.reshape(-1, scheme.n_bands).T, held["new"].to_numpy(), settings.max_pairs)
    texts = pl.concat([frame.select("night", "rollout_id", "text") for frame in (new, stored)])
    alike = similarities(
        pairs.earlier,
        pairs.later,
        held["n_bytes"].to_numpy(),
        lambda wanted: _texts(held, texts, wanted),
        scheme=scheme,
        memory_bytes=settings.memory_mb << 20,
    )
    close = alike >= settings.threshold
    earlier = held[pairs.earlier[close]].select(twin_night="night", twin_id="rollout_id")
    later = held[pairs.later[close]].select("night", "rollout_id", algorithm=pl.lit(version))
    near = pl.concat([later, earlier], how="horizontal").with_columns(jaccard=pl.Series(alike[close]))
    copies = rows.filter(pl.col("rollout_id") != pl.col("twin_id")).with_columns(jaccard=pl.lit(1.0))
    duplicates = pl.concat([copies, near], how="diagonal").select(DUPLICATES.schema.names())
    return Found(
        duplicates=duplicates.sort("night", "rollout_id", "twin_id"),
        signatures=rows.select(SIGNATURES.schema.names()),
        n_candidates=len(alike),
        deferred=pairs.deferred,
    )


def _signed(new: pl.LazyFrame, version: str, scheme: Scheme, min_shingles: int) -> pl.DataFrame:
    """Schema SIGNATURES plus twin_id and twin_night, the earliest trace with the same text; by night and id.

    Only that earliest trace has bands, if it has enough shingles.
    """
    parts = list(_batches(new, scheme))
    rows = pl.concat([pl.DataFrame(schema=_SIGNED), *parts]).sort("night", "rollout_id")
    same = ("digest_a", "digest_b", "scope_hash")
    rows = rows.with_columns(
        twin_id=pl.col("rollout_id").first().over(same), twin_night=pl.col("night").first().over(same)
    )
    compared = (pl.col("rollout_id") == pl.col("twin_id")) & (pl.col("n_shingles") >= max(min_shingles, 1))
    return rows.with_columns(algorithm=pl.lit(version), bands=pl.when(compared).then("all_bands"))


def _batches(new: pl.LazyFrame, scheme: Scheme) -> Iterator[pl.DataFrame]:
    """Signed rows; texts are held one batch at a time."""
    wanted = new.select("night", "rollout_id", "scope", "text")
    for batch in wanted.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True):
        signed = sign(batch["text"], scheme)
        if (signed.n_bytes < 0).any():
            example = batch["rollout_id"].filter(batch["text"].is_null())[0]
            raise SchemaError(f"Rollout {example} has no text. Is its prompt in `prompts`?")
        scopes = np.array(
            [xxhash.xxh3_64_intdigest((scope or "").encode()) for scope in batch["scope"]], np.uint64
        )
        bands = band_hashes(signed.signatures, scheme, scopes).T.astype("<u8")
        yield batch.select(
            "night",
            "rollout_id",
            signature=_bytes(signed.signatures.astype("<u4")),
            n_shingles=pl.Series(signed.n_shingles),
            n_bytes=pl.Series(signed.n_bytes),
            digest_a=pl.Series(signed.digests[:, 0]),
            digest_b=pl.Series(signed.digests[:, 1]),
            scope_hash=pl.Series(scopes),
            all_bands=_bytes(bands),
        )


def _bytes(values: np.ndarray) -> pl.Series:
    """Each row of an array as bytes."""
    whole, width = values.tobytes(), values.shape[1] * values.itemsize
    return pl.Series([whole[at : at + width] for at in range(0, len(whole), width)], dtype=pl.Binary)


def matching(rows: pl.DataFrame, signatures: pl.LazyFrame, version: str, scheme: Scheme) -> pl.DataFrame:
    """Stored traces that share a band hash with a new one.

    Args:
        rows: rollout_id and bands of the new ones.
        signatures: table SIGNATURES; rows of other versions and of the new traces are left aside.
        version, scheme: of the algorithm.

    Returns:
        night, rollout_id, n_bytes, bands, new (false).
    """
    from r1data.curate.dedup import row_kernels

    hashes = np.frombuffer(b"".join(rows["bands"].drop_nulls()), np.uint64)
    size = 1 << max(6, int(2 * len(hashes)).bit_length())
    table, bits = np.zeros(size, np.uint64), np.zeros(max(size >> 2, 1), np.uint64)
    row_kernels.hash_set(hashes, table, bits)
    stored = signatures.filter(pl.col("algorithm") == version, pl.col("bands").is_not_null())
    matching = [pl.DataFrame(schema=_MATCHING)]
    for batch in stored.select(*_MATCHING).collect_batches(chunk_size=_HISTORY_ROWS, maintain_order=False):
        places, _ = addresses(batch["bands"])
        found = np.empty(len(places), np.bool_)
        row_kernels.rows_in_set(places, scheme.n_bands, table, bits, found)
        matching.append(batch.filter(found))
    return pl.concat(matching).join(rows, on="rollout_id", how="anti").with_columns(new=pl.lit(False))


def _texts(held: pl.DataFrame, texts: pl.LazyFrame, wanted: np.ndarray) -> tuple[np.ndarray, pl.Series]:
    """Places in `held` and the texts of those traces; of their nights alone."""
    places = pl.DataFrame({"place": wanted, "rollout_id": held["rollout_id"][wanted]})
    nights = held["night"][wanted].unique().to_list()
    own = texts.filter(pl.col("night").is_in(nights)).join(places.lazy(), on="rollout_id")
    found = own.select("place", "text").unique("place").collect(engine="streaming")
    if found.height < len(wanted):
        example = places.filter(~pl.col("place").is_in(found["place"].implode()))["rollout_id"][0]
        n = len(wanted) - found.height
        raise SchemaError(
            f"{n} traces have a signature but no rollout, such as {example}. Restore `rollouts`."
        )
    return found["place"].to_numpy(), found["text"]
