"""Language mix: how much of a trace is in the language of its prompt, and where it is not.

Mixing in real traces is tiny, one to a few foreign letters in twenty thousand, so every letter counts. Three
steps: a gate of Polars expressions tells whether any letter is foreign by its script (`spans.gate_pattern`);
what is no language is blanked (`mask`); runs of foreign letters are located in what the gate stopped
(`spans`), and sentences of other languages in the same script are identified (`sentences`).
`docs/language.md` has the rules.
"""

from collections import Counter
from typing import Any

import polars as pl

from r1data.curate.language.identify import DETECTOR, code_of
from r1data.curate.language.scripts import SCRIPTS_OF
from r1data.curate.language.spans import gate_pattern
from r1data.curate.language.text import Mixture, language_of, mixture, script_in
from r1data.schema.facts import LANGUAGE

VERSION = f"3+{DETECTOR}"

_MEASURES = LANGUAGE.schema.names()[4:]


def language_mix(traces: pl.LazyFrame) -> pl.LazyFrame:
    """Measure how much of each trace is written in its language, and locate what is not.

    Args:
        traces: night, rollout_id, text (whole completion), target (ISO 639-1 code of the wanted language;
            its region and capitals do not count), and, if it is there, prompt: what it says word for word is
            no mixing.

    Returns:
        Schema LANGUAGE, one row per trace. Offsets count characters (code points) of `text`. A target that
        has no known script leaves every measure null.
    """
    names = ["night", "rollout_id", "text", "target"]
    names += ["prompt"] if "prompt" in traces.collect_schema() else []
    return traces.select(names).map_batches(_measure, schema=LANGUAGE.schema, streamable=True)


def gate(target: str) -> pl.Expr:
    """Whether a text (column `text`) may hold letters that are foreign to a language by their script."""
    return pl.col("text").str.contains(gate_pattern(target))


def _measure(traces: pl.DataFrame) -> pl.DataFrame:
    parts = [_measure_target(part) for part in traces.partition_by("target", maintain_order=True)]
    return pl.concat([LANGUAGE.empty(), *parts])


def _measure_target(traces: pl.DataFrame) -> pl.DataFrame:
    """Facts about traces of one target."""
    target = code_of(traces["target"][0] or "")
    known = traces.select("night", "rollout_id", "target", version=pl.lit(VERSION))
    if target not in SCRIPTS_OF:
        rows = [dict.fromkeys(_MEASURES)] * traces.height
    else:
        prompts = traces["prompt"].fill_null("") if "prompt" in traces.columns else [""] * traces.height
        stopped = traces.select(gate(target))["text"]
        rows = [
            _facts(mixture(text, target, prompt, gated=not stop))
            for text, prompt, stop in zip(traces["text"], prompts, stopped, strict=True)
        ]
    types = {name: LANGUAGE.schema[name] for name in _MEASURES}
    return known.hstack(pl.DataFrame(rows, schema=types)).select(LANGUAGE.schema.names())


def _facts(mix: Mixture) -> dict[str, Any]:
    """The measures of one text."""
    thought = mix.consistency(*mix.thought())
    facts: dict[str, Any] = {"consistency": thought, "n_foreign_chars": 0, "foreign_spans": []}
    if not mix.spans:
        whole = mix.consistency()
        shares = [] if whole is None else [{"language": mix.target, "share": 1.0}]
        return facts | {"target_share": whole, "shares": shares}
    spans, counts = [], Counter({mix.target: mix.n_own_letters()})
    for span in mix.spans:
        letters, language = mix.letters(span), language_of(mix, span)
        counts[language] += len(letters)
        facts["n_foreign_chars"] += len(letters)
        place = {"offset": span.start, "length": span.end - span.start, "script": script_in(letters)}
        spans.append(place | {"language": language, "text": mix.text[span.start : span.end]})
    shares = [{"language": code, "share": n / counts.total()} for code, n in counts.most_common() if n]
    share = counts[mix.target] / counts.total()
    return facts | {"target_share": share, "shares": shares, "foreign_spans": spans}
