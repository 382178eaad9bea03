"""Personal data and secrets in prompts and traces, marked: e-mail addresses, keys, telephone numbers, IBANs,
cards, public IP addresses.

What this does not find: names, postal addresses, numbers of passports and the like, and keys without a format
of their own. `docs/pii.md` has the rules.
"""

from typing import Any

import polars as pl

from r1data.curate.pii.find import GATE, masked, spans
from r1data.schema.facts import PII

VERSION = "2"


def pii(subjects: pl.LazyFrame) -> pl.LazyFrame:
    """Mark personal data and secrets, batch by batch; a row never changes what is said of another.

    A linear regular expression tells which texts are looked at closely, so that ordinary ones cost
    next to nothing.

    Args:
        subjects: subject (prompt or trace), subject_id, night, text.

    Returns:
        Schema PII, one row per subject, in order. Only masked text is in it.
    """
    text = pl.col("text").fill_null("")
    wanted = subjects.select("night", "subject", "subject_id", text, gated=text.str.contains(GATE))
    return wanted.map_batches(_marked, schema=PII.schema, streamable=True)


def _marked(batch: pl.DataFrame) -> pl.DataFrame:
    rows = batch["gated"].arg_true()
    found = pl.DataFrame(
        {"row": rows, "marks": [_marks(text) for text in batch["text"].gather(rows)]},
        schema={"row": pl.UInt32, "marks": PII.schema["marks"]},
    )
    none = pl.lit([], dtype=PII.schema["marks"])
    facts = batch.drop("text").with_row_index("row").join(found, on="row", how="left", maintain_order="left")
    return (
        facts.with_columns(pl.col("marks").fill_null(none), version=pl.lit(VERSION))
        .with_columns(n_marks=pl.col("marks").list.len().cast(pl.Int64))
        .select(PII.schema.names())
    )


def _marks(text: str) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "offset": start, "length": end - start, "masked": masked(text[start:end])}
        for start, end, kind in spans(text)
    ]
