"""The tab SQL without a browser: questions with parameters, any other SELECT, tables, charts, refusals."""

import json
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import polars as pl
import pytest

from r1data.app import asking
from r1data.app.asking import MOST_ROWS, answered, chartable, parameters, titles
from r1data.app.sql_moves import SqlMoves, rows_table
from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.lake.query import fetch, question

PLACE = "r/2026-01-02"


def test_every_question_has_words_and_asks_for_what_the_page_can_give() -> None:
    assert titles()["why_rejected"].startswith("Why were rollouts rejected?")
    assert {name for file in titles() for name in parameters(question(file))} == {
        "recipe",
        "night",
        "rollout_id",
    }


@pytest.mark.parametrize("name", list(titles()))
def test_every_question_is_answered(name: str, read_lake: Lake) -> None:
    given = {"recipe": "r", "night": "2026-01-02", "rollout_id": "a1"}
    assert answered(read_lake, question(name), given).rows.width


def test_a_page_opens_with_a_question_a_table_and_a_chart_and_a_link_with_its_own(read_lake: Lake) -> None:
    plain = SqlMoves(read_lake).load("?tab=sql")
    assert "verification:unreadable" in plain["table"]["value"]
    assert plain["chart"]["y"] == "n_rollouts" and plain["chart"]["visible"]
    assert "r1data sql why_rejected -p night=2026-01-02 -p recipe=r" in plain["message"]["value"]
    why = SqlMoves(read_lake).load("?tab=sql&question=why&rollout_id=a1")
    assert "verdict of math" in why["table"]["value"] and why["rollout_id"] == {
        "visible": True,
        "value": "a1",
    }
    assert json.loads(why["link"]["value"]) == {"question": "why", "rollout_id": "a1"}
    waiting = SqlMoves(read_lake).load("?tab=sql&question=why")
    assert waiting["table"]["value"] == "" and waiting["message"]["value"] == ""


def test_a_question_that_there_is_not_names_the_nearest(read_lake: Lake) -> None:
    told = SqlMoves(read_lake).load("?tab=sql&question=why_reject")["message"]["value"]
    assert "did you mean &#96;why_rejected&#96;" in told


def test_any_select_is_asked_and_nothing_else(read_lake: Lake, tmp_path: Path) -> None:
    moves = SqlMoves(read_lake)
    own = moves.ask("why", "select 1 as one, '<script>' as text", PLACE, "")
    assert "&lt;script&gt;" in own["table"]["value"]
    link = json.loads(own["link"]["value"])
    assert link == {"sql": "select 1 as one, '<script>' as text"}
    assert "r1data sql" in own["message"]["value"] and "<script>" not in own["message"]["value"]
    opened = moves.load("?" + urlencode({"tab": "sql"} | link))
    assert opened["sql"]["value"] == link["sql"] and "table" not in opened  # nobody has asked it yet
    for sql in (
        "drop view rollouts",
        "select 1; select 2",
        f"copy (select 1) to '{tmp_path}/x'",
        "selec",
        "",
    ):
        refused = moves.ask("why", sql, PLACE, "")
        assert "error" in refused["message"]["value"]
        assert refused["table"]["value"] == "" and not refused["chart"]["visible"]  # of the one before
    refused = moves.ask("why", "from read_csv('/etc/passwd')", PLACE, "")
    assert "Permission Error" in refused["message"]["value"]
    refused = moves.ask("why_rejected", question("why"), PLACE, " ")
    assert "a value for $rollout_id" in unescape(refused["message"]["value"])
    assert refused["rollout_id"]["visible"]
    for name in ("$colour", "$1"):
        told = unescape(moves.ask("why", f"select {name}", PLACE, "")["message"]["value"])
        assert f"{name}: this page knows $recipe, $night, $rollout_id" in told
    plain = moves.ask("why", "select 'costs $usd'", PLACE, "")
    assert "costs $usd" in unescape(plain["table"]["value"])


