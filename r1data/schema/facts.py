"""Ledgers of facts about rollouts, each stamped with the version of what found it."""

import polars as pl

from r1data.schema.table import ROLLOUT, Column, ledger

VERDICTS = ledger(
    "verdicts",
    "rollout_id verifier verifier_version reference_version",
    "One row per rollout, verifier and version of both verifier and reference.",
    ROLLOUT,
    Column("verifier", pl.String, "Name of the verifier."),
    Column("verifier_version", pl.String, "Version of the verifier."),
    Column("reference_version", pl.String, "Version of the reference; empty for verifiers that need none."),
    Column("verdict", pl.String, "One of right, wrong, unknown."),
    Column("reward", pl.Float64, "0 (wrong) to 1 (right); null when unknown."),
    Column("reason", pl.String, "One word of the verifier's closed vocabulary."),
    Column("extracted", pl.String, "The answer that was compared; null when there was none."),
    Column("elapsed_ms", pl.Float64, "Milliseconds that the verdict took."),
    Column("sandbox", pl.String, "Back-end of the sandbox that ran a program; null when none was run."),
)

SIGNATURES = ledger(
    "signatures",
    "rollout_id algorithm",
    "One row per trace: its MinHash signature; present once its duplicates are known.",
    ROLLOUT,
    Column("algorithm", pl.String, "Version of shingling, permutations and seed."),
    Column("signature", pl.Binary, "128 MinHash values, unsigned 32-bit little-endian."),
    Column("n_shingles", pl.Int64, "Shingles of the trace, repeats among them."),
    Column("n_bytes", pl.Int64, "Length of the trace in UTF-8 bytes."),
    Column(
        "bands",
        pl.Binary,
        "Hashes of the signature's 21 bands, unsigned 64-bit little-endian; null for a trace that is only "
        "compared as a whole.",
    ),
)

DUPLICATES = ledger(
    "duplicates",
    "rollout_id twin_id algorithm",
    "One row per verified pair of near-duplicate traces; the twin is the earlier one.",
    ROLLOUT,
    Column("twin_id", pl.String, "Rollout id of the earlier trace."),
    Column("twin_night", pl.String, "Night of the earlier trace."),
    Column("algorithm", pl.String, "Version of shingling, permutations and seed."),
    Column("jaccard", pl.Float64, "Exact Jaccard similarity of the two sets of shingles, 0 to 1."),
)

SPAN = pl.Struct({"offset": pl.Int64, "length": pl.Int64, "script": pl.String, "text": pl.String})

LANGUAGE = ledger(
    "language",
    "rollout_id version",
    "One row per trace: how much of it is written in the language of its prompt.",
    ROLLOUT,
    Column("version", pl.String, "Version of the language pass."),
    Column("target", pl.String, "ISO 639-1 code of the wanted language."),
    Column(
        "target_share",
        pl.Float64,
        "Letters of the wanted script divided by all letters; null without letters.",
    ),
    Column("n_foreign_chars", pl.Int64, "Letters of other scripts."),
    Column(
        "foreign_spans",
        pl.List(SPAN),
        "Runs of foreign letters: offset and length in characters, script, text.",
    ),
)

READABILITY = ledger(
    "readability",
    "rollout_id version",
    "One row per trace: measures of how readable it is.",
    ROLLOUT,
    Column("version", pl.String, "Version of the readability pass."),
    Column("repetition", pl.Float64, "Share of word 4-grams that repeat an earlier one, 0 to 1."),
    Column("longest_paragraph_chars", pl.Int64, "Characters of the longest paragraph of the thought."),
    Column("n_code_blocks", pl.Int64, "Fenced code blocks in the thought."),
    Column("n_tag_errors", pl.Int64, "Thought tags that are missing, repeated or out of place."),
)

CONTAMINATION = ledger(
    "contamination",
    "subject_id version",
    "One row per prompt or trace that was compared with the benchmarks.",
    Column("subject", pl.String, "prompt or trace."),
    Column("subject_id", pl.String, "Prompt id or rollout id."),
    Column("version", pl.String, "Version of the comparison and of the benchmarks."),
    Column("contaminated", pl.Boolean, "Whether a benchmark item was found."),
    Column("benchmark", pl.String, "Benchmark of the item; null when clean."),
    Column("item_id", pl.String, "The item; null when clean."),
    Column("method", pl.String, "exact, ngram, fuzzy, embedding or judge; null when clean."),
    Column("evidence", pl.String, "The matched part of the subject's text, 200 characters at most."),
    Column("offset_chars", pl.Int64, "Where the matched part begins in the subject's text."),
    Column("length_chars", pl.Int64, "Length of the matched part."),
    Column("similarity", pl.Float64, "How alike part and item are, 0 to 1: indel; of an embedding, cosine."),
)
