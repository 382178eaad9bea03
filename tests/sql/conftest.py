"""DuckDB catalogs in memory: every table of the schema, and every view of `sql/views/`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import polars as pl
import pytest

from r1data.lake import Lake
from r1data.paths import PROJECT
from r1data.schema import TABLES
from r1data.train.mix_kinds import kind_of
from r1data.train.mix_parameters import declared

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
RECIPE, NIGHT = "r", "2026-01-01"


def rows(table: str, values: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a table, of the recipe and the night; a column that is not given is null."""
    schema = TABLES[table].schema
    assert {name for row in values for name in row} <= set(schema)
    common = dict.fromkeys(schema) | {"night": NIGHT} | ({"recipe": RECIPE} if "recipe" in schema else {})
    return pl.DataFrame([common | row for row in values], schema=schema, orient="row")


def publish(lake: Lake, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Put rows of the night into a lake: a ledger keeps what it has, anything else is replaced."""
    for name, values in tables.items():
        frame = rows(name, values)
        if TABLES[name].kind == "ledger":
            lake.append(name, frame)
        else:
            lake.replace(name, {"recipe": RECIPE, "night": NIGHT}, frame)


def catalog(tables: dict[str, list[dict[str, Any]]]) -> Connection:
    """Tables with these rows, the other ones empty, and the views."""
    connection = duckdb.connect()
    for name in TABLES:
        connection.register("frame", rows(name, tables.get(name, [])))
        connection.execute(f'create table "{name}" as select * from frame')
    waiting = sorted((PROJECT / "sql" / "views").glob("*.sql"))
    while waiting:
        left = [file for file in waiting if not _created(connection, file)]
        assert len(left) < len(waiting), f"{left[0].name} reads a table or a view that there is not"
        waiting = left
    return connection


def _created(connection: Connection, file: Path) -> bool:
    try:
        connection.execute(f'create view "{file.stem}" as {file.read_text(encoding="utf-8")}')
    except duckdb.CatalogException:  # it may read a view that comes later
        return False
    return True


@pytest.fixture
def empty() -> Iterator[Connection]:
    """A catalog before the first night."""
    with catalog({}) as connection:
        yield connection


@pytest.fixture
def night() -> Iterator[Connection]:
    """A catalog after five rollouts at two prompts: two accepted, one copy, one wrong, one truncated."""
    with catalog(night_of_five()) as connection:
        yield connection


@pytest.fixture
def ask() -> Callable[[Connection, str], pl.DataFrame]:
    """Run a statement of a file below `sql/`, with the parameters that it names; a mix by its key, for mixes
    have no order.
    """

    def run(connection: Connection, path: str) -> pl.DataFrame:
        text = (PROJECT / "sql" / path).read_text(encoding="utf-8")
        (statement,) = connection.extract_statements(text)
        assert statement.type == duckdb.StatementType.SELECT
        given: dict[str, Any] = {"recipe": RECIPE, "night": NIGHT, "rollout_id": "a"}
        given |= {name: one.default for name, one in declared(path, text).items()}
        found = connection.sql(text, params={name: given[name] for name in statement.named_parameters}).pl()
        return found.sort(kind_of(found.columns).key) if path.startswith("mixes/") else found

    return run


def ablation(rates: dict[str, list[float]]) -> dict[str, list[dict[str, Any]]]:
    """Tables of an ablation `tiny`: of each mix and seed, the share of ten items that its student solves, and
    a teacher that solves eight of them.
    """
    students, evaluations = [], [_attempt("teacher", None, item, item < 8) for item in range(10)]
    for mix, shares in rates.items():
        for seed, share in enumerate(shares):
            name = f"tiny-{mix}-s{seed}"
            job = {"run_key": name, "student": name, "mix_name": mix, "seed": seed, "n_rows": 9}
            job |= {"revision": name}
            students.append(job | {"trained_at": datetime(2026, 1, 1, tzinfo=UTC), "elapsed_s": 4.0})
            evaluations += [_attempt(name, name, item, item < 10 * share) for item in range(10)]
    return {"students": students, "evaluations": evaluations}


def _attempt(student: str, run_key: str | None, item: int, solved: bool) -> dict[str, Any]:
    asked = {"student_id": student, "student": student, "run_key": run_key, "protocol": "zero-shot"}
    return asked | {
        "revision": student,
        "benchmark": "heldout",
        "item_id": f"{item}",
        "index": 0,
        "completion_tokens": 5,
        "elapsed_s": 0.5,
        "solved": solved,
    }


def night_of_five() -> dict[str, list[dict[str, Any]]]:
    """The rows of fixture `night`, by table."""
    cut = ["generation:length", "verification:truncated"]
    # rollout, prompt, tokens, finish_reason, verdict, reward, stage, reasons, twin
    made = [
        ("a", "p", 20, "stop", "right", 1.0, None, [], None),
        ("b", "p", 30, "stop", "right", 1.0, "duplicates", ["duplicates:near_duplicate"], "a"),
        ("c", "p", 10, "stop", "wrong", 0.0, "verification", ["verification:different"], None),
        ("d", "q", 90, "length", "unknown", None, "generation", cut, None),
        ("e", "q", 25, "stop", "right", 1.0, None, [], None),
    ]
    return {
        "prompts": [_prompt(prompt_id) for prompt_id in "pq"],
        "intake": [{"prompt_id": name, "source": "templates", "kept": True} for name in "pq"],
        "thresholds": [{"name": "difficulty.max_pass_rate", "value": 0.8}],
        "prompt_references": [_reference(prompt_id) for prompt_id in "pq"],
        "teachers": [{"teacher_id": "t", "name": "small", "terms": "Apache-2.0"}],
        "rollouts": [_rollout(*row[:4], index) for row, index in zip(made, (0, 1, 2, 0, 1), strict=True)],
        "engine_runs": [{"run": "1", "engine": "fake 1", "n_rollouts": 5, "completion_tokens": 175}],
        "verdicts": [verdict for row in made for verdict in _verdicts(row[0], row[4], row[5])],
        "judgements": [judgement("c", "right")],
        "reviews": [review("a", "approve", 1), review("c", "reject", 1)],
        "language": [{"rollout_id": row[0], "version": "1", "n_foreign_chars": 0} for row in made],
        "readability": [{"rollout_id": row[0], "version": "1", "repetition": 0.1} for row in made],
        "pii": [{"subject": "trace", "subject_id": row[0], "version": "1", "n_marks": 0} for row in made],
        "contamination": [_clean("trace", name) for name in "abcde"]
        + [_clean("prompt", name) for name in "pq"],
        "duplicates": [{"rollout_id": "b", "twin_id": "a", "twin_night": NIGHT, "jaccard": 0.9}],
        "selected": [_selected(*row[:2], row[4], *row[6:]) for row in made],
        "corpus": [_accepted(*row[:3]) for row in made if row[6] is None],
        "cold_start": [{"rollout_id": "z", "prompt_id": "p", "reasoning": "1 + 1 = 2.", "summary": "2"}],
        **ablation({"strict": [0.5, 0.6, 0.7], "unfiltered": [0.4, 0.5, 0.6]}),
    }


def _prompt(prompt_id: str) -> dict[str, Any]:
    return {
        "prompt_id": prompt_id,
        "messages": [{"role": "user", "content": f"Question {prompt_id}?"}],
        "domain": "math",
        "family": f"family {prompt_id}",
        "language": "en",
        "source": "templates",
        "licence": "Apache-2.0",
    }


def _reference(prompt_id: str) -> dict[str, Any]:
    return {
        "prompt_id": prompt_id,
        "reference_version": "v1",
        "reference": "4",
        "verifier": "math",
        "verifier_args": "{}",
        "added_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


def _rollout(rollout_id: str, prompt_id: str, tokens: int, finish_reason: str, index: int) -> dict[str, Any]:
    text = f"<think>\nSo 𝑥 is 天: {rollout_id}.\n</think>\n\n4"
    end = text.index("</think>")
    return {
        "rollout_id": rollout_id,
        "prompt_id": prompt_id,
        "teacher_id": "t",
        "index": index,
        "completion": text,
        "thought_start": len("<think>"),
        "thought_end": end,
        "answer_start": end + len("</think>"),
        "finish_reason": finish_reason,
        "completion_tokens": tokens,
        "elapsed_s": 1.0,
        "engine": "vllm",
        "cost_usd": 0.5,
    }


def _verdicts(rollout_id: str, verdict: str, reward: float | None) -> list[dict[str, Any]]:
    common = {"rollout_id": rollout_id, "elapsed_ms": 1.0}
    newest = {"verifier": "math", "verifier_version": "math-10", "reference_version": "v1"}
    older = newest | {"verifier_version": "math-9", "verdict": "wrong", "reward": 0.0, "reason": "different"}
    stale = newest | {"reference_version": "v0", "verdict": "wrong", "reward": 0.0, "reason": "different"}
    form = {"verifier": "format", "verifier_version": "format-1", "reference_version": "", "verdict": "right"}
    reason = {"right": "equal", "wrong": "different", "unknown": "truncated"}[verdict]
    extracted = "5" if verdict == "wrong" else "4"
    decided = newest | {"verdict": verdict, "reward": reward, "reason": reason, "extracted": extracted}
    return [common | row for row in (older, stale, decided, form | {"reward": 1.0, "reason": "well_formed"})]


def judgement(rollout_id: str, verdict: str, **more: Any) -> dict[str, Any]:
    """A row of table `judgements`."""
    return {
        "rollout_id": rollout_id,
        "judge_id": "j",
        "rubric": "reference_match",
        "rubric_version": "1",
        "reference_version": "v1",
        "verdict": verdict,
        "reason": f"judged_{verdict}",
        "margin": 0.8,
        "votes": [
            {"swapped": False, "word": "SAME", "margin": 0.9, "reply": "SAME"},
            {"swapped": True, "word": None, "margin": None, "reply": "?"},
        ],
        "judged_at": datetime(2026, 1, 1, tzinfo=UTC),
    } | more


def review(rollout_id: str, verdict: str, day: int, **more: Any) -> dict[str, Any]:
    """A row of table `reviews`."""
    return {
        "review_id": f"{rollout_id}{day}",
        "rollout_id": rollout_id,
        "verdict": verdict,
        "reviewer": "ada",
        "reviewed_at": datetime(2026, 1, day, tzinfo=UTC),
    } | more


def _clean(subject: str, subject_id: str) -> dict[str, Any]:
    return {"subject": subject, "subject_id": subject_id, "version": "1", "contaminated": False}


def _selected(
    rollout_id: str,
    prompt_id: str,
    verdict: str,
    stage: str | None,
    reasons: list[str],
    twin_id: str | None,
) -> dict[str, Any]:
    return {
        "rollout_id": rollout_id,
        "prompt_id": prompt_id,
        "teacher_id": "t",
        "accepted": stage is None,
        "stage": stage,
        "reasons": reasons,
        "twin_id": twin_id,
        "rank": 1 if stage is None else None,
        "verdict": verdict,
        "reward": {"right": 1.0, "wrong": 0.0}.get(verdict),
        "decided_by": None if verdict == "unknown" else "rule",
    }


def _accepted(rollout_id: str, prompt_id: str, tokens: int) -> dict[str, Any]:
    return _prompt(prompt_id) | {
        "rollout_id": rollout_id,
        "teacher_id": "t",
        "reasoning": "So.",
        "answer": "4",
        "terms": "Apache-2.0",
        "reward": 1.0,
        "decided_by": "rule",
        "rank": 1,
        "pass_rate": 2 / 3,
        "completion_tokens": tokens,
    }
