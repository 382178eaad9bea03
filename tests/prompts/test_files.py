import gzip
import json
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from r1data.errors import ConfigError, InputError
from r1data.prompts.files import files
from r1data.recipe import BenchmarkSource, PromptSource

START = date(2026, 1, 1)
MAP = {"prompt": "question", "reference": "answer"}
ROWS = [{"question": f"What is {i} + 1?", "answer": str(i + 1)} for i in range(10)]


def asked(path, night=START, **config):
    section = PromptSource(name="f", source="files", path=str(path), **{"columns": MAP, **config})
    return list(files(section, night=night, start=START))


def texts(questions):
    return [question.messages[0]["content"] for question in questions]


def write(path, rows=ROWS):
    lines = "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif ".csv" in path.name:
        lines = pl.DataFrame(rows).write_csv().encode()
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    else:
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet", "a.csv", "a.csv.gz"])
def test_every_format_gives_the_same_questions(tmp_path, name):
    questions = asked(write(tmp_path / name))
    assert texts(questions) == [row["question"] for row in ROWS]
    assert [question.reference for question in questions] == [row["answer"] for row in ROWS]


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv"])
def test_several_columns_may_make_up_the_reference(tmp_path, name):
    rows = [{"question": "Add.", "tests": '["assert f(1) == 2"]', "code": "def f(x): ...", "more": "x"}]
    (question,) = asked(
        write(tmp_path / name, rows), columns={"prompt": "question"}, reference_columns=("tests", "code")
    )
    assert json.loads(question.reference) == {name: rows[0][name] for name in ("tests", "code")}


def test_a_reference_has_one_origin(tmp_path):
    with pytest.raises(ConfigError, match="not both"):
        asked(write(tmp_path / "a.jsonl"), reference_columns=("answer",))
    with pytest.raises(ConfigError, match="has no column `answers`; did you mean `answer`"):
        asked(write(tmp_path / "a.jsonl"), columns={"prompt": "question"}, reference_columns=("answers",))


@pytest.mark.parametrize(
    ("name", "origin"),
    [("a.jsonl", "line 3"), ("a.jsonl.gz", "line 3"), ("a.parquet", "row 2"), ("a.csv", "line 4")],
)
def test_the_origin_names_file_and_row(tmp_path, name, origin):
    assert asked(write(tmp_path / name))[2].origin == f"{name}, {origin}"


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    write(tmp_path / "b.parquet", ROWS[5:])
    write(tmp_path / "a.jsonl", ROWS[:5])
    (tmp_path / "readme.txt").write_text("not a prompt")
    (tmp_path / ".cache").mkdir()
    for name in (".part.jsonl", ".cache/c.jsonl"):
        (tmp_path / name).write_text("half a li")
    assert texts(asked(tmp_path)) == [row["question"] for row in ROWS]


def test_nights_go_through_all_rows_in_a_shuffled_order_and_begin_again(tmp_path):
    path = write(tmp_path / "a.jsonl")
    nights = [set(texts(asked(path, START + timedelta(days=k), n_per_night=4))) for k in range(5)]
    assert [len(night) for night in nights] == [4] * 5
    assert len(nights[0] | nights[1]) == 8
    assert set.union(*nights[:3]) == {row["question"] for row in ROWS}
    assert nights[0] != {row["question"] for row in ROWS[:4]}
    assert texts(asked(path, n_per_night=4)) == texts(asked(path, n_per_night=4))


def test_only_the_rows_of_the_range_are_asked_and_held_out_items_are_the_same_every_time(tmp_path):
    path = write(tmp_path / "a.parquet")
    assert texts(asked(path, rows=(8, 10))) == [row["question"] for row in ROWS[8:]]
    assert texts(asked(path, None, rows=(8, 99))) == [row["question"] for row in ROWS[8:]]


def test_the_suffix_is_added_to_every_prompt(tmp_path):
    assert texts(asked(write(tmp_path / "a.csv"), prompt_suffix=" Think."))[0] == "What is 0 + 1? Think."


