"""The trace is written in the script of its language: R1's language consistency reward, by letters.

Source: DeepSeek-AI, 2025, "DeepSeek-R1", section 2.3.2, which takes the share of words in the target
language.
"""

from typing import Any

import polars as pl

from r1data.curate import language
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = f"language-1+{language.VERSION}"


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Right without foreign letters (`r1data.curate.language`); else the reward is the share of own letters.

    `args`: `language`, the ISO 639-1 code of the wanted language (default `en`). Needs no reference.
    """
    trace = {"night": "", "rollout_id": "", "text": completion, "target": args.get("language", "en")}
    fact = language.language_mix(pl.LazyFrame([trace])).collect().row(0, named=True)
    if fact["n_foreign_chars"] is None:
        return unknown("unknown_script")
    if fact["n_foreign_chars"] == 0:
        return right("in_language")
    return wrong("mixed_language", fact["foreign_spans"][0]["text"], fact["target_share"] or 0.0)
