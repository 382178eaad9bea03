"""What happens to a local lake when disks and writers fail."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from r1data.errors import CorruptLake
from r1data.lake import Lake, delta, publish
from r1data.lake.query import fetch
from r1data.lake.verify import Damage, repair, verify
from r1data.schema import TABLES


def prompts(*ids: str) -> pl.DataFrame:
    """Prompt rows with the given ids."""
    messages = [{"role": "user", "content": "What is 1 + 1?"}]
    rows = [("2026-01-01", i, messages, "math", "add1", None, "en", "templates", "here", None) for i in ids]
    return pl.DataFrame(rows, schema=TABLES["prompts"].schema, orient="row")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A local lake with one prompt."""
    lake = Lake(tmp_path / "lake")
    lake.append("prompts", prompts("a"))
    return lake


def only_file(lake: Lake) -> Path:
    root = lake.table_root("prompts")
    (file,) = delta.files(delta.open_table(root))
    return Path(root) / file.path


def test_a_flipped_bit_is_found(lake: Lake):
    path = only_file(lake)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert list(verify(lake)) == [Damage("prompts", str(path), "changed")]


def test_a_missing_file_is_found(lake: Lake):
    path = only_file(lake)
    path.unlink()
    assert list(verify(lake)) == [Damage("prompts", str(path), "missing")]


def test_a_torn_log_entry_is_named_and_repaired(lake: Lake):
    lake.append("prompts", prompts("b"))
    newest = sorted(Path(lake.table_root("prompts"), "_delta_log").glob("*.json"))[-1]
    newest.write_text(newest.read_text()[:100])
    with pytest.raises(CorruptLake, match=f"{newest.name} is torn.*r1data lake repair"):
        lake.scan("prompts")
    assert [damage.problem for damage in verify(lake)] == ["torn"]
    assert repair(lake) == [newest.with_suffix(".torn")]
    assert lake.scan("prompts").collect()["prompt_id"].to_list() == ["a"]
    assert lake.append("prompts", prompts("b")).n_rows == 1


def test_a_writer_killed_at_any_time_leaves_the_old_or_the_new_version(tmp_path: Path):
    writer = textwrap.dedent("""
        import sys
        import polars as pl
        from r1data.lake import Lake
        from r1data.schema import TABLES
        lake = Lake(sys.argv[1])
        messages = [{"role": "user", "content": "x" * 100}]
        print("ready", flush=True)
        for i in range(1000):
            rest = (messages, "math", "f", None, "en", "s", "o", None)
            rows = [("2026-01-01", f"{i}-{j}", *rest) for j in range(50)]
            lake.append("prompts", pl.DataFrame(rows, schema=TABLES["prompts"].schema, orient="row"))
    """)
    lake = Lake(tmp_path / "lake")
    for delay_s in (0.05, 0.21, 0.4):
        process = subprocess.Popen([sys.executable, "-c", writer, lake.root], stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        groups = lake.scan("prompts").collect().group_by(pl.col("prompt_id").str.split("-").list[0]).len()
        assert set(groups["len"]) <= {50}, "a publish is visible whole or not at all"
        assert list(verify(lake)) == []
    assert lake.append("prompts", prompts("after")).n_rows == 1


def test_any_duckdb_client_reads_the_catalog(lake: Lake):
    with duckdb.connect(str(lake.catalog_path), read_only=True) as connection:
        assert connection.execute("select prompt_id, night from prompts").fetchall() == [("a", "2026-01-01")]
        comment = "select comment from duckdb_views() where view_name = 'prompts'"
        assert connection.execute(comment).fetchone() == (TABLES["prompts"].doc,)


def intake(*ids: str) -> pl.DataFrame:
    """Kept rows of table `intake`."""
    rows = [{**PARTITION, "prompt_id": name, "kept": True} for name in ids]
    return pl.DataFrame(rows, schema=TABLES["intake"].schema)


PARTITION = {"recipe": "night", "night": "2026-01-01"}


def seen(lake: Lake) -> tuple[set[str], set[str]]:
    """Ids of prompts and of intake, as the catalog has them."""
    with duckdb.connect(str(lake.catalog_path), read_only=True) as connection:
        both = (
            connection.execute(f"select prompt_id from {name}").fetchall() for name in ("prompts", "intake")
        )
        prompt_ids, intake_ids = ({row[0] for row in rows} for rows in both)
    return prompt_ids, intake_ids


def test_the_next_publish_of_any_table_shows_what_a_killed_writer_could_not(lake: Lake):
    lake.replace("intake", PARTITION, intake("a"))
    info = {"run": "", "inputs": {}}
    publish.append(lake.table_root("prompts"), TABLES["prompts"], prompts("b"), info)  # and no catalog
    assert seen(lake) == ({"a"}, {"a"})
    lake.replace("intake", PARTITION, intake("b"))
    assert seen(lake) == ({"a", "b"}, {"b"})


def test_a_publish_opens_no_file_of_another_table(lake: Lake):
    path = only_file(lake)
    content = path.read_bytes()
    path.unlink()
    lake.replace("intake", PARTITION, intake("a"))
    path.write_bytes(content)
    assert seen(lake) == ({"a"}, {"a"})


def test_a_catalog_that_is_damaged_or_of_other_views_is_written_anew(lake: Lake):
    lake.catalog_path.write_bytes(lake.catalog_path.read_bytes()[:5000])
    lake.append("prompts", prompts("b"))
    assert seen(lake) == ({"a", "b"}, set())
    with duckdb.connect(str(lake.catalog_path)) as connection:
        connection.execute("update internal.made_of set digest = 'older' where name = ''")
        connection.execute("create or replace view intake as select 'old' as prompt_id")
    lake.append("prompts", prompts("c"))
    assert seen(lake) == ({"a", "b", "c"}, set())


def test_a_question_to_a_catalog_of_another_version_writes_it_anew(lake: Lake):
    with duckdb.connect(str(lake.catalog_path)) as connection:
        connection.execute("update internal.made_of set digest = 'older' where name = ''")
        connection.execute("create or replace view traces as select 'old' as rollout_id")
    assert "loop_chars" in fetch(lake, "select * from traces").columns
    with duckdb.connect(str(lake.catalog_path)) as connection:
        connection.execute("drop table internal.made_of")  # as the first versions did not note anything
    assert fetch(lake, "select prompt_id from prompts")["prompt_id"].to_list() == ["a"]
    with duckdb.connect(str(lake.catalog_path), read_only=True) as connection:
        assert connection.execute("select count(*) from internal.made_of").fetchone() != (0,)
