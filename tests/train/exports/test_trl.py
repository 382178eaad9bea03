"""Exports hold what the mix gave, once, under its content address."""

from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest

from r1data.errors import ConfigError, SchemaError
from r1data.train.exports import trl

Rows = Callable[[int], pl.DataFrame]


def test_a_line_is_a_prompt_and_a_completion_with_its_thought_inline(mix_rows: Rows, tmp_path: Path):
    exported = trl.export(mix_rows(12), tmp_path)
    lines = [orjson.loads(line) for line in exported.rows.read_bytes().splitlines()]
    assert lines[11] == {
        "rollout_id": f"{11:032x}",
        "prompt": [{"role": "user", "content": "What is 1 + 1?"}],
        "completion": [{"role": "assistant", "content": "<think>\n1 + 1 = 2.\n</think>\n\n2"}],
    }


def test_the_card_counts_rows_tokens_licences_and_terms(mix_rows: Rows, tmp_path: Path):
    exported = trl.export(mix_rows(5), tmp_path, inputs={"corpus": 7})
    assert (exported.n_rows, exported.completion_tokens) == (5, 100)
    assert exported.licences == {"not stated": 3, "CC0-1.0": 2}
    assert exported.terms == {"Apache-2.0": 5}
    assert exported.inputs == {"corpus": 7}
    assert trl.read(exported.folder) == exported


def test_equal_rows_are_written_once_and_other_rows_go_elsewhere(mix_rows: Rows, tmp_path: Path):
    first = trl.export(mix_rows(5), tmp_path)
    written = first.rows.stat().st_mtime_ns
    again = trl.export(mix_rows(5), tmp_path, inputs={"corpus": 8})
    other = trl.export(mix_rows(5).reverse(), tmp_path)
    assert again == first
    assert first.rows.stat().st_mtime_ns == written
    assert other.digest != first.digest
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([first.digest, other.digest])


def test_an_empty_mix_exports_nothing_and_says_so(mix_rows: Rows, tmp_path: Path):
    with pytest.raises(ConfigError, match="nothing was exported"):
        trl.export(mix_rows(1).clear(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blank", [None, " \n"])
def test_a_trace_without_a_thought_is_refused_by_name(mix_rows: Rows, tmp_path: Path, blank: str | None):
    rows = mix_rows(3).with_columns(
        reasoning=pl.when(pl.col("rollout_id") == f"{1:032x}").then(pl.lit(blank)).otherwise("reasoning")
    )
    with pytest.raises(SchemaError, match=f"1 of 3 rows.*{1:032x}"):
        trl.export(rows, tmp_path)


def test_a_missing_column_is_named(mix_rows: Rows, tmp_path: Path):
    with pytest.raises(SchemaError, match="lacks terms"):
        trl.export(mix_rows(1).drop("terms"), tmp_path)


@pytest.mark.parametrize("blank", [None, " \n"])
def test_a_general_trace_without_a_thought_is_its_answer_alone(
    mix_rows: Rows, tmp_path: Path, blank: str | None
):
    rows = mix_rows(2).with_columns(
        reasoning=pl.when(pl.col("rollout_id") == f"{1:032x}").then(pl.lit(blank)).otherwise("reasoning"),
        answer=pl.lit(" Hello. "),
    )
    exported = trl.export(rows.with_columns(domain=pl.lit("general")), tmp_path)
    lines = [orjson.loads(line) for line in exported.rows.read_bytes().splitlines()]
    assert [line["completion"][0]["content"] for line in lines] == [
        "<think>\n0 + 0 = 0.\n</think>\n\nHello.",
        "Hello.",
    ]
    with pytest.raises(SchemaError, match=r"1 of 2 rows.*domain"):
        trl.export(rows.with_columns(domain=pl.lit("math")), tmp_path)
    with pytest.raises(SchemaError, match="2 of 2 rows of the mix have no answer"):
        trl.export(rows.with_columns(domain=pl.lit("general"), answer=pl.lit(" ")), tmp_path)