@pytest.mark.parametrize(
    "words",
    ["recipe=r&night=2020-01-01", "recipe=nonsense&night=2026-01-02", "recipe=other", "night=2020-01-01"],
)
def test_a_link_to_a_night_that_is_none_shows_no_other(read_lake: Lake, words: str) -> None:
    shown = SqlMoves(read_lake).load(f"?tab=sql&question=why_rejected&{words}")
    assert "no such recipe and night" in shown["message"]["value"]
    assert shown["place"]["value"] is None and shown["table"]["value"] == ""
    night = SqlMoves(read_lake).load("?tab=sql&question=why_rejected&night=2026-01-02")
    assert night["place"]["value"] == PLACE and night["table"]["value"]


def test_bars_begin_at_zero_whichever_column_they_show(read_lake: Lake) -> None:
    moves = SqlMoves(read_lake)
    sql = "select * from (values ('a', 22, -1), ('b', 20, 3), ('c', null, -2)) as t (word, n, gain)"
    asked = moves.ask("why", sql, PLACE, "")
    assert (asked["chart"]["y"], asked["chart"]["y_lim"]) == ("n", [0, None])
    assert set(asked["chart"]["value"].columns) == {"word", "n", "gain"}
    other = moves.draw(asked["axes"]["value"], "gain")
    assert other == {"chart": {"y": "gain", "y_lim": [-2, None]}}
    below = moves.ask("why", "select * from (values ('a', -3), ('b', -1)) as t (word, n)", PLACE, "")
    assert below["chart"]["y_lim"] == [-3, 0]


def test_rows_beyond_what_is_shown_are_not_fetched(read_lake: Lake) -> None:
    found = answered(read_lake, "select * from range(10_000_000_000)", {})
    assert (found.rows.height, found.more) == (MOST_ROWS, True)


def test_a_question_that_takes_too_long_is_ended(read_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_S", 0.5)
    with pytest.raises(QueryError, match="took longer than"):
        answered(
            read_lake,
            "select count(*) from range(1_000_000_000_000) as a, range(9) as b where a.range % 7 = 3",
            {},
        )


def test_a_chart_is_drawn_where_the_first_words_name_its_bars() -> None:
    named = pl.DataFrame({"word": ["a", "b"], "n": [1, 2], "share": [0.5, 0.5]})
    assert chartable(named) == ("word", ["n", "share"])
    assert chartable(pl.DataFrame({"tenth": [0.1, 0.2], "n": [3, 4]})) == ("tenth", ["n"])
    assert chartable(named.with_columns(word=pl.lit("a"))) is None
    assert chartable(named.head(1)) is None
    assert chartable(pl.DataFrame({"word": ["a", "b"]})) is None


def test_cells_are_escaped_cut_and_readable() -> None:
    rows = pl.DataFrame(
        {"n": [1234567, None], "x": [0.123456, 12345.6], "l": [["<b>"], []], "t": ["y" * 999, None]}
    )
    table = rows_table(rows)
    assert "<td class=number>1,234,567</td>" in table and "<td class=number>12,346</td>" in table
    assert "[&quot;&lt;b&gt;&quot;]" in table and "y" * 300 + " …" in table and "y" * 301 not in table
    assert "no rows" in rows_table(rows.clear())


def test_dates_that_polars_has_not_are_told_as_texts(read_lake: Lake) -> None:
    found = answered(
        read_lake,
        "select 'infinity'::date as a, date '99999-01-01' as b, interval 1 month as c, 7 as d, "
        "{'took': interval 1 day} as e, [date 'infinity'] as f, 340282366920938463463374607431768211455 as g",
        {},
    )
    assert found.rows.row(0)[:4] == ("infinity", "99999-01-01", "1 month", 7)
    assert found.rows.row(0)[4:] == (
        "{'took': 1 day}",
        "[infinity]",
        "340282366920938463463374607431768211455",
    )


def test_a_value_that_polars_has_not_is_a_refusal_elsewhere(read_lake: Lake) -> None:
    with pytest.raises(QueryError, match="Cast it to varchar"):
        fetch(read_lake, "select {'took': interval 1 day} as a")