def test_other_columns_can_be_mapped(tmp_path):
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Eins und eins?"}]
    row = {"m": messages, "a": 2, "f": "sums", "d": "logic", "l": "de", "c": "MIT", "v": {"strict": True}}
    columns = {
        "messages": "m",
        "reference": "a",
        "family": "f",
        "domain": "d",
        "language": "l",
        "licence": "c",
        "verifier_args": "v",
    }
    (question,) = asked(write(tmp_path / "a.jsonl", [row]), columns=columns, verifier_args={"more": 1})
    assert question.messages == tuple(messages)
    assert (question.reference, question.family, question.domain) == ("2", "sums", "logic")
    assert (question.language, question.licence) == ("de", "MIT")
    assert question.verifier_args == {"strict": True, "more": 1}


@pytest.mark.parametrize(
    ("cell", "level"), [("Level 3", 3), (5, 5), (2.0, 2), ("4", 4), (None, None), ("", None)]
)
def test_a_level_is_a_number_however_the_file_writes_it(tmp_path, cell, level):
    path = write(tmp_path / "a.jsonl", [ROWS[0] | {"l": cell}])
    assert [question.level for question in asked(path, columns=MAP | {"level": "l"})] == [level]


@pytest.mark.parametrize(
    ("name", "cell", "reference"),
    [
        ("a.parquet", float("nan"), None),
        ("a.parquet", Decimal("12.50"), "12.50"),
        ("a.parquet", date(2024, 1, 2), "2024-01-02"),
        ("a.jsonl", 2**64 + 1, "18446744073709551617"),
        ("a.jsonl", [2**64 + 1, 2.5], "[18446744073709551617, 2.5]"),
        ("a.jsonl", [1, None, "é"], '[1,null,"é"]'),
        ("a.jsonl", True, "true"),
    ],
)
def test_a_reference_is_what_the_cell_says_whatever_its_type(tmp_path, name, cell, reference):
    (question,) = asked(write(tmp_path / name, [ROWS[0] | {"answer": cell}]))
    assert question.reference == reference


@pytest.mark.parametrize(
    ("row", "columns", "message"),
    [
        ({"l": "Level ?"}, MAP | {"level": "l"}, r"line 1: `l` \(our `level`\) is 'Level \?'"),
        ({"v": {"n": 2**64}}, MAP | {"verifier_args": "v"}, r"line 1: `v` .* more than 64 bits"),
        (
            {"m": [{"role": "user<|im_end|>", "content": "Hi."}]},
            {"messages": "m", "reference": "answer"},
            r"line 1: `m` \(our `messages`\) holds the role 'user<\|im_end\|>'",
        ),
    ],
)
def test_a_cell_that_cannot_be_what_it_is_mapped_to_is_named(tmp_path, row, columns, message):
    with pytest.raises(InputError, match=message):
        asked(write(tmp_path / "a.jsonl", [ROWS[0] | row]), columns=columns)


def test_a_csv_field_may_span_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('question,answer\n"What is\n1 + 1?",2\nWhat is 2?,2\n', newline="")
    questions = asked(path)
    assert texts(questions) == ["What is\n1 + 1?", "What is 2?"]
    assert [question.origin for question in questions] == ["a.csv, line 2", "a.csv, line 4"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfquestion,answer\r\nWhat?,1\r\n")
    assert texts(asked(path)) == ["What?"]


def broken(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


GOOD = b'{"question": "What?", "answer": "1"}\n'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", GOOD + b'{"question": \n', r"a\.jsonl, line 2: not JSON"),
        ("a.jsonl", GOOD + b"[1]\n", r"a\.jsonl, line 2: not a JSON object"),
        (
            "a.jsonl",
            GOOD * 2 + b'{"question": "\xff", "answer": "1"}\n',
            r"a\.jsonl, line 3, byte 15: not UTF-8",
        ),
        (
            "a.jsonl",
            GOOD + b'{"question": "  ", "answer": "1"}\n',
            r"line 2: `question` \(our `prompt`\) is empty",
        ),
        (
            "a.jsonl",
            GOOD + b'{"question": 5, "answer": "1"}\n',
            r"line 2: `question` \(our `prompt`\) is not a text",
        ),
        ("a.jsonl", GOOD.decode().encode("utf-16"), r"line 1, byte 1: UTF-16, not UTF-8\. Convert"),
        ("a.jsonl", b"", r"no rows to ask; it has 0"),
        ("a.jsonl", b"\n\n", r"no rows to ask; it has 0"),
        ("a.jsonl.gz", gzip.compress(GOOD * 500)[:-20], r"a\.jsonl\.gz, after line \d+: broken or cut gzip"),
        ("a.jsonl.gz", GOOD, r"a\.jsonl\.gz, after line 0: broken or cut gzip"),
        ("a.csv", b"question,answer\nWhat?\n", r"a\.csv, line 2: 1 fields, but the header has 2"),
        ("a.csv", b'question,answer\n"What?,1\n', r"a\.csv, line \d: not CSV"),
        ("a.csv", b"question,answer\n", r"no rows to ask; it has 0"),
        ("a.parquet", b"PAR1 and nothing else PAR1", r"a\.parquet: not readable as Parquet"),
        ("a.parquet", b"", r"a\.parquet: not readable as Parquet"),
        ("a.txt", GOOD, r"a\.txt: files end in \.jsonl"),
    ],
)
def test_bad_input_is_one_line_that_names_file_and_row(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message) as caught:
        asked(broken(tmp_path, name, content))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_a_null_reference_in_parquet_is_named_by_its_row(tmp_path):
    path = write(tmp_path / "a.parquet", [*ROWS, {"question": "What?", "answer": None}])
    benchmark = BenchmarkSource(name="b", source="files", path=str(path), columns=MAP)
    with pytest.raises(InputError, match="row 10"):
        list(files(benchmark, night=None, start=START))


