"""`r1data mix …`: stdout is data, an expected error is one line, and the exit status is 0, 1 or 2."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from r1data.lake import Lake
from r1data.train.mix import load_mix, mix_names

Run = Callable[..., int]


def test_list_and_show_tell_mixes_and_their_parameters(r1data: Run, capsys: pytest.CaptureFixture[str]):
    assert r1data("mix", "list", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["mix"] for row in rows] == mix_names()
    assert {row["mix"]: row["parameters"] for row in rows}["shortest_correct"] == "keep = 2"
    assert r1data("mix", "show", "strict") == 0
    shown = capsys.readouterr().out
    assert load_mix("strict").sql in shown and "max_repetition" in shown and "selected" in shown
    assert r1data("mix", "show", "r1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reads"] == ["corpus"]
    assert {row["parameter"]: row["default"] for row in told["parameters"]}["reasoning_per_general"] == "3"


def test_preview_counts_a_night(r1data: Run, night_lake: Lake, capsys: pytest.CaptureFixture[str]):
    assert r1data("mix", "preview", "r1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n_rows"] == 2
    assert told["sources"][0]["source"] == "templates" and told["licences"][0]["n_rows"] == 2
    assert r1data("mix", "preview", "r1", "--set", 'caps={"templates": 1}', "--set", "order=random") == 0
    printed = capsys.readouterr().out
    assert "r1: 1 traces (2 before the draw) of 1 prompts" in printed
    assert r1data("mix", "preview", "r1", "--diff", "unfiltered", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["given_by"] for row in rows} == {"only unfiltered", "both"}
    assert {row["selected_as"] for row in rows if row["given_by"] == "both"} == {"accepted"}


def test_a_preview_reads_no_text(
    r1data: Run, night_lake: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Texts are torn out of the files: what reads them fails, and what counts does not."""
    for table in ("corpus", "rollouts"):
        for file in Path(night_lake.table_root(table)).rglob("*.parquet"):
            overwrite_texts(file)
    for name in ("r1", "shortest_correct", "union", "unfiltered"):
        assert r1data("mix", "preview", name) == 0, capsys.readouterr().err
    assert r1data("sql", "select max(reasoning || answer) from corpus") == 1


def overwrite_texts(file: Path) -> None:
    """Damage the column chunks of a Parquet file that hold texts, and leave the others as they are."""
    import pyarrow.parquet as pq

    metadata, content = pq.read_metadata(file), bytearray(file.read_bytes())
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            if column.path_in_schema in ("completion", "reasoning", "answer"):
                first = column.dictionary_page_offset or column.data_page_offset
                content[first : first + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    file.write_bytes(content)


def test_bad_requests_say_what_to_do(r1data: Run, night_lake: Lake, capsys: pytest.CaptureFixture[str]):
    wrong = {
        ("unoin",): (2, "did you mean `union`?"),
        ("../views/traces",): (2, "There is no mix"),
        ("r1", "--set", "seed"): (2, "Write --set seed=value"),
        ("r1", "--set", "seed=1", "--set", "seed=2"): (2, "given twice"),
        ("r1", "--set", "sed=1"): (2, "did you mean `seed`?"),
        ("r1", "--set", "seed=one"): (2, "a whole number"),
        ("r1", "--set", 'weights={"templatse": 2}'): (2, "did you mean `templates`?"),
        ("r1", "--diff", "rl_prompts"): (2, "no row in common"),
        ("hard_only",): (1, "gives no rows of recipe r"),
    }
    for words, (status, says) in wrong.items():
        capsys.readouterr()
        assert r1data("mix", "preview", *words) == status, words
        told = capsys.readouterr()
        assert says in told.err and told.err.startswith("r1data: ") and told.err.count("\n") == 1, words
        assert not told.out


def test_a_mix_of_ones_own_is_a_file_beside_the_others(
    r1data: Run,
    night_lake: Lake,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    folder = Path(shutil.copytree("sql/mixes", tmp_path / "mixes"))
    (folder / "mine.sql").write_text("-- Which? Nothing.\nselect * from corpus where rewrad > 1\n")
    monkeypatch.setattr("r1data.train.mix.MIXES", folder)
    assert r1data("mix", "preview", "mine") == 1
    told = capsys.readouterr().err
    assert "sql/mixes/mine.sql" in told and '"reward"' in told and "LINE 2" in told
