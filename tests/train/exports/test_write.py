"""Exports hold what the mix gave, once, whole or not at all, under their content address."""

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1data.errors import ConfigError, QueryError, StorageError
from r1data.train.exports import EXPORTS, Export, export, exports_in, read, write
from r1data.train.exports.base import ABANDONED_S
from tests.train.exports.conftest import ABOUT, OPEN, ROWS, prompts, traces

Written = Callable[..., Export]
TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=12),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 12)),
    form=st.sampled_from(["trl", "llamafactory", "parquet"]),
)
def test_equal_rows_have_equal_digests_in_batches_of_any_size_and_keep_every_character(
    said: list[tuple[str, str, str]], sizes: tuple[int, int], form: str
):
    rows = traces(len(said)).with_columns(
        messages=pl.Series([[{"role": "user", "content": asked}] for asked, _, _ in said]),
        reasoning=pl.Series([reasoning for _, reasoning, _ in said]),
        answer=pl.Series([answer for _, _, answer in said]),
    )
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "GROUP_ROWS", 4)
        made = [
            export(rows.iter_slices(size), Path(folder, str(size)), form=form, policy=OPEN, about=ABOUT)
            for size in sizes
        ]
        assert len({(one.digest, one.rows_digest) for one in made}) == 1
        if form == "parquet":
            assert pl.read_parquet(made[0].folder / "*.parquet").to_dicts() == rows.to_dicts()
        if form == "trl":
            lines = [orjson.loads(line) for line in made[0].rows.read_bytes().split(b"\n")[:-1]]
            assert [line["prompt"][0]["content"] for line in lines] == [asked for asked, _, _ in said]


def test_equal_rows_are_written_once_and_other_rows_go_elsewhere(written: Written):
    first = written("trl")
    stamp = first.rows.stat().st_mtime_ns
    again = written("trl")
    other = written("trl", rows=traces(3).reverse())
    assert again == first == read(first.folder)
    assert first.rows.stat().st_mtime_ns == stamp
    assert other.digest != first.digest
    assert {made.digest for made in exports_in(first.folder.parent)} == {first.digest, other.digest}
    assert sorted(path.name for path in first.folder.parent.iterdir()) == sorted([first.digest, other.digest])


def test_files_cannot_be_written_to_and_the_rows_digest_is_that_of_the_file(written: Written):
    made = written("trl")
    assert {path.stat().st_mode & 0o777 for path in made.folder.iterdir()} == {0o444}
    assert write.digest_of([made.rows]) == made.rows_digest


@pytest.mark.parametrize("form", EXPORTS)
def test_an_empty_mix_exports_nothing_and_says_so(written: Written, tmp_path: Path, form: str):
    rows = ROWS.get(form, traces)(0)
    with pytest.raises(QueryError, match="The mix gave no rows, so nothing was exported"):
        written(form, rows=rows)
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_mix_without_batches_is_an_empty_mix(tmp_path: Path):
    with pytest.raises(QueryError, match="no rows"):
        export(iter(()), tmp_path, form="parquet", policy=OPEN, about=ABOUT)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file/exports does not take an export .* --to"):
        export([traces(1)], tmp_path / "file" / "exports", form="trl", policy=OPEN, about=ABOUT)


