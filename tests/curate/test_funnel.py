"""The funnel of what selection made of random facts: each rollout falls once or is accepted."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1data.curate.select import select
from r1data.paths import PROJECT

Make = Callable[..., Any]
# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
FUNNEL = (PROJECT / "sql" / "views" / "funnel.sql").read_text(encoding="utf-8")
TRACE = st.fixed_dictionaries(
    {
        "prompt": st.sampled_from("pq"),
        "tokens": st.sampled_from([1, 2, 3, None]),
        "finish": st.sampled_from(["stop", "stop", "length"]),
        "verdict": st.sampled_from(["right", "right", "wrong", "unknown", None]),
        "form": st.sampled_from(["right", "right", "wrong"]),
        "foreign": st.sampled_from([0, 0, 1, None]),
        "repetition": st.sampled_from([0.0, 0.0, 0.9]),
        "benchmark": st.sampled_from([None, None, "aime"]),
    }
)
PAIR = st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0.9, 1.0]))


@pytest.fixture
def connection() -> Iterator[Connection]:
    """One for all examples: to open it takes as long as the rest of an example."""
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    traces=st.lists(TRACE, min_size=1, max_size=12), pairs=st.lists(PAIR, max_size=6), keep=st.integers(1, 3)
)
def test_every_rollout_falls_at_one_stage_or_is_accepted(
    connection: Connection,
    make_ledgers: Make,
    make_recipe: Make,
    traces: list[dict[str, Any]],
    pairs: list[Any],
    keep: int,
) -> None:
    named = [{"id": f"{at:02}"} | trace for at, trace in enumerate(traces)]
    twins = [(f"{max(one, other):02}", f"{min(one, other):02}", jaccard) for one, other, jaccard in pairs]
    ledgers = make_ledgers(*named, pairs=[pair for pair in set(twins) if pair[0] != pair[1]])
    selected = select(**ledgers, recipe=make_recipe(keep_per_prompt=keep)).collect()
    connection.register("selected", selected)
    stages = connection.sql(FUNNEL).pl()
    entered, dropped, remaining = (stages[name].to_list() for name in ("entered", "dropped", "remaining"))
    assert entered == [selected.height, *remaining[:-1]]
    assert [n - fell for n, fell in zip(entered, dropped, strict=True)] == remaining
    assert remaining[-1] == selected["accepted"].sum()
    assert sum(dropped) + remaining[-1] == selected.height
    fallen = selected.filter(~selected["accepted"])
    for stage, n in zip(stages["stage"], dropped, strict=True):
        assert n == (fallen["stage"] == stage).sum()
    for row in fallen.iter_rows(named=True):  # the first reason is that of the stage, and none is said twice
        assert row["reasons"][0].split(":")[0] == row["stage"]
        assert len(set(row["reasons"])) == len(row["reasons"])
