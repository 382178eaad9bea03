"""Mixes, names and values that are refused, with a message that says what and where."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from r1data.errors import ConfigError, QueryError, SchemaError
from r1data.lake import Lake
from r1data.train.mix import choose, load_mix, mix_of, open_mix, reads
from r1data.train.mix_kinds import TRACES
from tests.sql.conftest import RECIPE

OF_TRACES = "select * from corpus where recipe = $recipe"


@pytest.mark.parametrize(
    ("sql", "error", "says"),
    [
        (OF_TRACES + " and pass_rat > 0", QueryError, ["mine.sql", "pass_rat", '"pass_rate"', "LINE 1"]),
        ("select *\nfrom corpsu", QueryError, ["mine.sql", "corpsu", '"corpus"', "LINE 2"]),
        ("select *\nfrom corpus\nwhere where", QueryError, ["mine.sql", "syntax error", "LINE 3"]),
        (f"{OF_TRACES}; {OF_TRACES}", QueryError, ["mine.sql", "exactly one SELECT"]),
        ("create table mine as select 1", QueryError, ["exactly one SELECT"]),
        ("insert into corpus values (1)", QueryError, ["exactly one SELECT"]),
        ("copy corpus to 'mine.csv'", QueryError, ["exactly one SELECT"]),
        ("attach 'mine.duckdb'", QueryError, ["exactly one SELECT"]),
        ("pragma database_list", QueryError, ["exactly one SELECT"]),
        ("set memory_limit = '9GB'", QueryError, ["exactly one SELECT"]),
        (
            "with more as (insert into internal.made_of values ('x', 'y') returning *) select * from more",
            QueryError,
            ["mine.sql", "read-only"],
        ),
        ("select * from read_text('/etc/hostname')", QueryError, ["mine.sql", "Permission"]),
        ("select * exclude (answer) from corpus", SchemaError, ["mine.sql", "answer", "Name them"]),
        (
            "select * rename (completion_tokens as completion_token) from corpus",
            SchemaError,
            ["lack completion_tokens", "did you mean `completion_token`"],
        ),
        ("select prompt_id, messages from prompts", SchemaError, ["neither rollout_id", "verifier"]),
        (f"{OF_TRACES} union all {OF_TRACES}", QueryError, ["rollout_id a comes more than once"]),
        (
            OF_TRACES.replace("*", "* replace (null as rollout_id)"),
            QueryError,
            ["rollout_id is null in 2 of 2"],
        ),
        (
            OF_TRACES.replace("*", "* replace (null as prompt_id)"),
            QueryError,
            ["prompt_id is null in 2 of 2"],
        ),
        (
            OF_TRACES.replace("*", "* replace ('{}' as messages)"),
            QueryError,
            ["mine.sql", "Conversion Error"],
        ),
        (OF_TRACES.replace("*", "* replace ('x' as completion_tokens)"), QueryError, ["mine.sql", "'x'"]),
        (OF_TRACES + " and reward > $least", ConfigError, ["uses $least", "-- $least = 1"]),
        ("-- $keep 2: how many\n" + OF_TRACES, ConfigError, ["mine.sql, line 1"]),
        ("-- $keep = 2: a.\n-- $keep = 3: b.\n" + OF_TRACES, ConfigError, ["line 2", "again"]),
        ("-- $recipe = 2: a.\n" + OF_TRACES, ConfigError, ["always given"]),
        ("-- $order = backwards: a.\n" + OF_TRACES, ConfigError, ["backwards", "easy_first"]),
        ("-- $seed = many: a.\n" + OF_TRACES, ConfigError, ["line 1: $seed is a whole number"]),
    ],
)
def test_a_mix_that_cannot_be_run_is_refused_with_its_name(
    stored: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, error: type, says: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as told, open_mix(stored, mix_of("mine", sql), recipe=RECIPE) as opened:
        list(opened.batches)
    assert all(word in str(told.value) for word in says), str(told.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kep": 1}, "no parameter `kep`; did you mean `keep`?"),
        ({"keep": "many"}, "$keep is a whole number, such as 2"),
        ({"keep": 1.5}, "$keep is a whole number"),
        ({"keep": True}, "$keep is a whole number"),
        ({"seed": "x"}, "$seed is a whole number"),
        ({"weights": "2"}, "$weights is a map of numbers"),
        ({"weights": {"templates": "2"}}, "$weights is a map of numbers"),
        ({"weights": {"templates": -1}}, "$weights of templates is -1"),
        ({"weights": {"templates": float("nan")}}, "$weights of templates is nan"),
        ({"weights": {"templates": float("inf")}}, "$weights of templates is inf"),
        ({"weights": {"templatse": 1}}, "did you mean `templates`?"),
        ({"caps": {"templates": 1.5}}, "$caps of templates is 1.5"),
        ({"caps": {"nobody": 1}}, "$caps names a source that the lake has not"),
        ({"order": "hardest"}, "$order is not `hardest`"),
        ({"order": 3}, "$order is a text"),
        ({"reasoning_per_general": -3}, "$reasoning_per_general is 0"),
        ({"recipe": "other"}, "no parameter `recipe`"),
    ],
)
def test_a_value_that_a_parameter_cannot_have_is_refused(
    stored: Lake, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError) as told:
        choose(stored, load_mix("shortest_correct"), recipe=RECIPE, given=given)
    assert says in str(told.value)


def test_columns_of_other_types_come_in_those_of_the_kind(stored: Lake) -> None:
    other = "null as terms, completion_tokens::varchar as completion_tokens, 1 as reward"
    mix = mix_of("mine", OF_TRACES.replace("*", f"* replace ({other})"))
    with open_mix(stored, mix, recipe=RECIPE) as opened:
        batches = list(opened.batches)
    assert [dict(batch.schema) for batch in batches] == [dict(TRACES.columns)]
    assert batches[0].select("terms", "completion_tokens", "reward").rows() == [
        (None, 20, 1.0),
        (None, 25, 1.0),
    ]


@pytest.mark.parametrize("sql", ["drop table corpus", "create table mine as select 1"])
def test_what_is_not_one_select_is_refused_the_same_way_where_its_tables_are_listed(sql: str) -> None:
    with pytest.raises(QueryError, match=r"mine\.sql: Give exactly one SELECT"):
        reads(mix_of("mine", sql), recipe=RECIPE)


@pytest.mark.parametrize(
    "name", ["../views/traces", "/etc/passwd", "r1.sql", "R1", "", ".", "r1\0", "r1/../r1"]
)
def test_a_name_that_is_no_file_of_mixes_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="There is no mix"):
        load_mix(name)


def test_a_catalog_that_is_older_than_a_view_is_told_from_a_wrong_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.rebuild_catalog()
    with duckdb.connect(str(lake.catalog_path)) as catalog:
        catalog.execute("drop view matched_pairs")
    with pytest.raises(QueryError, match=r"without matched_pairs\. `r1data lake catalog` writes it anew"):
        choose(lake, load_mix("preference_pairs"), recipe=RECIPE)
