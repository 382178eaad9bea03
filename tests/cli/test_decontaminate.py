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
    assert pl.read_parquet(out).to_dict(as_series=False) == {"n": [2, 3], "text": ROWS["text"][1:3]}
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
        (["--against", "items.jsonl", "a.jsonl"], 2, "Missing argument"),
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