def test_parquet_is_cut_into_shards_and_datasets_reads_them_in_order(
    written: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    import datasets

    monkeypatch.setattr(write, "SHARD_BYTES", 1)
    monkeypatch.setattr(write, "GROUP_ROWS", 2)
    made = written("verl", 5)
    assert [path.name for path in write.data_files(made.folder)] == [
        f"train-{n:05}.parquet" for n in range(3)
    ]
    rows = datasets.load_dataset(str(made.folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert [row["extra_info"]["index"] for row in rows] == list(range(5))


def test_a_row_group_ends_at_so_many_characters(written: Written, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(write, "GROUP_CHARS", 100)
    made = written("parquet", rows=traces(4, reasoning="x" * 60))
    groups = pq.ParquetFile(made.folder / "train-00000.parquet").num_row_groups
    assert groups == 4


@pytest.mark.parametrize("form", ["trl", "parquet"])
def test_a_mix_of_many_batches_is_never_held_at_once(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(write, "GROUP_ROWS", 4)
    alive: list[Any] = []
    most = 0

    class Batch(pl.DataFrame):
        """A frame that tells when it is gone."""

    def batches() -> Iterator[pl.DataFrame]:
        nonlocal most
        import weakref

        for _ in range(60):
            batch = Batch(traces(4, reasoning="long " * 20_000))
            alive.append(weakref.ref(batch))
            most = max(most, sum(one() is not None for one in alive))
            yield batch
            del batch

    tracemalloc.start()
    try:
        made = export(batches(), tmp_path, form=form, policy=OPEN, about=ABOUT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.n_rows == 240
    assert most <= 3
    assert peak < 8_000_000, "all rows are 24 MB of text"


KILLED = """
import sys
from pathlib import Path
from tests.train.exports.conftest import ABOUT, OPEN, traces
from r1data.train.exports import export

def batches():
    for number in range(1000):
        yield traces(2, reasoning="x" * 10_000)
        if number == 2:
            print("writing", flush=True)
            sys.stdin.read()

export(batches(), Path(sys.argv[1]), form="trl", policy=OPEN, about=ABOUT)
"""


def test_a_writer_that_is_killed_leaves_nothing_visible(tmp_path: Path, written: Written):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "exports")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[3],
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        child.send_signal(signal.SIGKILL)
    left = list((tmp_path / "exports").iterdir())
    assert [path.name[:12] for path in left] == [".unfinished-"], "it was in the midst of it"
    assert exports_in(tmp_path / "exports") == []
    assert exports_in(written("trl").folder.parent) == [written("trl")]


def test_a_folder_that_a_dead_writer_left_a_day_ago_is_removed_and_a_younger_one_is_not(
    tmp_path: Path, written: Written
):
    old, slow = (tmp_path / "exports" / f".unfinished-{name}" for name in ("old", "slow"))
    long_ago = time.time() - ABANDONED_S - 60
    for folder in (old, slow):
        folder.mkdir(parents=True)
        (folder / "train.jsonl").touch()
    os.utime(old / "train.jsonl", (long_ago, long_ago))
    for folder in (old, slow):
        os.utime(folder, (long_ago, long_ago))
    made = written("trl")
    assert {path.name for path in (tmp_path / "exports").iterdir()} == {slow.name, made.digest}


def test_an_export_with_an_older_card_is_still_read(tmp_path: Path):
    folder = tmp_path / "d1"
    folder.mkdir()
    card = {
        "form": "trl-prompt-completion-1",
        "digest": "d1",
        "n_rows": 5,
        "completion_tokens": 100,
        "licences": {"MIT": 5},
        "terms": {"MIT": 5},
        "inputs": {"corpus": 7},
    }
    (folder / "card.json").write_bytes(orjson.dumps(card))
    made = read(folder)
    assert (made.form, made.rows_digest, made.n_rows) == ("trl", "d1", 5)
    with pytest.raises(ConfigError, match="holds no export"):
        read(tmp_path)


def test_rows_that_come_twice_are_counted_twice_and_their_prompt_once(written: Written):
    made = written("grpo", rows=pl.concat([prompts(2), prompts(2)]))
    assert (made.n_rows, made.n_prompts) == (4, 2)


def test_of_writers_of_equal_rows_one_publishes_and_all_have_it(tmp_path: Path):
    folder, n = tmp_path / "exports", 6
    together = threading.Barrier(n)

    def write_it(_: int) -> Export:
        def batches() -> Iterator[pl.DataFrame]:
            yield traces(3)
            together.wait(timeout=60)

        return export(batches(), folder, form="trl", policy=OPEN, about=ABOUT)

    with ThreadPoolExecutor(n) as writers:
        made = list(writers.map(write_it, range(n)))
    (published,) = exports_in(folder)
    assert made == [published] * n
    assert [path.name for path in folder.iterdir()] == [published.digest]
    assert write.digest_of([published.rows]) == published.rows_digest
