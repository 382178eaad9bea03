"""The lake's promises, on a local folder and on S3."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow.parquet as pq
import pytest

from r1data.errors import ConcurrentWrite, QueryError, SchemaError
from r1data.lake import Lake, delta, publish, storage
from r1data.lake.query import fetch
from r1data.lake.verify import verify
from r1data.schema import TABLES

PARTITION = {"recipe": "night", "night": "2026-01-01"}
ANYWHERE = pytest.mark.parametrize("lake", ["local"], indirect=True)  # the same wherever a lake is


def prompts(*ids: str, night: str = "2026-01-01", source: str = "templates") -> pl.DataFrame:
    """Prompt rows with the given ids."""
    messages = [{"role": "user", "content": "What is 1 + 1?"}]
    return pl.DataFrame(
        [(night, i, messages, "math", "add1", None, "en", source, "here", None) for i in ids],
        schema=TABLES["prompts"].schema,
        orient="row",
    )


def intake(*ids: str, night: str = "2026-01-01") -> pl.DataFrame:
    """Intake rows with the given ids."""
    rows = [{"recipe": "night", "night": night, "prompt_id": name, "kept": True} for name in ids]
    return pl.DataFrame(rows, schema=TABLES["intake"].schema)


def storage_file(address: str) -> IO[bytes]:
    if storage.is_s3(address):
        return storage.filesystem().open(address, "rb")
    return Path(address).open("rb")


def stored(lake: Lake, table: str, night: str | None = None) -> list[str]:
    return sorted(lake.scan(table, night).collect()["prompt_id"])


def test_a_table_that_was_never_published_scans_as_typed_and_empty(lake: Lake):
    frame = lake.scan("rollouts").collect()
    assert frame.schema == TABLES["rollouts"].schema
    assert frame.height == 0
    assert lake.version("rollouts") is None


def test_appending_a_stored_key_again_changes_nothing(lake: Lake):
    first = lake.append("prompts", prompts("a", "b"))
    again = lake.append("prompts", prompts("b", "a", night="2026-01-02", source="files"))
    assert (first.n_rows, first.changed) == (2, True)
    assert (again.n_rows, again.changed, again.version) == (0, False, first.version)
    assert lake.scan("prompts").collect()["source"].unique().to_list() == ["templates"]


def test_appending_stores_only_new_keys_and_the_first_of_equal_ones(lake: Lake):
    lake.append("prompts", prompts("a"))
    both = pl.concat([prompts("a", "b", source="second"), prompts("b", source="third")])
    assert lake.append("prompts", both).n_rows == 1
    rows = dict(lake.scan("prompts").collect().select("prompt_id", "source").iter_rows())
    assert rows == {"a": "templates", "b": "second"}


def test_a_night_scans_alone(lake: Lake):
    lake.append("prompts", pl.concat([prompts("a"), prompts("b", night="2026-01-02")]))
    assert stored(lake, "prompts", "2026-01-02") == ["b"]


def test_replacing_with_equal_content_makes_no_version(lake: Lake):
    first = lake.replace("intake", PARTITION, intake("a", "b"))
    again = lake.replace("intake", PARTITION, intake("b", "a"))
    assert first.changed and not again.changed
    assert again.version == first.version


@ANYWHERE
def test_rows_that_are_too_many_to_sort_stay_in_the_order_in_which_they_come(lake: Lake):
    lake.replace("intake", PARTITION, intake("b", "a").lazy(), in_order=False)
    assert lake.scan("intake").collect()["prompt_id"].to_list() == ["b", "a"]
    assert not lake.replace("intake", PARTITION, intake("b", "a").lazy(), in_order=False).changed
    with pytest.raises(SchemaError, match="share their key"):
        lake.replace("intake", PARTITION, intake("b", "b").lazy(), in_order=False)
    lake.replace("intake", PARTITION, intake("b", "a"))
    assert lake.scan("intake").collect()["prompt_id"].to_list() == ["a", "b"]


@ANYWHERE
def test_long_texts_are_stored_in_small_row_groups_and_numbers_in_large_ones(lake: Lake):
    schema = TABLES["rollouts"].schema
    named = pl.DataFrame({"night": "2026-01-01", "rollout_id": [f"{n:05}" for n in range(3000)]})
    lacking = {name: pl.lit(None, dtype) for name, dtype in schema.items() if name not in named.columns}
    lake.append("rollouts", named.with_columns(**lacking))
    lake.append("prompts", prompts(*(str(n) for n in range(3000))))
    groups = {}
    for table in ("rollouts", "prompts"):
        (file,) = delta.files(delta.open_table(lake.table_root(table)))
        with storage_file(f"{lake.table_root(table)}/{file.path}") as opened:
            metadata = pq.ParquetFile(opened).metadata
            groups[table] = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    assert max(groups["rollouts"]) == 1024
    assert groups["prompts"] == [3000]


def test_replacing_one_partition_leaves_the_others(lake: Lake):
    lake.replace("intake", PARTITION, intake("a"))
    lake.replace("intake", PARTITION | {"night": "2026-01-02"}, intake("b", night="2026-01-02"))
    lake.replace("intake", PARTITION, intake("c"))
    assert stored(lake, "intake") == ["b", "c"]
    lake.replace("intake", PARTITION, intake())
    assert stored(lake, "intake") == ["b"]


def test_an_old_version_reads_as_it_was(lake: Lake):
    first = lake.replace("intake", PARTITION, intake("a"))
    lake.replace("intake", PARTITION, intake("b"))
    assert lake.scan("intake", version=first.version).collect()["prompt_id"].to_list() == ["a"]


def test_the_loser_of_a_race_for_a_partition_is_told_and_publishes_nothing(lake: Lake):
    other = Lake(lake.root)
    lake.begin("intake", PARTITION)
    other.replace("intake", PARTITION, intake("winner"))
    with pytest.raises(ConcurrentWrite, match="intake/night/2026-01-01"):
        lake.replace("intake", PARTITION, intake("loser"))
    assert stored(lake, "intake") == ["winner"]


def test_a_race_for_another_partition_is_no_race(lake: Lake):
    other = Lake(lake.root)
    lake.begin("intake", PARTITION)
    other.replace("intake", PARTITION | {"night": "2026-01-02"}, intake("b", night="2026-01-02"))
    lake.replace("intake", PARTITION, intake("a"))
    assert stored(lake, "intake") == ["a", "b"]


def test_two_appends_from_the_same_version_store_a_key_once(lake: Lake):
    lake.append("prompts", prompts("a"))
    table, root = TABLES["prompts"], lake.table_root("prompts")
    stale = delta.open_table(root)
    lake.append("prompts", prompts("b"))
    assert stale is not None
    with pytest.raises(ConcurrentWrite):
        delta.commit(stale, root, delta.files(stale), replace=None, partition_by=table.partition_by, info={})
    assert lake.append("prompts", prompts("b", "c")).n_rows == 1
    assert stored(lake, "prompts") == ["a", "b", "c"]


@ANYWHERE
def test_wrong_columns_are_refused_by_name_and_publish_nothing(lake: Lake):
    with pytest.raises(SchemaError, match="lack \\['family'\\]"):
        lake.append("prompts", prompts("a").drop("family"))
    with pytest.raises(SchemaError, match="mood"):
        lake.append("prompts", prompts("a").with_columns(mood=pl.lit("good")))
    with pytest.raises(SchemaError, match="domain"):
        lake.append("prompts", prompts("a").with_columns(domain=pl.lit(1)))
    with pytest.raises(SchemaError, match="cannot name a partition"):
        lake.append("prompts", prompts("a", night="../up"))
    assert lake.version("prompts") is None


@ANYWHERE
def test_ledgers_are_not_replaced_and_derived_tables_not_appended_to(lake: Lake):
    with pytest.raises(SchemaError, match="append to"):
        lake.replace("prompts", PARTITION, prompts("a"))
    with pytest.raises(SchemaError, match="replace partitions of"):
        lake.append("intake", intake("a"))
    with pytest.raises(SchemaError, match="no table"):
        lake.scan("prompt")


@ANYWHERE
def test_rows_of_another_partition_or_with_one_key_twice_are_refused(lake: Lake):
    with pytest.raises(SchemaError, match="belong to"):
        lake.replace("intake", PARTITION, intake("a", night="2026-01-02"))
    with pytest.raises(SchemaError, match="share their key"):
        lake.replace("intake", PARTITION, intake("a", "a"))
    assert lake.version("intake") is None


def test_history_says_who_published_from_what(lake: Lake):
    lake.append("prompts", prompts("a"), run="run-1", inputs={"benchmarks": 3})
    entry = lake.history("prompts").row(0, named=True)
    assert (entry["run"], entry["inputs"]) == ("run-1", '{"benchmarks": 3}')


def test_a_table_gains_columns_and_old_rows_have_them_as_null(lake: Lake):
    table = TABLES["prompts"]
    older = replace(table, columns=table.columns[:-2])
    root, info = lake.table_root("prompts"), {"run": "", "inputs": {}}
    publish.append(root, older, prompts("a").select(list(older.schema)), info)
    lake.rebuild_catalog()
    assert fetch(lake, "select origin from prompts")["origin"].to_list() == [None]
    assert lake.append("prompts", prompts("b")).n_rows == 1
    rows = lake.scan("prompts").sort("prompt_id").collect()
    assert rows["origin"].to_list() == [None, "here"]
    assert fetch(lake, "select origin from prompts order by prompt_id")["origin"].to_list() == [None, "here"]
    handle = delta.open_table(root)
    assert handle is not None and "origin" in {field.name for field in handle.schema().fields}


@ANYWHERE
def test_a_struct_gains_fields_and_old_rows_have_them_as_null(lake: Lake):
    table, span = TABLES["language"], {"offset": 3, "length": 1, "script": "Han", "text": "每"}
    older_span = pl.Struct(
        dict.fromkeys(("offset", "length"), pl.Int64) | dict.fromkeys(("script", "text"), pl.String)
    )
    columns = [
        replace(one, dtype=pl.List(older_span)) if one.name == "foreign_spans" else one
        for one in table.columns
    ]
    older = replace(table, columns=tuple(columns))
    row = {"night": "2026-01-01", "rollout_id": "a", "version": "1", "foreign_spans": [span]}
    frame = pl.DataFrame([dict.fromkeys(older.schema) | row], schema=older.schema, orient="row")
    publish.append(lake.table_root("language"), older, frame, {"run": "", "inputs": {}})
    lake.rebuild_catalog()
    wanted = [{"language": None, **span}]
    assert lake.scan("language").collect()["foreign_spans"].to_list()[0] == wanted
    assert fetch(lake, "select foreign_spans from language")["foreign_spans"].to_list()[0] == wanted


def test_a_ledger_spans_several_files(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(publish, "FILE_BYTES", 200)
    many = [f"p{i:04}" for i in range(500)]
    lake.append("prompts", prompts(*many))
    assert stored(lake, "prompts") == many


def test_sql_sees_every_publish_and_empty_tables(lake: Lake):
    lake.append("prompts", prompts("a"))
    assert fetch(lake, "select prompt_id, night from prompts").rows() == [("a", "2026-01-01")]
    lake.append("prompts", prompts("b"))
    assert fetch(lake, "select count(*) as n from prompts")["n"].item() == 2
    assert fetch(lake, "select * from rollouts").height == 0
    assert (
        fetch(lake, "select prompt_id from prompts where prompt_id = $id", {"id": "b", "unused": 1}).height
        == 1
    )


HARMFUL = [
    "select 1; select 2",
    "create table x (i int)",
    "drop view prompts",
    "copy prompts to '/tmp/r1data-leak.csv'",
    "with x as (insert into prompts select * from prompts returning *) select * from x",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from glob('/*')",
    "select * from 'pyproject.toml'",
    "attach '/tmp/r1data-leak.db'",
    "set lock_configuration = false",
    "install httpfs",
    "select * from frame",
    "select $missing",
    "select nigt from prompts",
    "selec",
    "",
]


def test_sql_refuses_what_is_not_one_harmless_select(lake: Lake):
    frame = prompts("b")  # `select * from frame` must not see a Python variable
    lake.append("prompts", frame)
    ran = []
    for statement in HARMFUL:
        with suppress(QueryError):
            fetch(lake, statement)
            ran.append(statement)
    assert ran == []
    assert stored(lake, "prompts") == ["b"]


def test_a_lake_without_catalog_says_how_to_get_one(lake: Lake):
    with pytest.raises(QueryError, match="r1data run"):
        fetch(lake, "select 1")


def test_an_undamaged_lake_verifies(lake: Lake):
    lake.append("prompts", prompts("a", "b"))
    lake.replace("intake", PARTITION, intake("a"))
    assert list(verify(lake)) == []


def test_a_question_is_answered_between_a_commit_and_the_catalog_that_follows_it(lake: Lake, tmp_path):
    key, schema = {"recipe": "r", "night": "2026-01-01"}, TABLES["thresholds"].schema
    given = [key | {"name": name, "value": 1.0} for name in ("a", "b")]
    rows = pl.DataFrame([{name: row[name] for name in schema} for row in given], schema=schema)
    lake.replace("thresholds", key, rows.head(1))
    before = Path(shutil.copy(lake.catalog_path, tmp_path / "before"))
    lake.replace("thresholds", key, rows)
    before.replace(lake.catalog_path)
    assert fetch(lake, "select count(*) from thresholds").item() == 1
