"""What of the measures makes a trace unreadable, as reasons of the selection."""

import polars as pl

from r1data.recipe import Readability
from r1data.schema.facts import READABILITY

_NOT = ("night", "rollout_id", "version", "evidence")
MEASURES = [name for name in READABILITY.schema.names() if name not in _NOT]
"""Columns that say nothing of a text that a person wrote in place of the model's."""


def unreadable(limits: Readability) -> list[pl.Expr]:
    """`readability:reason` of every rule, null where it passes; a measure that is null passes.

    Of a trace whose form is wrong nothing is said about tags, and nothing about a thought or an answer that
    is not there: stage `format` has said so. Domain general needs no thought.

    Args:
        limits: thresholds. The expressions read the columns of READABILITY, has_readability, domain, form and
            form_reason.
    """
    formed = (pl.col("form") == "right").fill_null(False)
    general = pl.col("domain") == "general"
    # An answer without a thought lacks both tags, and may.
    lacking = pl.when(general & (pl.col("form_reason") == "no_thought")).then(2).otherwise(0)
    tag_errors = pl.col("n_tag_errors") - lacking
    fails = {
        "unmeasured": pl.col("has_readability").is_null(),
        "repetition": pl.col("repetition") > limits.max_repetition,
        "loop": pl.col("loop_chars") > limits.max_loop_chars,
        "inner_loop": pl.col("inner_loop_chars") > limits.max_inner_loop_chars,
        "compressible": pl.col("compression_ratio") > limits.max_compression_ratio,
        "long_paragraph": pl.col("longest_paragraph_chars") > limits.max_paragraph_chars,
        "code_blocks": (pl.col("n_code_blocks") > limits.max_code_blocks) & (pl.col("domain") != "code"),
        "stray_tags": formed & (tag_errors > limits.max_tag_errors),
        "leaked_tags": formed & (pl.col("n_leaked_tags") > limits.max_leaked_tags),
        "empty_thought": formed & (pl.col("thought_chars") < limits.min_thought_chars) & ~general,
        "no_summary": formed & (pl.col("summary_chars") < limits.min_summary_chars),
        "restates_prompt": pl.col("restated_share") > limits.max_restated_share,
        "restates_answer": pl.col("thought_is_answer") & ~general & (not limits.allow_thought_is_answer),
    }
    return [pl.when(fail).then(pl.lit(f"readability:{reason}")) for reason, fail in fails.items()]
