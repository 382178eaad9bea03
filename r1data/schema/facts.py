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

SPAN = pl.Struct(
    {"offset": pl.Int64, "length": pl.Int64, "script": pl.String, "language": pl.String, "text": pl.String}
)
SHARE = pl.Struct({"language": pl.String, "share": pl.Float64})
EVIDENCE = pl.Struct({"measure": pl.String, "offset": pl.Int64, "length": pl.Int64, "text": pl.String})
MARK = pl.Struct({"kind": pl.String, "offset": pl.Int64, "length": pl.Int64, "masked": pl.String})

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
        "Letters in the wanted language divided by all letters that are language; null without letters.",
    ),
    Column(
        "shares", pl.List(SHARE), "Share of the letters by language, the largest first; they add up to 1."
    ),
    Column(
        "consistency",
        pl.Float64,
        "R1's reward: words of the thought in the wanted language by all its words; null without words.",
    ),
    Column("n_foreign_chars", pl.Int64, "Letters of other languages that no rule tolerates."),
    Column(
        "foreign_spans",
        pl.List(SPAN),
        "Runs of foreign letters: offset and length in characters, script, language (ISO 639-1, or und where "
        "the script does not tell), text.",
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
    Column("n_tag_errors", pl.Int64, "Thought tags that are missing, repeated, cut off or out of place."),
    Column("n_leaked_tags", pl.Int64, "Control tokens and chat markers, such as <|im_end|>, in the text."),
    Column(
        "loop_chars",
        pl.Int64,
        "Characters at the end of thought or completion that repeat one unit; or 0.",
    ),
    Column("inner_loop_chars", pl.Int64, "Characters of the longest loop of words anywhere; 0 without."),
    Column("compression_ratio", pl.Float64, "Bytes of the completion by its bytes under zstd."),
    Column("thought_chars", pl.Int64, "Characters of the thought, trimmed; 0 when empty or missing."),
    Column("summary_chars", pl.Int64, "Characters after the thought, trimmed; 0 when there is no summary."),
    Column(
        "restated_share", pl.Float64, "Share of the thought's word 4-grams that the prompt holds, 0 to 1."
    ),
    Column("thought_is_answer", pl.Boolean, "Whether the thought has the words of the answer and no others."),
    Column(
        "evidence",
        pl.List(EVIDENCE),
        "Where what was measured stands in the completion: measure, offset and length in characters, text.",
    ),
)

PII = ledger(
    "pii",
    "subject_id version",
    "One row per prompt or trace that was searched for personal data and secrets.",
    Column("subject", pl.String, "prompt or trace."),
    Column("subject_id", pl.String, "Prompt id or rollout id."),
    Column("version", pl.String, "Version of the search."),
    Column("n_marks", pl.Int64, "Marks found."),
    Column(
        "marks",
        pl.List(MARK),
        "kind (email, key, phone, …), offset and length in characters, and the text with its middle masked.",
    ),
)

TOKEN_COUNTS = ledger(
    "token_counts",
    "rollout_id review_id tokenizer",
    "One row per accepted trace and student's tokenizer: how many tokens the student reads.",
    ROLLOUT,
    Column("review_id", pl.String, "The review that decided, whose edit is the text; empty without one."),
    Column("tokenizer", pl.String, "Digest of tokenizer and chat template."),
    Column("prompt_tokens", pl.Int64, "Tokens of the prompt after the student's chat template."),
    Column("completion_tokens", pl.Int64, "Tokens that the loss sees: thought, answer and end."),
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
