"""How far a corpus is from R1's three reasoning traces to one general one."""

from collections.abc import Callable
from typing import TypeAlias

import duckdb
import polars as pl
import pytest

from r1data.train.draw import draw

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
Ask = Callable[[Connection, str], pl.DataFrame]


def add(night: Connection, domain: str, n: int, *, bare: int = 0) -> None:
    """Add `n` accepted traces of a domain, some of them without a thought."""
    for i in range(n):
        thought = "null" if i < bare else "'Hm.'"
        night.execute(
            f"insert into corpus by name select * replace ('{domain}{i}' as rollout_id, "
            f"'{domain}' as domain, {thought} as reasoning) from corpus where rollout_id = 'a'"
        )


def in_proportion(night: Connection, ask: Ask) -> pl.DataFrame:
    return draw(ask(night, "mixes/r1.sql"), key="rollout_id", reasoning_per_general=3)


def test_shares_and_weights_are_those_of_three_to_one(night: Connection, ask: Ask) -> None:
    add(night, "general", 4, bare=3)
    rows = ask(night, "questions/reasoning_share.sql")
    assert rows.select("kind", "with_thought", "n_traces", "share", "r1_share", "weight").rows() == [
        ("reasoning", True, 2, 0.333, 0.75, 2.25),
        ("general", True, 1, 0.167, 0.25, 0.375),
        ("general", False, 3, 0.5, 0.25, 0.375),
    ]
    weighted = (rows["n_traces"] * rows["weight"]).to_list()
    assert weighted[0] == pytest.approx(3 * sum(weighted[1:]))


def test_a_corpus_of_one_kind_has_no_weights_and_its_mix_is_all_of_it(night: Connection, ask: Ask) -> None:
    assert ask(night, "questions/reasoning_share.sql").select("weight", "n_in_mix").rows() == [(None, None)]
    assert in_proportion(night, ask).height == 2
    night.execute("update corpus set domain = 'general'")
    assert in_proportion(night, ask).height == 2


@pytest.mark.parametrize(("n_code", "n_general", "kept"), [(0, 4, (2, 1)), (8, 4, (9, 3)), (8, 1, (3, 1))])
def test_the_mix_keeps_of_the_kind_that_is_too_many_a_part(
    night: Connection, ask: Ask, n_code: int, n_general: int, kept: tuple[int, int]
) -> None:
    add(night, "code", n_code)
    add(night, "general", n_general, bare=1)
    general = in_proportion(night, ask)["domain"] == "general"
    assert ((~general).sum(), general.sum()) == kept


@pytest.mark.parametrize(("n_code", "n_general"), [(0, 4), (8, 4), (8, 1)])
def test_the_mix_has_as_many_as_the_question_tells_and_a_trace_without_domain_is_a_reasoning_one(
    night: Connection, ask: Ask, n_code: int, n_general: int
) -> None:
    add(night, "code", n_code)
    night.execute("update corpus set domain = null where domain = 'code'")
    add(night, "general", n_general)
    general = (in_proportion(night, ask)["domain"] == "general").fill_null(False)
    told = ask(night, "questions/reasoning_share.sql")
    assert told.select("kind", "n_in_mix").rows() == [
        ("reasoning", (~general).sum()),
        ("general", general.sum()),
    ]
