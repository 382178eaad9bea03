"""A lake of one night that is shaped like R1's 800,000 SFT traces, with defects whose places are known.

    python -m bench.corpus_shaped FOLDER --rows 80000     # 2 GB of text

Domains and token means are those that R1 published, lengths are log-normal, every prompt has four rollouts,
one prompt in eight is Chinese. Each trace has one defect or none; `planted.parquet` beside the lake says
which, and the reasons one of which selection must give. Verdicts, pairs and contamination are stored as
facts; what the stages of language, readability and personal data measure is in the texts. Written in
segments, so memory is bounded.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from bench.corpus_texts import CHARS_PER_TOKEN, SPLICES, Texts
from r1data import ids, text
from r1data.curate.decontaminate import version as contamination_version
from r1data.curate.dedup import algorithm
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.schema import TABLES
from r1data.verify import VERIFIERS

NIGHT, TEACHER = "2026-01-01", "t"
RECIPE_FILE = Path(__file__).with_suffix(".toml")
RECIPE = load_recipe(RECIPE_FILE)
PER_PROMPT = 4
SHAPE = {  # domain: share of R1's traces, mean tokens
    "math": (395_285, 6_094),
    "code": (211_129, 7_436),
    "stem": (10_124, 4_929),
    "logic": (10_395, 2_739),
    "general": (177_812, 1_419),
}
SEGMENT_BYTES = 1 << 27
_SIGMA = 0.6
_MAX_TOKENS = 32_768
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)
_LOOP = {
    "en": "Wait, let me compute this again from the start, because I am not sure. ",
    "zh": "等等，让我从头再算一遍，因为我还不能确定。",
}
_PII = "Write to {0}.lee@{0}-mail.org or call +49 30 5550{1:03d}."


class Defect(NamedTuple):
    """What is planted."""

    share: float
    """Of all rollouts."""
    reasons: tuple[str, ...]
    """Selection must give one of them; none for what selection lets pass."""


DEFECTS = {
    "wrong": Defect(0.2, ("verification:different",)),
    "truncated": Defect(0.05, ("generation:length",)),
    "missing_summary": Defect(0.01, ("verification:no_answer",)),
    "leaked_tag": Defect(0.01, ("format:leaked_tokens",)),
    "foreign_chars": Defect(0.03, ("language:mixed_language",)),
    "foreign_sentence": Defect(0.02, ("language:mixed_language",)),
    "loop": Defect(0.01, ("readability:loop", "readability:repetition")),
    "code_blocks": Defect(0.02, ("readability:code_blocks",)),
    "long_paragraph": Defect(0.02, ("readability:long_paragraph",)),
    "contaminated": Defect(0.005, ("contamination:planted",)),
    "near_duplicate": Defect(0.03, ("duplicates:near_duplicate",)),
    "pii": Defect(0.01, ()),
}


class Made(NamedTuple):
    """One rollout and what is known of it."""

    prompt_id: str
    domain: str
    index: int
    completion: str
    defect: str | None
    tokens: int
    twin_index: int | None


def made(rows: int, seed: int) -> Iterator[tuple[dict[str, Any], list[Made]]]:
    """Prompts, each with its rollouts."""
    rng = np.random.default_rng(seed)
    texts = {language: Texts(language, rng) for language in CHARS_PER_TOKEN}
    domains = list(SHAPE)
    weights = np.array([SHAPE[domain][0] for domain in domains], dtype=float)
    kinds = [None, *DEFECTS]
    shares = [defect.share for defect in DEFECTS.values()]
    for number in range(rows // PER_PROMPT):
        domain = str(rng.choice(domains, p=weights / weights.sum()))
        source = texts["zh" if number % 8 == 0 else "en"]
        question = f"{source.text(300)} ({number})"
        messages = [{"role": "user", "content": question}]
        prompt = {"prompt_id": ids.prompt_id(messages), "messages": messages, "domain": domain}
        prompt |= {"language": source.language}
        drawn = rng.choice(len(kinds), PER_PROMPT, p=[1 - sum(shares), *shares])
        rollouts: list[Made] = []
        for index, kind in enumerate(drawn):
            rollouts.append(_rollout(prompt, index, kinds[kind], rollouts, source))
        yield prompt, rollouts


def _rollout(prompt: dict[str, Any], index: int, kind: str | None, before: list[Made], source: Texts) -> Made:
    domain, rng = prompt["domain"], source.rng
    mean = SHAPE[domain][1]
    tokens = int(rng.lognormal(np.log(mean) - _SIGMA**2 / 2, _SIGMA))
    tokens = max(200, min(tokens, _MAX_TOKENS - 200))
    if kind == "code_blocks" and domain == "code":
        kind = None
    twin = next((one for one in before if one.defect is None), None)
    if kind == "near_duplicate":
        if twin is None or not twin.completion:
            kind = None
        else:
            completion = f"{twin.completion} {source.text(60)}"
            return Made(*twin[:2], index, completion, kind, twin.tokens + 20, twin.index)
    n_chars = round(tokens * CHARS_PER_TOKEN[source.language])
    thought = source.text(n_chars)
    answer = f"{source.text(200)}\n\nThe answer is {index}." if source.language == "en" else "答案如下。"
    if domain == "code":
        thought, answer = source.spliced(thought, source.code()), f"{answer}\n\n{source.code()}"
    thought, answer = _with_defect(kind, thought, answer, source)
    closing = "" if kind == "truncated" else f"\n</think>\n\n{answer}"
    completion = f"<think>\n{thought}{closing}"
    return Made(prompt["prompt_id"], domain, index, completion, kind, tokens, None)


def _with_defect(kind: str | None, thought: str, answer: str, source: Texts) -> tuple[str, str]:
    if kind == "missing_summary":
        return thought, ""
    if kind == "leaked_tag":
        return thought, f"{answer}<|im_end|>"
    if kind == "pii":
        name, number = source.rng.choice(["ann", "bob", "eve"]), int(source.rng.integers(0, 1000))
        return source.spliced(thought, _PII.format(name, number)), answer
    if kind == "foreign_chars":
        return source.spliced(thought, source.foreign_word()), answer
    if kind == "foreign_sentence":
        return source.spliced(thought, str(source.rng.choice(SPLICES))), answer
    if kind == "loop":
        unit = _LOOP[source.language]
        return f"{thought}\n\n{unit * (len(thought) // len(unit) * 3 + 100)}", answer
    if kind == "code_blocks":
        return source.spliced(thought, source.code()), answer
    if kind == "long_paragraph":
        return source.spliced(thought, source.text(8_000, unbroken=True)), answer
    return thought, answer


def make(lake: Lake, rows: int, seed: int = 0) -> pl.DataFrame:
    """Fill a lake; returns what was planted: rollout_id, prompt_id, defect (null without), reasons."""
    _append(lake, "teachers", [{"teacher_id": TEACHER, "name": "made", "terms": "Apache-2.0"}])
    _append(lake, "benchmarks", [{"benchmark": "planted", "item_id": "b", "messages": [], "reference": "0"}])
    version = contamination_version(lake.scan("benchmarks"), RECIPE.contamination)
    plan: list[dict[str, Any]] = []
    planted: list[dict[str, Any]] = []
    tables: dict[str, list[dict[str, Any]]] = {}
    n_bytes = 0
    for prompt, rollouts in made(rows, seed):
        _note_prompt(tables, prompt, version)
        for one in rollouts:
            rollout_id = ids.rollout_id(one.prompt_id, TEACHER, one.index)
            name = {"rollout_id": rollout_id, "prompt_id": one.prompt_id, "teacher_id": TEACHER}
            _note_rollout(tables, one, name, version)
            plan.append(name | {"index": one.index, "reason": "new", "max_tokens": _MAX_TOKENS})
            reasons = DEFECTS[one.defect].reasons if one.defect else ()
            planted.append(name | {"defect": one.defect, "reasons": list(reasons)})
            n_bytes += len(one.completion)
        if n_bytes > SEGMENT_BYTES:
            _flush(lake, tables)
            n_bytes = 0
    _flush(lake, tables)
    lake.replace("plan", {"recipe": RECIPE.name, "night": NIGHT}, _frame("plan", plan))
    schema = {
        "rollout_id": pl.String,
        "prompt_id": pl.String,
        "defect": pl.String,
        "reasons": pl.List(pl.String),
    }
    return pl.DataFrame(planted, schema=schema)


def _note_prompt(tables: dict[str, list[dict[str, Any]]], prompt: dict[str, Any], version: str) -> None:
    said = {"family": f"{prompt['domain']}_made", "source": "made", "origin": "made", "licence": "CC0-1.0"}
    _note(tables, "prompts", prompt | said)
    reference = {"reference_version": "1", "reference": "0", "verifier": "exact", "verifier_args": "{}"}
    _note(tables, "prompt_references", {"prompt_id": prompt["prompt_id"], "added_at": _WHEN} | reference)
    clean = {
        "subject": "prompt",
        "subject_id": prompt["prompt_id"],
        "version": version,
        "contaminated": False,
    }
    _note(tables, "contamination", clean)


def _note_rollout(
    tables: dict[str, list[dict[str, Any]]], one: Made, name: dict[str, Any], version: str
) -> None:
    found, rollout_id = text.thought(one.completion), name["rollout_id"]
    offsets = {"thought_start": found.start, "thought_end": found.end, "answer_start": found.answer_start}
    finish = "length" if one.defect == "truncated" else "stop"
    more = {"finish_reason": finish, "reasoning_kind": "full", "completion_tokens": one.tokens}
    sampled = {"seed": ids.seed(rollout_id), "max_tokens": _MAX_TOKENS, "elapsed_s": 1.0, "engine": "made"}
    written = {"completion": one.completion, "index": one.index}
    _note(tables, "rollouts", name | written | offsets | more | sampled)
    for verifier, reference, said in _verdicts(one.defect):
        stamp = {"verifier": verifier, "verifier_version": VERIFIERS[verifier].version}
        stamp |= {"rollout_id": rollout_id, "reference_version": reference, "elapsed_ms": 1.0}
        _note(tables, "verdicts", stamp | dict(zip(("verdict", "reward", "reason"), said, strict=True)))
    leaked = one.defect == "contaminated"
    compared = {"subject": "trace", "subject_id": rollout_id, "version": version, "contaminated": leaked}
    _note(tables, "contamination", compared | {"benchmark": "planted" if leaked else None})
    if one.twin_index is not None:
        twin = {"twin_id": ids.rollout_id(one.prompt_id, TEACHER, one.twin_index), "twin_night": NIGHT}
        pair = {"rollout_id": rollout_id, "algorithm": algorithm(RECIPE.duplicates), "jaccard": 0.95}
        _note(tables, "duplicates", pair | twin)


def _verdicts(defect: str | None) -> Iterator[tuple[str, str, tuple[str, float | None, str]]]:
    """What rule and form say: verifier, reference_version, and verdict, reward, reason."""
    rule: tuple[str, float | None, str] = ("right", 1.0, "equal")
    form: tuple[str, float | None, str] = ("right", 1.0, "well_formed")
    if defect == "truncated":
        rule = form = ("unknown", None, "truncated")
    elif defect == "wrong":
        rule = ("wrong", 0.0, "different")
    elif defect == "missing_summary":
        rule = form = ("wrong", 0.0, "no_answer")
    elif defect == "leaked_tag":
        form = ("wrong", 0.0, "leaked_tokens")
    yield "exact", "1", rule
    yield "format", "", form


def _note(tables: dict[str, list[dict[str, Any]]], table: str, row: dict[str, Any]) -> None:
    tables.setdefault(table, []).append(row)


def _flush(lake: Lake, tables: dict[str, list[dict[str, Any]]]) -> None:
    for table, rows in tables.items():
        _append(lake, table, rows)
    tables.clear()


def _append(lake: Lake, table: str, rows: list[dict[str, Any]]) -> None:
    lake.append(table, _frame(table, rows))


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a table; a column that none gives is null."""
    schema = TABLES[table].schema
    own = {"night": NIGHT} | ({"recipe": RECIPE.name} if "recipe" in schema else {})
    return pl.DataFrame({name: [(own | row).get(name) for row in rows] for name in schema}, schema=schema)


def main() -> None:
    """Make a lake, and print what was planted in it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--rows", type=int, default=8_000)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    planted = make(Lake(given.folder / "lake"), given.rows, given.seed)
    planted.write_parquet(given.folder / "planted.parquet")
    with pl.Config(tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
        print(planted["defect"].fill_null("none").value_counts(sort=True))


if __name__ == "__main__":
    main()