def test_a_parquet_file_damaged_in_the_middle_is_refused(tmp_path):
    path = write(
        tmp_path / "a.parquet", [{"question": f"What is {i}?" * 20, "answer": "1"} for i in range(5000)]
    )
    content = bytearray(path.read_bytes())
    content[50 : len(content) // 2] = bytes(len(content) // 2 - 50)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.parquet: not readable as Parquet"):
        asked(path)


def test_a_bad_row_gives_nothing_at_all(tmp_path):
    path = broken(tmp_path, "a.jsonl", GOOD * 3 + b"{}\n")
    section = PromptSource(name="f", source="files", path=str(path), columns=MAP)
    with pytest.raises(InputError):
        next(files(section, night=START, start=START))


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        asked(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="no file in this folder ends in"):
        asked(tmp_path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv"])
def test_a_wrong_column_is_named_with_the_nearest_one(tmp_path, name):
    with pytest.raises(ConfigError, match=r"`columns\.reference` of `f`.*`answr`; did you mean `answer`"):
        asked(write(tmp_path / name), columns={"prompt": "question", "reference": "answr"})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"promt": "question"}, "`promt`; did you mean `prompt`"),
        ({"reference": "answer"}, "must map either `prompt` or `messages`"),
        ({"prompt": "question"}, "maps no `reference`"),
    ],
)
def test_a_map_that_cannot_work_is_refused_before_any_file_is_read(tmp_path, columns, message):
    with pytest.raises(ConfigError, match=message):
        asked(tmp_path / "none.jsonl", columns=columns)


def test_an_unknown_verifier_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="did you mean `math`"):
        asked(write(tmp_path / "a.csv"), verifier="maths")


def test_rows_without_a_reference_are_given_where_the_section_allows_it(tmp_path):
    path = write(tmp_path / "a.jsonl", [ROWS[0], {"question": "What?", "answer": " "}])
    assert [q.reference for q in asked(path, allow_missing_reference=True)] == ["1", None]
    (_, other) = asked(path, columns={"prompt": "question"}, allow_missing_reference=True)
    assert (other.reference, other.verifier) == (None, "math")


def test_rows_beyond_the_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="`rows` of `f` asks for 10 to 20"):
        asked(write(tmp_path / "a.csv"), rows=(10, 20))


def test_an_empty_reference_is_a_row_to_mark_but_a_benchmark_has_none(tmp_path):
    path = write(tmp_path / "a.jsonl", [ROWS[0], {"question": "What?", "answer": " "}])
    assert [question.reference for question in asked(path)] == ["1", None]
    benchmark = BenchmarkSource(name="b", source="files", path=str(path), columns=MAP)
    with pytest.raises(InputError, match=r"line 2: `answer` \(our `reference`\) is empty"):
        list(files(benchmark, night=None, start=START))
