"""The model card of a student, in Markdown: what it learnt from, how, and what it gained."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from r1data.evaluate.metrics import Estimate, Metrics, difference, metrics
from r1data.recipe import Student
from r1data.train.exports import Export

RESULT_HEAD = "| model | pass@1 | pass@{k} | cons@{k} | well-formed | last number | cap hits | tokens | s |"


def model_card(
    row: Mapping[str, Any], after: pl.DataFrame, before: pl.DataFrame, *, student: Student, export: Export
) -> str:
    """Write the card of a trained student.

    Args:
        row: the student's row of table `students`.
        after, before: rows of table `evaluations` of the student and of its base, as
            `r1data.evaluate.attempts_of` gives them; empty where there are none yet.
        student: the recipe that it was trained and evaluated by.
        export: the rows that it trained on.

    Returns:
        Markdown, one sentence or one row of a table per line.
    """
    sections = [
        f"# {row['student']}",
        f"A student of {row['base']}, trained on {row['n_rows']} traces of recipe `{row['recipe']}`. "
        f"Weights `{row['revision']}`, run `{row['run_key']}`.",
        "## Results",
        _results(row, after, before, student),
        "## Data",
        _data(row, export),
        "## Mix",
        f"```sql\n{row['mix'].strip()}\n```",
        "## Training",
        _training(row, student),
    ]
    return "\n\n".join(sections) + "\n"


def _results(row: Mapping[str, Any], after: pl.DataFrame, before: pl.DataFrame, student: Student) -> str:
    how = student.evaluate
    if after.is_empty():
        return f"Not evaluated on `{how.benchmark}` yet."
    asked = {row["base"]: before, row["student"]: after}
    found = {name: metrics(attempts)[0] for name, attempts in asked.items() if attempts.height}
    one = found[row["student"]]
    lines = [
        f"Benchmark `{how.benchmark}`: {one.n_items} items, zero-shot, {one.k} attempts each, temperature "
        f"{how.sampling.temperature}, top-p {how.sampling.top_p}, at most {how.max_tokens} tokens; intervals "
        "are 95 %. An attempt is solved when it is right, well-formed and finished; cons@k and the "
        "last number ask for the right answer in any form.",
        "",
        RESULT_HEAD.format(k=one.k),
        "|---|---|---|---|---|---|---|---|---|",
        *(_result(name, each) for name, each in found.items()),
    ]
    if before.height:
        lines += ["", f"Gain in pass@1, paired by item: {_points(difference(after, before))}."]
    return "\n".join(lines)


def _result(name: str, one: Metrics) -> str:
    cells = [
        name,
        one.pass_at_1.percent(),
        _percent(one.pass_at_k),
        _percent(one.cons_at_k),
        _percent(one.well_formed),
        one.last_number.percent(),
        _percent(one.cap_hit_rate),
        f"{one.mean_completion_tokens:.0f}",
        f"{one.mean_elapsed_s:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _data(row: Mapping[str, Any], export: Export) -> str:
    versions = ", ".join(f"`{table}` {version}" for table, version in json.loads(row["inputs"]).items())
    return "\n".join(
        [
            f"- Rows: export `{row['rows_digest']}`, {export.n_rows} traces, "
            f"{export.completion_tokens} completion tokens; {row['n_rows_too_long']} of them too long and "
            "left out",
            f"- Versions of the tables read: {versions or 'none recorded'}",
            f"- Licences of the prompts: {_counts(export.licences)}",
            f"- Terms of the teachers' completions: {_counts(export.terms)}",
        ]
    )


def _training(row: Mapping[str, Any], student: Student) -> str:
    settings = getattr(student, student.trainer).model_dump()
    lines = [
        f"| {name} | {value} |"
        for name, value in {"trainer": student.trainer, "seed": student.seed, **settings}.items()
    ]
    measured = (
        f"{row['steps']} steps in {row['elapsed_s']:.0f} s with {row['peak_memory_bytes'] / 2**30:.1f} GiB "
        f"of memory; loss {row['first_loss']:.3f} → {row['last_loss']:.3f} nats per token."
    )
    return "\n".join(["| setting | value |", "|---|---|", *lines, "", measured])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({n})" for name, n in counts.items())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(gain: Estimate) -> str:
    return f"{100 * gain.value:+.1f} points ({100 * gain.low:+.1f} … {100 * gain.high:+.1f})"
