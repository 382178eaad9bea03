"""`r1data dedup` on files of any kind."""

import json
from pathlib import Path

import polars as pl
import pytest

from r1data.cli import main

LONG = " ".join(f"word{i}" for i in range(100))
NEAR = LONG.replace("word50", "another") + " and a little more"
ROWS = {"n": [1, 2, 3, 4], "text": [LONG, NEAR, "something else", LONG]}


def run(*words: object) -> int:
    try:
        main(["dedup", *map(str, words)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def write(path: Path) -> Path:
    frame = pl.DataFrame(ROWS)
    kinds = {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}
    kinds[path.suffix](path)
    return path


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv"])
def test_kept_rows_are_written_whole_and_every_drop_has_its_evidence(kind: str, tmp_path: Path, capsys):
    file, out, evidence = write(tmp_path / f"a.{kind}"), tmp_path / "kept.parquet", tmp_path / "why.jsonl"
    assert run(file, "--text", "text", "--out", out, "--evidence", evidence, "--json") == 0
    n = ["1", "3"] if kind == "csv" else [1, 3]
    assert pl.read_parquet(out).to_dict(as_series=False) == {"n": n, "text": [LONG, "something else"]}
    why = pl.read_ndjson(evidence)
    assert why.select("row", "survivor_row", "text", "survivor_text").rows() == [
        (1, 0, NEAR, LONG),
        (3, 0, LONG, LONG),
    ]
    told = json.loads(capsys.readouterr().out)
    assert (told["documents"], told["kept"], told["exact_copies"], told["near_duplicates"]) == (4, 2, 1, 1)


def test_files_are_compared_with_one_another_and_the_longest_may_be_kept(tmp_path: Path):
    files = write(tmp_path / "a.jsonl"), write(tmp_path / "b.parquet")
    out = tmp_path / "kept.jsonl"
    assert run(*files, "--text", "text", "--keep", "longest", "--out", out) == 0
    assert pl.read_ndjson(out)["n"].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--text", "texts"], "no column texts"),
        (["--text", "text", "--keep", "best"], "first, shortest, longest"),
        (["--text", "text", "--out", "a.parquet"], "would be overwritten"),
        (["--text", "text", "--out", "kept.txt"], "neither .parquet nor .jsonl"),
        (["--text", "text", "--out", "none/kept.jsonl"], "none is no folder"),
        (["--text", "n"], "int64"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(words, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = write(Path("a.parquet"))
    before = file.read_bytes()
    assert run(file, *words) != 0
    assert told in capsys.readouterr().err
    assert file.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_a_missing_file_and_one_of_another_kind_are_named(tmp_path: Path, capsys):
    assert run(tmp_path / "none.parquet", "--text", "text") != 0
    assert "none.parquet is no file" in capsys.readouterr().err
    (tmp_path / "a.txt").write_text("x")
    assert run(tmp_path / "a.txt", "--text", "text") != 0
    assert ".parquet, .jsonl" in capsys.readouterr().err


def test_files_whose_columns_do_not_go_together_are_refused(tmp_path: Path, capsys):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_text('{"text": "a", "x": 1}\n')
    two.write_text('{"text": "b", "x": [1]}\n')
    assert run(one, two, "--text", "text") == 2
    assert "columns of different kinds" in capsys.readouterr().err
