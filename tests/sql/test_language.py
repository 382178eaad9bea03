"""What `why` tells of a trace that mixes languages."""

from collections.abc import Callable
from typing import TypeAlias

import duckdb
import polars as pl

Connection: TypeAlias = "duckdb.DuckDBPyConnection"
Ask = Callable[[Connection, str], pl.DataFrame]


def told(night: Connection, ask: Ask) -> str:
    return ask(night, "questions/why.sql").filter(step="language")["detail"].item()


def test_why_tells_where_the_first_foreign_spans_are_and_how_many_more(night: Connection, ask: Ask) -> None:
    assert told(night, ask) == "0 foreign letters"
    span = "{'offset': %d, 'length': 2, 'script': 'Han', 'language': 'zh', 'text': '每天'}"
    spans = ", ".join(span % (10 * number) for number in range(7))
    night.execute(
        f"update language set n_foreign_chars = 14, foreign_spans = [{spans}] where rollout_id = 'a'"
    )
    first = ", ".join(f'zh at {10 * number} "每天"' for number in range(5))
    assert told(night, ask) == f"14 foreign letters: {first} and 2 more"


def test_why_tells_what_the_newest_version_measured_alone(night: Connection, ask: Ask) -> None:
    night.execute("insert into language by name select * replace ('10+x' as version) from language")
    night.execute("update language set n_foreign_chars = 3 where rollout_id = 'a' and version = '10+x'")
    night.execute("insert into language by name select * replace ('9+x' as version) from language")
    assert told(night, ask).startswith("3 foreign letters")


def test_why_ends_no_list_with_a_comma_and_counts_in_good_english(night: Connection, ask: Ask) -> None:
    night.execute("update readability set n_code_blocks = 1, n_tag_errors = 2 where rollout_id = 'a'")
    story = ask(night, "questions/why.sql")
    assert "1 code block, 2 tag errors" in story.filter(step="readability")["detail"].item()
    details = story.filter(pl.col("step").str.starts_with("selection"))["detail"].drop_nulls().to_list()
    assert details
    assert not [detail for detail in details if detail.rstrip().endswith(",")]
