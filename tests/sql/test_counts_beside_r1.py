"""The corpus beside R1's published counts."""

from collections.abc import Callable
from typing import TypeAlias

import duckdb
import polars as pl

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
Ask = Callable[[Connection, str], pl.DataFrame]


def test_r1s_counts_stand_beside_ours_by_domain_and_add_up(night: Connection, ask: Ask) -> None:
    night.execute(
        "insert into corpus by name select * replace ('x' as rollout_id, 'code' as domain, "
        "300 as completion_tokens, 400 as student_tokens) from corpus where rollout_id = 'a'"
    )
    shown = ask(night, "questions/counts_beside_r1.sql")
    rows = {row["domain"]: row for row in shown.to_dicts()}
    assert list(rows)[:5] == ["math", "code", "stem", "logic", "general"]
    assert (rows["code"]["n_traces"], rows["code"]["mean_tokens"]) == (1, 300.0)
    assert (rows["code"]["mean_student_tokens"], rows["code"]["r1_mean_tokens"]) == (400.0, 7436)
    every = rows.pop("all")
    assert every["n_traces"] == sum(row["n_traces"] for row in rows.values())
    assert every["r1_traces"] == 804_745 == sum(row["r1_traces"] or 0 for row in rows.values())
    assert rows["stem"]["n_traces"] == 0
    assert rows["stem"]["mean_tokens"] is None
