"""`r1data decontaminate` on files of any kind."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from r1data.cli import main

ITEM = (
    "Tom has 3 boxes with 1,200 books in each box and 4 extra books. How many books does Tom have in total?"
)
ROWS = {
    "n": [1, 2, 3, 4],
    "text": [
        f"Häufig gefragt: {ITEM.replace('1,200', '$1200$')} Think.",
        ITEM.replace("3 boxes", "5 boxes"),
        "something else",
        ITEM,
    ],
}


def run(*words: object) -> int:
    try:
        main(["decontaminate", *map(str, words)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def write(path: Path) -> Path:
    frame = pl.DataFrame(ROWS)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(frame.write_ndjson().encode()))
    else:
        kinds = {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}
        kinds[path.suffix](path)
    return path


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"question": "Name the sea."}) + "\n" + json.dumps({"question": ITEM}) + "\n")
    return path


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv", "jsonl.gz"])
def test_clean_rows_are_written_whole_and_every_hit_tells_its_item_and_span(kind, items, tmp_path, capsys):
    file, out, evidence = write(tmp_path / f"a.{kind}"), tmp_path / "clean.parquet", tmp_path / "why.jsonl"
    assert run(file, "--against", items, "--out", out, "--evidence", evidence, "--json") == 0
    n = ["2", "3"] if kind == "csv" else [2, 3]
    assert pl.read_parquet(out).to_dict(as_series=False) == {"n": n, "text": ROWS["text"][1:3]}
    why = pl.read_ndjson(evidence)
    assert why.select("file", "row", "benchmark", "item_row", "method", "item").rows() == [
        (str(file), 0, str(items), 1, "ngram", ITEM),
        (str(file), 3, str(items), 1, "exact", ITEM),
    ]
    for row, offset, length, matched in why.select("row", "offset_chars", "length_chars", "matched").rows():
        assert ROWS["text"][row][offset : offset + length] == matched
    assert why["matched"][0].startswith("Tom has 3 boxes") and why["matched"][0].endswith("in total")
    told = json.loads(capsys.readouterr().out)
    assert [told[key] for key in ("texts", "items", "contaminated", "exact", "ngram")] == [4, 2, 2, 1, 1]


def test_several_files_may_follow_one_against_and_texts_of_any_length_are_compared(tmp_path, items, capsys):
    long = tmp_path / "long.jsonl"
    filler = "No river runs so quietly through the old town. " * 22_000  # a megabyte
    rows = [{"prompt": f"{filler}{ITEM} {filler}"}, {"prompt": None}, {"prompt": ""}, {"prompt": "x" * 2**20}]
    long.write_text("".join(json.dumps(row) + "\n" for row in rows))
    more = write(tmp_path / "more.parquet")
    assert run(long, "--against", items, more, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["texts"], told["items"], told["contaminated"]) == (2, 6, 1)
    assert run(long, f"--against={items}", more, "--json") == 0
    assert json.loads(capsys.readouterr().out)["items"] == 6


def test_a_file_on_both_sides_is_refused_and_both_names_are_told(tmp_path, capsys):
    file = write(tmp_path / "a.jsonl")
    other = tmp_path / "b.jsonl"
    other.symlink_to(file)
    assert run(file, "--against", other) == 2
    told = capsys.readouterr().err
    assert str(file) in told and str(other) in told and "Traceback" not in told


def bad(folder: Path) -> None:
    (folder / "empty.jsonl").write_text('{"text": " "}\n{"text": null}\n')
    (folder / "none.csv").write_text("text\n")
    (folder / "latin.jsonl").write_bytes('{"text": "a"}\n{"text": "café"}\n'.encode("latin-1"))
    (folder / "latin.csv").write_bytes("text\na\ncafé\n".encode("latin-1"))
    (folder / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    (folder / "numbers.jsonl").write_text('{"text": 1}\n')
    (folder / "a.txt").write_text("a")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["a.jsonl", "--against", "items.jsonl", "--text", "texts"], 2, "a.jsonl has no column `texts`"),
        (["a.jsonl", "--against", "empty.jsonl"], 1, "empty.jsonl holds no benchmark item"),
        (["a.jsonl", "--against", "none.csv"], 1, "none.csv holds no benchmark item"),
        (["empty.jsonl", "--against", "items.jsonl"], 1, "empty.jsonl: there is no text to compare"),
        (["latin.jsonl", "--against", "items.jsonl"], 1, "latin.jsonl cannot be read"),
        (["latin.csv", "--against", "items.jsonl"], 1, "latin.csv cannot be read"),
        (["a.jsonl", "--against", "latin.csv"], 1, "latin.csv cannot be read"),
        (["broken.parquet", "--against", "items.jsonl"], 1, "broken.parquet cannot be read"),
        (["numbers.jsonl", "--against", "items.jsonl"], 2, "numbers.jsonl holds Int64"),
        (["missing.jsonl", "--against", "items.jsonl"], 2, "missing.jsonl is no file"),
        (["a.txt", "--against", "items.jsonl"], 2, "a.txt is none of .parquet"),
        (["a.jsonl", "--against", "items.jsonl", "--out", "items.jsonl"], 2, "would be overwritten"),
        (["a.jsonl", "--against", "items.jsonl", "--out", "none/clean.jsonl"], 2, "none is no folder"),
        (["--against", "items.jsonl", "a.jsonl"], 2, "Missing argument"),
        (["a.jsonl", "./a.jsonl", "--against", "items.jsonl"], 2, "a.jsonl is named twice in FILES"),
        (
            ["a.jsonl", "--against", "items.jsonl", "items.jsonl"],
            2,
            "items.jsonl is named twice in --against",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(
    words, status, told, items, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    write(Path("a.jsonl"))
    bad(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(*words, *([] if "--out" in words else ["--out", "clean.parquet"])) == status
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_clean_rows_of_a_csv_are_written_as_they_were_read(items, tmp_path):
    row = {"text": "something else", "zip": "00123", "price": "1.50", "day": "2026-01-01", "sure": "True"}
    file, out = tmp_path / "a.csv", tmp_path / "clean.jsonl"
    file.write_text("\n".join([",".join(row), ",".join(row.values()), f'"{ITEM}",1,2,3,x', ""]))
    assert run(file, "--against", items, "--out", out) == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == [row]


@pytest.mark.parametrize("other", ["[1]", '{"a": 1}'])
def test_columns_that_do_not_go_together_are_refused_only_where_rows_are_written(
    other, items, tmp_path, capsys
):
    one, two, out = tmp_path / "one.jsonl", tmp_path / "two.jsonl", tmp_path / "clean.jsonl"
    one.write_text('{"text": "a", "x": 1}\n')
    two.write_text(f'{{"text": "b", "x": {other}}}\n')
    assert run(one, two, "--against", items, "--out", out) == 2
    error = capsys.readouterr().err
    assert "columns of different kinds" in error and "once per file" in error and not out.exists()
    assert run(one, two, "--against", items) == 0


def test_rows_that_a_file_cannot_hold_are_one_line_and_leave_nothing(items, tmp_path, capsys):
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "a", "x": {}}\n')
    assert run(file, "--against", items, "--out", tmp_path / "clean.parquet") == 1
    error = capsys.readouterr().err
    assert "clean.parquet cannot be written" in error and "Traceback" not in error
    assert {path.name for path in tmp_path.iterdir()} == {"a.jsonl", "items.jsonl"}


def test_a_name_that_looks_like_a_pattern_is_that_of_one_file(items, tmp_path, capsys):
    for name in ("data[1].jsonl", "data1.jsonl", "data*.jsonl"):
        (tmp_path / name).write_text('{"text": "a"}\n')
    assert run(tmp_path / "data[1].jsonl", tmp_path / "data*.jsonl", "--against", items, "--json") == 0
    assert json.loads(capsys.readouterr().out)["texts"] == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'\xef\xbb\xbf{"text": "a"}\n', "Remove the mark: sed -i '1s/^\\xEF\\xBB\\xBF//' "),
        (b'{"text": "a"}\n{"text": \n', "Mend it and repeat."),
        (b'{"text": "caf\xe9"}\n', "Convert it to UTF-8 and repeat."),
    ],
)
def test_the_advice_fits_what_is_wrong_with_a_file(content, told, items, tmp_path, capsys):
    file = tmp_path / "a.jsonl"
    file.write_bytes(content)
    assert run(file, "--against", items) == 1
    error = " ".join(capsys.readouterr().err.split())
    assert told in error and ("UTF-8" in error) == ("UTF-8" in told)
